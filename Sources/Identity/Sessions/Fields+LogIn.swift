import HTTPServer
import JSON

/// What a log-in may send, step by step.
enum LogInStep {
    case password(LogIn.ByPassword)
    case factor(LogIn.ByFactor)
    case passkey(LogIn.ByPasskey)
}

extension Fields {
    /// An email address and a password, or a pending log-in and one factor, or a passkey alone.
    mutating func logInStep(userAgent: String?) -> LogInStep? {
        if has("pending") { return factorStep() }
        if has("passkey") { return passkeyStep(userAgent).map { .passkey($0) } }
        return passwordStep(userAgent).map { .password($0) }
    }

    private mutating func passkeyStep(_ userAgent: String?) -> LogIn.ByPasskey? {
        let answer = take("passkey").flatMap(PasskeyAnswer.init)
        if answer == nil {
            fail("passkey", code: FieldCode.malformed, "must be what a browser answers for a passkey")
        }
        let device = has("device") ? name("device") : DeviceName.of(userAgent)
        return answer.map { LogIn.ByPasskey(answer: $0, device: device) }
    }

    private mutating func passwordStep(_ userAgent: String?) -> LogIn.ByPassword? {
        let identity = LoginIdentity(string("email", 1...254))
        let password = typedPassword("password")
        let device = has("device") ? name("device") : DeviceName.of(userAgent)
        return hasMistakes ? nil : LogIn.ByPassword(identity: identity, password: password, device: device)
    }

    private mutating func factorStep() -> LogInStep? {
        let pending = oneTimeToken("pending", .pendingLogin)
        var answers: [SecondFactors.Answer] = []
        if let code = string(optional: "totp", 1...50) { answers.append(.totp(code)) }
        if let code = string(optional: "recovery_code", 1...100) { answers.append(.recoveryCode(code)) }
        if let passkey = take("passkey") { answers.append(.passkey(passkey)) }
        if !hasMistakes, answers.count != 1 {
            fail(
                "pending", code: FieldCode.malformed,
                "goes with exactly one of totp, recovery_code and passkey")
        }
        guard !hasMistakes, let answer = answers.first, let pending else { return nil }
        return .factor(LogIn.ByFactor(pending: pending, answer: answer))
    }

    /// A password to be tried: of any kind, as it may be older than our rules.
    mutating func typedPassword(_ field: String) -> String { string(field, 1...256) }

    /// A password to be set, by the rules that hold for everybody.
    mutating func newPassword(_ field: String = "password") -> String {
        let password = string(field, 1...1_024)
        if !password.isEmpty, let mistake = PasswordRules.mistake(password) {
            fail(field, code: "unfit_password", mistake)
        }
        return password
    }

    /// Nil for what looks like a token and is none of that purpose; a mistake for what does not even look so.
    mutating func oneTimeToken(
        _ field: String, _ purpose: AccessTokenSecret.Purpose
    ) -> AccessTokenSecret? {
        let text = string(field, 8...200)
        if !text.utf8.allSatisfy({ Base62.isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") })
        {
            fail(field, code: FieldCode.malformed, "must be a token")
        }
        return AccessTokenSecret(purpose, parsing: text.utf8)
    }
}

/// What a session is called by whoever does not name it.
enum DeviceName {
    /// In the order in which they are looked for: most browsers name others, too.
    private static let browsers = [
        ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"),
        ("curl", "curl"),
    ]
    private static let systems = [
        ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
        ("Mac OS", "macOS"), ("Linux", "Linux"),
    ]

    static func of(_ userAgent: String?) -> String {
        guard let userAgent else { return "unknown" }
        let browser = browsers.first { userAgent.contains($0.0) }?.1
        let system = systems.first { userAgent.contains($0.0) }?.1
        switch (browser, system) {
        case (let browser?, let system?): return "\(browser) on \(system)"
        case (let name?, nil), (nil, let name?): return name
        case (nil, nil): return "unknown"
        }
    }
}
