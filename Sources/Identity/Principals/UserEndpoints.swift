package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

package struct UserEndpoints {
    private let ledger: Ledger
    /// `https://keybell.desk.example`, without a slash: invitations lead there.
    private let publicOrigin: String

    package init(ledger: Ledger, publicOrigin: String) {
        self.ledger = ledger
        self.publicOrigin = publicOrigin
    }

    package var operations: [Operation] {
        let (read, write) = (Requirement.permission(.usersRead), Requirement.permission(.usersWrite))
        return [
            Endpoint(.get, "/v1/users", id: "listUsers", requires: read, handle: list),
            Endpoint(
                .post, "/v1/users", id: "createUser", requires: write,
                errors: [.alreadyExists, .alreadyDone], repeats: .refusal, stepUp: .recently, handle: create),
            Endpoint(
                .get, "/v1/users/{user_id}", id: "getUser", requires: read, errors: [.notFound], handle: get),
            Endpoint(
                .patch, "/v1/users/{user_id}", id: "updateUser", requires: write,
                errors: [.notFound, .alreadyExists], stepUp: .recently, handle: update),
            Endpoint(
                .post, "/v1/users/{user_id}/invite", id: "inviteUser", requires: write,
                errors: [.notFound, .conflict, .alreadyDone], bodyLimit: 0, repeats: .refusal,
                stepUp: .recently, handle: invite),
            Endpoint(
                .post, "/v1/users/{user_id}/disable", id: "disableUser", requires: write,
                errors: [.notFound, .lastOwner, .preconditionFailed], handle: disable),
            Endpoint(
                .post, "/v1/users/{user_id}/enable", id: "enableUser", requires: write,
                errors: [.notFound, .preconditionFailed], stepUp: .recently, handle: enable),
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let (query, status) = (
            parameters.text("q", 1...100), parameters.choice("status", PrincipalStatus.self)
        )
        let role = parameters.choice("role", BuiltInRole.self)
        let page = PageRequest(&parameters, default: PrincipalSort.newest)
        try parameters.finish()
        let list = PrincipalList(status: status, query: query, role: role, page: page)
        return try await list.response(.user, in: ledger.database)
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        let id = try userID(request)
        guard let user = try await PrincipalStore.find(id, in: ledger.database) else {
            throw Problem.notFound("user")
        }
        return user.response()
    }

    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let (name, email) = (fields.name(), fields.email())
        let role = fields.choice(optional: "role", BuiltInRole.self)
        try fields.finish()
        let user = Principal(
            id: PrincipalID(ledger.newID(UserKind.self)), name: name, email: email, status: .invited,
            createdAt: context.now, updatedAt: context.now, revision: 1, hasJoined: false, roles: [])
        if let role { try GrantRules.check(granting: role, to: user.id, ownedBy: nil, by: context) }
        return try await ledger.change(context) { change in
            let stored = try await change.add(user, role: role, grant: ledger.newID())
            return try await invitation(of: stored, change)
        }.header(.location, "/v1/users/\(user.id)")
    }

    /// Another invitation for who has not come yet: the first lapsed, was lost, or went to a wrong place. It
    /// leads to whatever its user was granted, so it asks for what granting that asks for.
    private nonisolated(nonsending) func invite(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try userID(request)
        return try await ledger.change(context) { change in
            let user = try await PrincipalStore.locked(id, in: change.transaction)
            try await change.checkGiving(allOf: id)
            guard user.status == .invited else {
                throw Problem(.conflict, "The user is \(user.status.rawValue), not invited.")
            }
            try await Invitation.void(of: UserID(id.uuid), at: context.now, in: change.transaction)
            change.audit("users.invite", id, detail: ["again": true])
            change.emit(
                NewEvent(.userInvited, subject: id, data: user.eventData([("role", JSONValue(user.role))])))
            return try await invitation(of: user, change)
        }
    }

    private nonisolated(nonsending) func invitation(of user: Principal, _ change: Change) async throws
        -> Response
    {
        let (context, secret) = (change.context, AccessTokenSecret(.invitation, ledger.entropy))
        let expiresAt = try await Invitation.insert(
            secret, id: UUID(at: context.now, entropy: ledger.entropy), for: UserID(user.id.uuid),
            by: context.actor, at: context.now, in: change.transaction)
        return answer(user, secret, expiresAt).etag(user.revision)
    }

    /// The one answer that shows the invitation.
    private func answer(_ user: Principal, _ secret: AccessTokenSecret, _ expiresAt: Timestamp) -> Response {
        Response.object(.created) { w in
            user.writeFields(to: &w)
            w.object("invitation") { w in
                w.field("token", secret.text)
                // Behind `#`, so that no proxy or log on the way sees it.
                w.field("url", "\(publicOrigin)/invitations#\(secret.text)")
                w.field("expires_at", expiresAt.description)
                w.field("shown_once", true)
            }
        }
    }

    private nonisolated(nonsending) func update(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try userID(request)
        var fields = try await request.fields(limit: 64 * 1_024)
        let name = fields.has("name") ? fields.name() : nil
        let email = fields.has("email") ? fields.email() : nil
        fields.requireSomething(name != nil || email != nil)
        try fields.finish()
        let stored = try await ledger.change(context) { change in
            // Whoever has the address comes in by it.
            if email != nil {
                try await change.checkGiving(allOf: id)
                try await change.note(.email, of: id)
            }
            return try await change.edit(id, request) { user in
                user.name = name ?? user.name
                user.email = email ?? user.email
            }
        }
        return stored.response(to: context)
    }

    private nonisolated(nonsending) func disable(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let (id, reason) = (try userID(request), try await request.reason())
        return try await ledger.change(context) { change in
            try await change.disable(id, request, reason: reason)
        }.response(to: context)
    }

    private nonisolated(nonsending) func enable(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let (id, reason) = (try userID(request), try await request.reason())
        return try await ledger.change(context) { change in
            try await change.enable(id, request, reason: reason)
        }.response(to: context)
    }

    private func userID(_ request: Request) throws -> PrincipalID {
        try request.refuseParameters()
        return try request.id("user_id", "user") { text in UserID(text).map { PrincipalID($0) } }
    }
}

extension Principal {
    /// The record with its ETag.
    func response(_ status: HTTPStatus = .ok) -> Response {
        Response.json(status) { w in w.value(self) }.etag(revision)
    }

    /// After a change: whoever may change it, and not read it, is told that it is done.
    func response(to context: Context) -> Response {
        let isSeen = context.may(id.kind == .user ? .usersRead : .serviceAccountsRead)
        return isSeen ? response() : Response(.noContent).etag(revision)
    }
}

extension Fields {
    /// A change has to change something.
    mutating func requireSomething(_ isThere: Bool) {
        if !isThere && !hasMistakes { fail(code: FieldCode.tooFew, "must name at least one field") }
    }
}
