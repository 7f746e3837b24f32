import Access
import Events
import HTTPServer
import JSON
import Kernel

/// Logging in and out.
struct SessionEndpoints {
    let ledger: Ledger
    let door: FrontDoor
    let logIn: LogIn

    var operations: [Operation] {
        [
            Endpoint(
                .post, "/v1/sessions", id: "logIn", requires: .none,
                errors: [.unauthenticated, .loginUnavailable], repeats: .nothing, handle: open),
            Endpoint(
                .get, "/v1/sessions", id: "listSessions", requires: .self,
                errors: [.forbidden, .notFound], handle: list),
            Endpoint(
                .delete, "/v1/sessions", id: "endSessions", requires: .self,
                errors: [.forbidden, .notFound], handle: endAll),
            Endpoint(
                .delete, "/v1/sessions/current", id: "logOut", requires: .self, errors: [.notFound],
                handle: logOut),
            Endpoint(
                .delete, "/v1/sessions/{session_id}", id: "endSession", requires: .self,
                errors: [.forbidden, .notFound], handle: end),
        ]
    }

    private nonisolated(nonsending) func open(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let step = fields.logInStep(userAgent: request.head.headers.list(.userAgent))
        try fields.finish()
        try door.check(request)
        guard let step else { throw Problem.noPendingLogin }
        return answer(try await take(step, KnownDevice(request.head.headers), context), context)
    }

    private nonisolated(nonsending) func take(
        _ step: LogInStep, _ browser: KnownDevice?, _ context: Context
    ) async throws -> LogIn.Outcome {
        switch step {
        case .password(var step):
            step.browser = browser
            return try await logIn.begin(step, context)
        case .factor(var step):
            step.browser = browser
            return try await logIn.finish(step, context)
        case .passkey(var step):
            step.browser = browser
            return try await logIn.enter(step, context)
        }
    }

    private func answer(_ outcome: LogIn.Outcome, _ context: Context) -> Response {
        switch outcome {
        case .signedIn(let issued): return issued.response(to: context.actor)
        case .factorRequired(let secret, let expiresAt, let offers):
            return LogIn.response(secret, expiresAt: expiresAt, offers)
        }
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let wanted = parameters.id("user_id", UserKind.self)
        let page = PageRequest(&parameters, default: SessionSort.newest)
        try parameters.finish()
        let user = try await user(wanted, context, for: [.auditRead, .usersWrite], to: "lists no sessions")
        return try await SessionList(user: user, page: page).response(to: context, in: ledger.database)
    }

    private nonisolated(nonsending) func endAll(_ request: Request, _ context: Context) async throws
        -> Response
    {
        var parameters = try request.parameters()
        let wanted = parameters.id("user_id", UserKind.self)
        try parameters.finish()
        let user = try await user(wanted, context, for: [.usersWrite], to: "ends no sessions")
        try await ledger.change(context) { change in
            let principal = try await PrincipalStore.locked(PrincipalID(user), in: change.transaction)
            try Self.checkEnding(of: principal, by: context)
            try await change.endSessions(of: user, reason: Self.reason(user, context))
        }
        return left(isCurrent: user == context.actor.user && context.actor.session != nil)
    }

    private nonisolated(nonsending) func end(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        let id = try request.id("session_id", "session") { SessionID($0) }
        guard let session = try await SessionStore.find(id, in: ledger.database),
            session.user == context.actor.user || context.may(.usersWrite)
        else { throw Problem.notFound("session") }
        _ = try await user(session.user, context, for: [.usersWrite], to: "ends no sessions")
        try await ledger.change(context) { change in
            let principal = try await PrincipalStore.locked(
                PrincipalID(session.user), in: change.transaction)
            try Self.checkEnding(of: principal, by: context)
            try await change.endSession(id, reason: Self.reason(session.user, context))
        }
        return left(isCurrent: id == context.actor.session)
    }

    private nonisolated(nonsending) func logOut(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        guard let id = context.actor.session else { throw Problem.notFound("session") }
        try await ledger.change(context) { try await $0.endSession(id, reason: "logged_out") }
        return left(isCurrent: true)
    }

    private func left(isCurrent: Bool) -> Response {
        let response = Response(.noContent)
        return isCurrent ? SessionCookies.clear(in: response) : response
    }

    /// Oneself unless somebody else is asked for, which needs one of these permissions.
    private nonisolated(nonsending) func user(
        _ wanted: UserID?, _ context: Context, for permissions: [Permission], to what: String
    ) async throws -> UserID {
        let permission = permissions.first { context.may($0) }
        if let wanted, wanted != context.actor.user {
            guard let needed = permission ?? permissions.last else { throw Problem.notFound("session") }
            try context.require(needed)
            return wanted
        }
        guard let own = context.actor.user else { throw Problem.notFound("session") }
        if permission == nil {
            try await WholePerson.checkScopes(context, to: what, in: ledger.database)
        }
        return own
    }

    /// Of an owner others end none, unless they may change owners.
    private static func checkEnding(of user: Principal, by context: Context) throws(Problem) {
        if user.id != context.actor.principal { try GrantRules.checkTouching(user, by: context) }
    }

    private static func reason(_ user: UserID, _ context: Context) -> String {
        user == context.actor.user ? "ended" : "ended_by_admin"
    }
}

extension LogIn {
    /// What goes on with a second factor.
    static func response(
        _ secret: AccessTokenSecret, expiresAt: Timestamp, _ offers: [SecondFactors.Offer]
    ) -> Response {
        Response.object { w in
            w.field("status", "factor_required")
            w.field("pending", secret.text)
            w.field("expires_at", expiresAt.description)
            w.array("factors", offers) { w, offer in
                w.object { w in
                    w.field("kind", offer.kind)
                    if let options = offer.options { w.field("options", options) }
                }
            }
        }.header(.cacheControl, "no-store")
    }
}

extension Actor {
    /// Nil for a service account, too.
    var user: UserID? {
        principal.flatMap { $0.kind == .user ? UserID($0.uuid) : nil }
    }
}
