import Access
import Crypto
import Events
import HTTPServer
import JSON
import Kernel

/// Setting a password: one's own, or by a link that an admin made.
struct PasswordEndpoints {
    let ledger: Ledger
    let logIn: LogIn
    let publicOrigin: String

    private var hasher: PasswordHasher { logIn.hasher }

    var operations: [Operation] {
        [
            Endpoint(
                .put, "/v1/password", id: "changePassword", requires: .self, errors: [.forbidden],
                stepUp: .forFirstPassword, handle: change),
            Endpoint(
                .post, "/v1/users/{user_id}/password-reset", id: "createPasswordReset",
                requires: .permission(.usersWrite), errors: [.notFound, .conflict, .alreadyDone],
                bodyLimit: 0, repeats: .refusal, stepUp: .recently, handle: makeReset),
            Endpoint(
                .post, "/v1/password/reset", id: "resetPassword", requires: .none,
                errors: [.unauthenticated], repeats: .nothing, handle: reset),
        ]
    }

    // MARK: One's own

    private nonisolated(nonsending) func change(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let (old, new) = (fields.string(optional: "old_password", 1...256), fields.newPassword())
        try fields.finish()
        let user = try await allowed(context)
        try user.check(new)
        guard let id = context.actor.user else { throw Problem.unauthenticated }
        let held = try await PasswordStore.find(of: id, in: ledger.database)
        // There is no old one to show: the person shows otherwise that they are there.
        if held == nil, old == nil { try context.needStepUp() }
        let attempt = try await prove(old, held, user, context)
        let place = try await logIn.place(for: attempt)
        let fresh = try await hasher.hash(new, place)
        try await ledger.change(context) { change in
            _ = try await PrincipalStore.locked(user.id, in: change.transaction)
            guard try await PasswordStore.locked(of: id, in: change.transaction) == held else {
                throw Problem.wrongField("old_password", "is not the password any more")
            }
            if let attempt { try await LoginGuard.succeed(attempt, in: change.transaction) }
            try await change.set(
                fresh, of: id, via: "change", keeping: context.actor.session,
                KnownDevice(request.head.headers))
        }
        return Response(.noContent)
    }

    /// A person who acts with all their rights: a narrowed access token must not widen itself by a password.
    private nonisolated(nonsending) func allowed(_ context: Context) async throws -> Principal {
        guard let id = context.actor.principal, id.kind == .user else {
            throw Problem(.forbidden, "Service accounts have no password.")
        }
        try await WholePerson.check(context, to: "sets no password", in: ledger.database)
        guard let user = try await PrincipalStore.find(id, in: ledger.database) else {
            throw Problem.unauthenticated
        }
        return user
    }

    /// The old password, counted as a log-in is, but apart: whoever took over a session locks out nobody
    /// else. Nil: there is none yet.
    private nonisolated(nonsending) func prove(
        _ old: String?, _ held: PasswordHash?, _ user: Principal, _ context: Context
    ) async throws -> LoginGuard.Attempt? {
        guard let held else {
            if old == nil { return nil }
            throw Problem.wrongField("old_password", "is not there: no password was set yet")
        }
        guard let old else {
            throw Problem.wrongField("old_password", code: FieldCode.missing, "is required")
        }
        let attempt = try await logIn.admit(
            .shown(.password, UserID(user.id.uuid), by: context.actor), context.actor.user, context)
        let place = try await logIn.place(for: attempt)
        if try await hasher.matches(old, held, place) { return attempt }
        _ = try await logIn.refuse(.wrongPassword, context.actor.user, attempt, context)
        throw Problem.wrongField("old_password", "is wrong")
    }

    // MARK: By a link

    /// It leads to whatever its user was granted, so it asks for what granting that asks for.
    private nonisolated(nonsending) func makeReset(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let id = try request.id("user_id", "user") { UserID($0) }
        return try await ledger.change(context) { change in
            let user = try await PrincipalStore.locked(PrincipalID(id), in: change.transaction)
            try GrantRules.checkTouching(user, by: context)
            try await change.checkGiving(allOf: user.id)
            guard user.status == .active else {
                throw Problem(.conflict, "The user is \(user.status.rawValue), not active.")
            }
            try await change.note(.password, of: user.id)
            let secret = AccessTokenSecret(.passwordReset, ledger.entropy)
            let expiresAt = try await PasswordReset.insert(
                secret, id: UUID(at: context.now, entropy: ledger.entropy), for: id, context,
                in: change.transaction)
            change.audit("password.reset_issue", id)
            change.emit(
                NewEvent(
                    .passwordResetIssued, subject: id,
                    data: JSONObject(members: [
                        ("user_id", JSONValue(id)), ("expires_at", JSONValue(expiresAt)),
                    ])))
            return link(id, secret, expiresAt)
        }
    }

    private func link(_ user: UserID, _ secret: AccessTokenSecret, _ expiresAt: Timestamp) -> Response {
        Response.object(.created) { w in
            w.field("user_id", user.description)
            w.field("token", secret.text)
            // Behind `#`, so that no proxy or log on the way sees it.
            w.field("url", "\(publicOrigin)/password#\(secret.text)")
            w.field("expires_at", expiresAt.description)
            w.field("shown_once", true)
        }
    }

    private nonisolated(nonsending) func reset(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let (secret, password) = (fields.oneTimeToken("token", .passwordReset), fields.newPassword())
        try fields.finish()
        do {
            return try await reset(secret, password, context)
        } catch let problem as Problem where problem.code == .unauthenticated {
            try await logIn.refusals.record(oneTime: secret, "/v1/password/reset", context, in: ledger)
            throw problem
        }
    }

    private nonisolated(nonsending) func reset(
        _ secret: AccessTokenSecret?, _ password: String, _ context: Context
    ) async throws -> Response {
        guard let secret else { throw Problem.noPasswordReset }
        let id = try await PasswordReset.user(of: secret, at: context.now, in: ledger.database)
        guard let user = try await PrincipalStore.find(PrincipalID(id), in: ledger.database) else {
            throw Problem.noPasswordReset
        }
        try user.check(password)
        let place = try hasher.place()
        let hash = try await hasher.hash(password, place)
        // Known from then on: the link leads in even while strangers guess.
        let browser = try await ledger.change(context.acting(as: id)) { change in
            let user = try await PrincipalStore.locked(user.id, in: change.transaction)
            guard user.status == .active else { throw Problem.noPasswordReset }
            try await PasswordReset.use(secret, at: context.now, in: change.transaction)
            try await change.set(hash, of: id, via: "reset")
            return try await KnownDevice.remember(
                of: id, insteadOf: nil, ledger.entropy, at: context.now, in: change.transaction)
        }
        return Response(.noContent).header(.setCookie, browser.cookie)
    }
}

extension Change {
    /// Sets it, ends all sessions and forgets all browsers, but those that it is done in.
    nonisolated(nonsending) func set(
        _ hash: PasswordHash, of user: UserID, via: String, keeping kept: SessionID? = nil,
        _ browser: KnownDevice? = nil
    ) async throws {
        try await PasswordStore.set(hash, of: user, at: context.now, in: transaction)
        try await PasswordReset.void(of: user, at: context.now, in: transaction)
        try await StepUpProof.voidPasswords(of: user, at: context.now, in: transaction)
        try await endSessions(of: user, but: kept, reason: "password_changed")
        try await KnownDevice.forget(of: user, but: browser, in: transaction)
        audit("password.change", user, detail: ["via": .string(via)])
        emit(
            NewEvent(.passwordChanged, subject: user, ["user_id": JSONValue(user), "via": .string(via)]))
    }
}

extension Principal {
    /// Throws unless the password is fit for this user.
    func check(_ password: String) throws(Problem) {
        guard let mistake = PasswordRules.mistake(password, of: self) else { return }
        throw Problem(
            .validationFailed, "The password does not fit.",
            errors: [FieldError(pointer: "/password", code: "unfit_password", message: mistake)])
    }
}
