package import Access
package import Events
import HTTPClient
import HTTPServer
import JSON
package import Kernel

/// Log-in by the provider: there by a redirect with state, nonce and code challenge, and back with a code.
package struct OpenIDEndpoints {
    let ledger: Ledger
    private let refusals: Refusals
    /// Nil: none is set up.
    private let provider: ProviderClient?
    private let door: FrontDoor
    private let log: Log
    private let admit: OpenIDArrival.Admission

    package init(
        ledger: Ledger, refusals: Refusals, provider: ProviderClient?, signIn: SignIn, log: Log
    ) {
        let admission = OpenIDAdmission(ledger: ledger, factors: signIn.factors)
        self.init(
            ledger: ledger, refusals: refusals, provider: provider, door: signIn.door, log: log,
            admit: admission.admit)
    }

    init(
        ledger: Ledger, refusals: Refusals, provider: ProviderClient?, door: FrontDoor, log: Log,
        admit: @escaping OpenIDArrival.Admission
    ) {
        (self.ledger, self.refusals, self.provider) = (ledger, refusals, provider)
        (self.door, self.log, self.admit) = (door, log, admit)
    }

    package var operations: [Operation] {
        let database: [ProblemCode] = [.databaseUnavailable, .overloaded, .timeout]
        let every = [.loginUnavailable, .providerUnavailable] + database
        return [
            Endpoint(
                .get, "/v1/oidc/login", id: "beginOpenIDLogin", requires: .none, errors: every, bodyLimit: 0,
                repeats: .nothing, acts: true, handle: begin),
            Endpoint(
                .get, "/v1/oidc/callback", id: "finishOpenIDLogin", requires: .none,
                errors: [.unauthenticated] + every, bodyLimit: 0, repeats: .nothing, acts: true,
                handle: finish),
        ] + signedInOperations
    }

    func configured() throws(Problem) -> ProviderClient {
        guard let provider else {
            throw Problem(.loginUnavailable, "No OpenID provider is set up: KEYBELL_OIDC_ISSUER is not set.")
        }
        return provider
    }
}

// MARK: There

extension OpenIDEndpoints {
    private nonisolated(nonsending) func begin(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let visit = try await visit(for: .logIn, request, context)
        return Self.redirect(to: visit.address).header(.setCookie, visit.cookie)
    }

    /// Where the browser goes, and what it keeps meanwhile.
    struct Visit {
        let address: String
        let cookie: String
    }

    nonisolated(nonsending) func visit(
        for errand: OpenIDErrand, _ request: Request, _ context: Context
    ) async throws -> Visit {
        let provider = try configured()
        try door.checkWay(of: request)
        let metadata: ProviderMetadata
        do throws(ProviderFailure) {
            metadata = try await provider.describe()
        } catch {
            throw unavailable(error, request)
        }
        let attempt = OpenIDAttempt(ledger.entropy)
        try await OpenIDAttemptStore.add(
            attempt, for: errand, from: context.actor.address, at: context.now, in: ledger.database)
        return Visit(
            address: metadata.address(of: attempt, for: errand, provider.settings),
            cookie: OpenIDCookie.text(attempt.cookie, for: OpenIDAttempt.lifetime))
    }

    static func redirect(to address: String) -> Response {
        Response(.seeOther).header(.location, address).header(.cacheControl, "no-store")
            .header(.referrerPolicy, "no-referrer")
    }
}

extension ProviderMetadata {
    /// Where the browser goes (OpenID Connect Core, 3.1.2.1; RFC 7636, 4.3).
    func address(
        of attempt: OpenIDAttempt, for errand: OpenIDErrand, _ settings: OpenIDSettings
    ) -> String {
        var fields = [
            ("response_type", "code"), ("client_id", settings.clientID), ("redirect_uri", settings.redirect),
            ("scope", settings.scopes.joined(separator: " ")), ("state", attempt.state),
            ("nonce", attempt.nonce), ("code_challenge", attempt.challenge),
            ("code_challenge_method", "S256"),
        ]
        if let age = errand.maxAge(settings) { fields.append(("max_age", "\(age.microseconds / 1_000_000)")) }
        if errand != .logIn { fields.append(("prompt", "login")) }
        let query = FormEncoding.text(fields)
        let place = authorizationEndpoint.text
        return place + (place.contains("?") ? "&" : "?") + query
    }
}

// MARK: And back

extension OpenIDEndpoints {
    private nonisolated(nonsending) func finish(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let answer = try OpenIDAnswer(request)
        let provider = try configured()
        try door.checkWay(of: request)
        let (attempt, begun) = try await attempt(answer, request, context)
        do {
            let code = try await code(answer, of: provider)
            let token = try await token(for: code, attempt, context, provider)
            return try await receive(token, begun, provider.settings, request, context)
        } catch {
            throw try await problem(of: error, request, context)
        }
    }

    private nonisolated(nonsending) func receive(
        _ token: IDToken, _ begun: OpenIDAttemptStore.Begun, _ settings: OpenIDSettings, _ request: Request,
        _ context: Context
    ) async throws -> Response {
        func reunion(_ session: SessionID) -> OpenIDReunion {
            OpenIDReunion(settings: settings, ledger: ledger, session: session, begunAt: begun.at)
        }
        switch begun.errand {
        case .logIn:
            let arrival = OpenIDArrival(
                settings: settings, ledger: ledger, refusals: refusals, admit: admit)
            return try await arrival.receive(token, request, context)
        case .link(let session): return try await reunion(session).link(token, context)
        case .stepUp(let session): return try await reunion(session).stepUp(token, context)
        }
    }

    /// Ends with this, whatever comes of it.
    private nonisolated(nonsending) func attempt(
        _ answer: OpenIDAnswer, _ request: Request, _ context: Context
    ) async throws -> (OpenIDAttempt, OpenIDAttemptStore.Begun) {
        guard let cookie = OpenIDCookie.read(request.head.headers),
            let attempt = OpenIDAttempt(cookie: cookie, state: answer.state),
            let begun = try await OpenIDAttemptStore.take(attempt, at: context.now, in: ledger.database)
        else {
            throw Problem.unauthenticated(
                "This log-in was not begun in this browser, or is over: begin again at /v1/oidc/login."
            )
        }
        return (attempt, begun)
    }

    private nonisolated(nonsending) func code(
        _ answer: OpenIDAnswer, of provider: ProviderClient
    ) async throws -> String {
        // RFC 9207: an answer of another provider must not reach this one's token endpoint.
        if let issuer = answer.issuer {
            guard issuer == provider.settings.issuer else { throw AnswerRefusal.otherIssuer }
        } else if try await provider.describe().namesItself {
            throw AnswerRefusal.otherIssuer
        }
        if let error = answer.error { throw AnswerRefusal.said(ProviderClient.word(error) ?? "an error") }
        guard let code = answer.code else { throw AnswerRefusal.noCode }
        return code
    }

    private nonisolated(nonsending) func token(
        for code: String, _ attempt: OpenIDAttempt, _ context: Context, _ provider: ProviderClient
    ) async throws -> IDToken {
        let settings = provider.settings
        let tokens = try await provider.tokens(for: code, verifier: attempt.verifier)
        let token = try SignedToken(tokens.idToken, allowing: settings.algorithms)
        try await provider.verify(token)
        let rules = IDTokenRules(
            issuer: settings.issuer, clientID: settings.clientID, nonce: attempt.nonce,
            accessToken: tokens.accessToken, groupsClaim: settings.groupsClaim, now: context.now)
        var told = try rules.read(token)
        if told.groups == nil, !settings.mappings.isEmpty {
            let more = try await provider.userInfo(of: told.subject, by: tokens.accessToken)
            told.groups = more?[settings.groupsClaim].map(IDTokenRules.texts)
        }
        return told
    }
}

// MARK: Refusals

extension OpenIDEndpoints {
    private static let notCounted =
        "What the provider sent does not count; the log says why, under this request's id."
    private static let nobody =
        """
        Nobody here goes by this account of the provider. Whoever has a user here links the account while \
        signed in; others ask for an invitation.
        """
    private static let notThem =
        "The account of the provider is not the one of whoever is signed in here, or cannot become it."

    private nonisolated(nonsending) func problem(
        of error: any Error, _ request: Request, _ context: Context
    ) async throws -> any Error {
        switch error {
        case ProviderFailure.refused(let word):
            return try await refuse("code: \(word)", Self.notCounted, request, context)
        case let failure as ProviderFailure: return unavailable(failure, request)
        case let refusal as TokenRefusal:
            return try await refuse("id_token: \(refusal.rawValue)", Self.notCounted, request, context)
        case let refusal as AnswerRefusal:
            return try await refuse("answer: \(refusal)", refusal.sentence, request, context)
        case OpenIDRefusal.disabled(let user):
            return try await refuse(
                "disabled", Self.nobody, request, context, .principalDisabled, of: user)
        case OpenIDRefusal.linkedElsewhere, OpenIDRefusal.otherPerson, OpenIDRefusal.sessionOver:
            return try await refuse("\(error)", Self.notThem, request, context)
        case let refusal as OpenIDRefusal:
            return try await refuse("\(refusal)", Self.nobody, request, context, .unknownUser)
        default: return error
        }
    }

    /// Reported as any log-in that fails; the log says more.
    private nonisolated(nonsending) func refuse(
        _ why: String, _ sentence: String, _ request: Request, _ context: Context,
        _ reason: Refusal.Reason = .openID, of user: UserID? = nil
    ) async throws -> Problem {
        log.warning("OpenID log-in refused", ["request_id": .text(request.id), "reason": .text(why)])
        let refused = RefusedRequest(method: "GET", route: "/v1/oidc/callback", requestID: request.id)
        try await refusals.record(
            Refusal(loginOf: user, reason, from: context.actor.address), refused, at: context.now, in: ledger)
        return .unauthenticated(sentence)
    }

    private func unavailable(_ failure: ProviderFailure, _ request: Request) -> Problem {
        log.warning(
            "OpenID provider unavailable", ["request_id": .text(request.id), "reason": .text("\(failure)")])
        return Problem(
            .providerUnavailable, "The OpenID provider \(failure.sentence). Log-in by password goes on.",
            headers: [(.retryAfter, "10")])
    }
}

extension ProviderFailure {
    /// Says nothing of what lies behind: the address guard's refusals read like silence.
    fileprivate var sentence: String {
        switch self {
        case .unreachable: "could not be reached"
        case .status(let code): "answered \(code)"
        case .unusable, .refused: "gave an answer that is of no use"
        case .secret: "cannot be asked, since this service cannot read its client secret"
        }
    }
}
