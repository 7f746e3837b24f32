package import Access
import Crypto
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// How the first owner comes to be, and how invited users join: calls without an access token that answer
/// with one.
package struct WelcomeEndpoints {
    private let ledger: Ledger
    private let refusals: Refusals
    private let hasher: PasswordHasher

    package init(ledger: Ledger, refusals: Refusals, hasher: PasswordHasher) {
        self.ledger = ledger
        self.refusals = refusals
        self.hasher = hasher
    }

    package var operations: [Operation] {
        [
            Endpoint(
                .post, "/v1/bootstrap", id: "bootstrap", requires: .none,
                errors: [.unauthenticated, .bootstrapDone], repeats: .nothing, handle: bootstrap),
            Endpoint(
                .post, "/v1/invitations/accept", id: "acceptInvitation", requires: .none,
                errors: [.unauthenticated, .alreadyDone], repeats: .refusal, handle: accept),
        ]
    }

    private nonisolated(nonsending) func bootstrap(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let secret = AccessTokenSecret.read(.bootstrap, request.head.headers)
        // First of all: whoever has no valid token learns nothing from the body's mistakes.
        do {
            try await BootstrapToken.check(secret, at: context.now, in: ledger.database)
        } catch let problem as Problem where problem.code == .unauthenticated {
            if request.head.headers.contains(.authorization) {
                try await refusals.record(oneTime: secret, "/v1/bootstrap", context, in: ledger)
            }
            throw problem
        }
        var fields = try await request.fields(limit: 64 * 1_024)
        let (name, email) = (fields.name(), fields.email())
        try fields.finish()
        let id: UserID = ledger.newID()
        return try await makeFirstOwner(id, name, email, secret, context.acting(as: id))
    }

    private nonisolated(nonsending) func makeFirstOwner(
        _ id: UserID, _ name: String, _ email: String, _ secret: AccessTokenSecret?, _ context: Context
    ) async throws -> Response {
        try await ledger.change(context) { change in
            try await BootstrapToken.spend(secret, at: context.now, in: change.transaction)
            let owner = Principal(
                id: PrincipalID(id), name: name, email: email, status: .active, createdAt: context.now,
                updatedAt: context.now, revision: 1, hasJoined: true, roles: [.owner])
            try await PrincipalStore.insert(owner, in: change.transaction)
            change.audit("bootstrap", owner.id, detail: ["name": .string(name)])
            try await change.add(
                Grant(
                    id: ledger.newID(), grantee: .principal(owner.id), role: BuiltInRole.owner.rawValue,
                    createdAt: context.now,
                    createdBy: nil))
            return try await welcome(owner.id, via: "bootstrap", change)
        }
    }

    private nonisolated(nonsending) func accept(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let secret = fields.oneTimeToken("token", .invitation)
        let name = fields.has("name") ? fields.name() : nil
        let password = fields.has("password") ? fields.newPassword() : nil
        try fields.finish()
        do {
            guard let secret, let invitation = try await Invitation.find(secret, in: ledger.database)
            else { throw Problem.noInvitation }
            let hash = try await hash(password, invitation, name, context)
            return try await join(invitation, name, hash, secret, context)
        } catch let problem as Problem where problem.code == .unauthenticated {
            try await refusals.record(oneTime: secret, "/v1/invitations/accept", context, in: ledger)
            throw problem
        }
    }

    /// Nothing is hashed for whoever has no invitation that leads anywhere.
    private nonisolated(nonsending) func hash(
        _ password: String?, _ invitation: Invitation, _ name: String?, _ context: Context
    ) async throws -> PasswordHash? {
        let id = PrincipalID(invitation.principal)
        guard let password, !invitation.isUsed, context.now < invitation.expiresAt,
            var user = try await PrincipalStore.find(id, in: ledger.database)
        else { return nil }
        user.name = name ?? user.name
        try user.check(password)
        return try await hasher.hash(password, hasher.place())
    }

    private nonisolated(nonsending) func join(
        _ invitation: Invitation, _ name: String?, _ hash: PasswordHash?, _ secret: AccessTokenSecret,
        _ context: Context
    ) async throws -> Response {
        let id = invitation.principal
        return try await ledger.change(context.acting(as: id)) { change in
            try await Invitation.accept(secret, context, context.idempotency, in: change.transaction)
            var user = try await PrincipalStore.locked(PrincipalID(id), in: change.transaction)
            let mayCome = user.status == .invited || invitation.recovers && user.status == .active
            guard mayCome else { throw Problem.noInvitation }
            user.name = name ?? user.name
            (user.status, user.hasJoined) = (.active, true)
            _ = try await PrincipalStore.update(user, at: context.now, in: change.transaction)
            change.audit("users.join", user.id)
            if let hash { try await change.set(hash, of: id, via: "invitation") }
            return try await welcome(user.id, via: "invitation", change)
        }
    }

    /// The user as they are now, and their first access token.
    private nonisolated(nonsending) func welcome(
        _ id: PrincipalID, via: String, _ change: Change
    ) async throws -> Response {
        guard let user = try await PrincipalStore.find(id, in: change.transaction) else {
            throw Problem.notFound("user")
        }
        change.emit(NewEvent(.userJoined, subject: id, data: user.eventData([("via", .string(via))])))
        let first = NewAccessToken(principal: id, name: "first access token", isByJoining: true)
        let issued = try await change.issue(first, id: ledger.newID(), by: id, ledger.entropy)
        return Response.object(.created) { w in
            w.field("user", user)
            w.key("access_token")
            issued.write(to: &w, for: change.context)
        }
    }
}

extension Context {
    /// For calls that prove who acts on their way. Their one-time token is what makes a repeat safe.
    func acting(as user: UserID) -> Context {
        var context = self
        context.actor.principal = PrincipalID(user)
        context.idempotency = nil
        return context
    }
}
