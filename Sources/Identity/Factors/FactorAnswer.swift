import Crypto
import JSON

/// What a person shows.
package enum FactorAnswer: Sendable {
    case totp(String)
    case recoveryCode(String)
    case passkey(PasskeyAnswer)

    /// Nobody guesses a signature: passkeys are not counted.
    var isGuessable: Bool { if case .passkey = self { false } else { true } }
}

/// What a browser gives of a passkey's signature (WebAuthn level 2, 5.2; as JSON: level 3, 5.1.9).
package struct PasskeyAnswer: Equatable, Sendable {
    let credential: [UInt8]
    let clientData: [UInt8]
    let authenticatorData: [UInt8]
    let signature: [UInt8]
    /// The user that the passkey was made for.
    let user: [UInt8]?

    init?(_ json: JSONValue) {
        guard let response = json["response"], let credential = json.bytes("rawId") ?? json.bytes("id"),
            let clientData = response.bytes("clientDataJSON"),
            let authenticatorData = response.bytes("authenticatorData"),
            let signature = response.bytes("signature")
        else { return nil }
        (self.credential, self.clientData) = (credential, clientData)
        (self.authenticatorData, self.signature) = (authenticatorData, signature)
        user = response.bytes("userHandle")
    }
}

/// What a browser gives of a passkey that was made just now.
struct PasskeyOffer {
    let clientData: [UInt8]
    let attestation: [UInt8]

    init?(_ json: JSONValue) {
        guard let response = json["response"], let clientData = response.bytes("clientDataJSON"),
            let attestation = response.bytes("attestationObject")
        else { return nil }
        (self.clientData, self.attestation) = (clientData, attestation)
    }
}

extension JSONValue {
    /// Base64url, as browsers write bytes; nil when it is none, or nothing.
    fileprivate func bytes(_ name: String) -> [UInt8]? {
        guard let text = self[name]?.asString, let bytes = Base64.decode(text, alphabet: .url) else {
            return nil
        }
        return bytes.isEmpty ? nil : bytes
    }
}

extension Fields {
    /// One of `totp`, `recovery_code` and `passkey`; nil where none is there.
    mutating func factorAnswer() -> FactorAnswer? {
        let totp = string(optional: "totp", 1...64).map(FactorAnswer.totp)
        let code = string(optional: "recovery_code", 1...64).map(FactorAnswer.recoveryCode)
        let passkey = passkeyAnswer()
        let answers = [totp, code, passkey].compactMap { $0 }
        if answers.count > 1 {
            fail(code: FieldCode.tooMany, "must hold one of totp, recovery_code and passkey")
        }
        return answers.first
    }

    private mutating func passkeyAnswer() -> FactorAnswer? {
        guard let json = take("passkey"), json != .null else { return nil }
        guard let answer = PasskeyAnswer(json) else {
            fail("passkey", code: FieldCode.malformed, "must be what a browser answers for a passkey")
            return nil
        }
        return .passkey(answer)
    }
}
