package import Access
package import Events
import HTTPClient
import HTTPServer
import JSON
package import Kernel

/// Log-in by the provider: there by a redirect with state, nonce and code challenge, and back with a code.
package struct OpenIDEndpoints {
    private let ledger: Ledger
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
        ]
    }

    private func configured() throws(Problem) -> ProviderClient {
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
            attempt, from: context.actor.address, at: context.now, in: ledger.database)
        return Self.redirect(to: metadata.address(of: attempt, provider.settings))
            .header(.setCookie, OpenIDCookie.text(attempt.cookie, for: OpenIDAttempt.lifetime))
    }

    static func redirect(to address: String) -> Response {
        Response(.seeOther).header(.location, address).header(.cacheControl, "no-store")
            .header(.referrerPolicy, "no-referrer")
    }
}

extension ProviderMetadata {
    /// Where the browser goes (OpenID Connect Core, 3.1.2.1; RFC 7636, 4.3).
    func address(of attempt: OpenIDAttempt, _ settings: OpenIDSettings) -> String {
        let query = FormEncoding.text([
            ("response_type", "code"), ("client_id", settings.clientID), ("redirect_uri", settings.redirect),
            ("scope", settings.scopes.joined(separator: " ")), ("state", attempt.state),
            ("nonce", attempt.nonce), ("code_challenge", attempt.challenge),
            ("code_challenge_method", "S256"),
        ])
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
        let attempt = try await attempt(answer, request, context)
        do {
            let code = try await code(answer, of: provider)
            let token = try await token(for: code, attempt, context, provider)
            let arrival = OpenIDArrival(settings: provider.settings, ledger: ledger, admit: admit)
            return try await arrival.receive(token, request, context)
        } catch {
            throw try await problem(of: error, request, context)
        }
    }

    /// Ends with this, whatever comes of it.
    private nonisolated(nonsending) func attempt(
        _ answer: OpenIDAnswer, _ request: Request, _ context: Context
    ) async throws -> OpenIDAttempt {
        guard let cookie = OpenIDCookie.read(request.head.headers),
            let attempt = OpenIDAttempt(cookie: cookie, state: answer.state),
            try await OpenIDAttemptStore.take(attempt, at: context.now, in: ledger.database)
        else {
            throw Problem.unauthenticated(
                "This log-in was not begun in this browser, or is over: begin again at /v1/oidc/login."
            )
        }
        return attempt
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
        return try rules.read(token)
    }
}

// MARK: Refusals

extension OpenIDEndpoints {
    private static let notCounted =
        "What the provider sent does not count; the log says why, under this request's id."
    private static let nobody =
        "Nobody here goes by this account of the provider. Ask for an invitation to its verified address."

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
