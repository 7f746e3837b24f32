package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

package struct ServiceAccountEndpoints {
    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        let read = Requirement.permission(.serviceAccountsRead)
        let write = Requirement.permission(.serviceAccountsWrite)
        let one = "/v1/service-accounts/{service_account_id}"
        return [
            Endpoint(.get, "/v1/service-accounts", id: "listServiceAccounts", requires: read, handle: list),
            Endpoint(
                .post, "/v1/service-accounts", id: "createServiceAccount", requires: write,
                errors: [.alreadyExists], stepUp: .whenItGives, handle: create),
            Endpoint(.get, one, id: "getServiceAccount", requires: read, errors: [.notFound], handle: get),
            Endpoint(
                .patch, one, id: "updateServiceAccount", requires: write,
                errors: [.notFound, .alreadyExists],
                stepUp: .whenItGives, handle: update),
            Endpoint(
                .post, one + "/disable", id: "disableServiceAccount", requires: write,
                errors: [.notFound, .preconditionFailed], handle: disable),
            Endpoint(
                .post, one + "/enable", id: "enableServiceAccount", requires: write,
                errors: [.notFound, .preconditionFailed], stepUp: .recently, handle: enable),
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let query = parameters.text("q", 1...100)
        let owner = parameters.parsed("owner_id", expected: "the id of a user or service account") {
            PrincipalID($0)
        }
        let status = parameters.choice("status", ServiceAccountStatus.self)
        let unusedSince = parameters.time("unused_since")
        let isOrphaned = parameters.bool("orphaned", default: false)
        let page = PageRequest(&parameters, default: PrincipalSort.newest)
        try parameters.finish()
        let list = PrincipalList(
            status: status.flatMap { PrincipalStatus(rawValue: $0.rawValue) }, query: query,
            owner: owner?.uuid, unusedSince: unusedSince, isOrphaned: isOrphaned, page: page)
        return try await list.response(.serviceAccount, in: ledger.database)
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        let id = try accountID(request)
        guard let account = try await PrincipalStore.find(id, in: ledger.database) else {
            throw Problem.notFound("service account")
        }
        return account.response()
    }

    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let (name, purpose) = (fields.name(), fields.prose("purpose"))
        let named = fields.owner(optional: true)
        let role = fields.choice(optional: "role", BuiltInRole.self)
        let end = fields.end(after: context.now) ?? .at(context.now + ServiceAccountEnd.lifetime)
        if named == nil, context.actor.principal?.kind != .user {
            fields.fail("owner_id", code: FieldCode.missing, "is required, as the caller is no user")
        }
        try fields.finish()
        let caller = context.actor.principal.map { UserID($0.uuid) }
        guard let owner = named ?? caller else { throw Problem.wrongField("owner_id", "is required") }
        let account = Principal(
            id: PrincipalID(ledger.newID(ServiceAccountKind.self)), name: name, purpose: purpose,
            owner: owner,
            status: .active, expiresAt: end.time, createdAt: context.now, updatedAt: context.now,
            revision: 1, hasJoined: true,
            roles: [])
        if let role {
            try GrantRules.check(granting: role, to: account.id, ownedBy: owner, by: context)
            try context.needStepUp()
        }
        let stored = try await ledger.change(context) { change in
            try await change.checkOwner(owner)
            return try await change.add(account, role: role, grant: ledger.newID())
        }
        return stored.response(.created).header(.location, "/v1/service-accounts/\(stored.id)")
    }

    private nonisolated(nonsending) func update(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try accountID(request)
        var fields = try await request.fields(limit: 64 * 1_024)
        let name = fields.has("name") ? fields.name() : nil
        let purpose = fields.has("purpose") ? fields.prose("purpose") : nil
        let owner = fields.has("owner_id") ? fields.owner(optional: false) : nil
        let end = fields.has("expires_at") ? fields.end(after: context.now) ?? .never : nil
        fields.requireSomething(name != nil || purpose != nil || owner != nil || end != nil)
        try fields.finish()
        // Whoever answers for it issues its access tokens; and it may go on for longer.
        if owner != nil || end != nil { try context.needStepUp() }
        let stored = try await ledger.change(context) { change in
            if let owner {
                try await change.checkOwner(owner)
                try await change.checkGiving(allOf: id)
            }
            // Each request is judged by its snapshot of the principal.
            if let end {
                try await change.checkLengthening(id, to: end)
                change.touch(.principal(id))
            }
            return try await change.edit(id, request) { account in
                if let end { account.expiresAt = end.time }
                account.name = name ?? account.name
                account.purpose = purpose ?? account.purpose
                account.owner = owner ?? account.owner
            }
        }
        return stored.response(to: context)
    }

    private nonisolated(nonsending) func disable(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let (id, reason) = (try accountID(request), try await request.reason())
        return try await ledger.change(context) { change in
            try await change.disable(id, request, reason: reason)
        }.response(to: context)
    }

    private nonisolated(nonsending) func enable(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let (id, reason) = (try accountID(request), try await request.reason())
        return try await ledger.change(context) { change in
            try await change.enable(id, request, reason: reason)
        }.response(to: context)
    }

    private func accountID(_ request: Request) throws -> PrincipalID {
        try request.refuseParameters()
        return try request.id("service_account_id", "service account") { text in
            ServiceAccountID(text).map { PrincipalID($0) }
        }
    }
}

extension Change {
    /// A service account that goes on for longer keeps what it was granted for longer.
    fileprivate nonisolated(nonsending) func checkLengthening(
        _ id: PrincipalID, to end: ServiceAccountEnd
    ) async throws {
        let account = try await PrincipalStore.locked(id, in: transaction)
        guard let present = account.expiresAt, end.time.map({ $0 > present }) ?? true else { return }
        try await checkGivingBack(to: account)
    }
}

/// Service accounts are never invited.
private enum ServiceAccountStatus: String, CaseIterable { case active, disabled }

extension Fields {
    /// Nil: nothing was said.
    fileprivate mutating func end(after now: Timestamp) -> ServiceAccountEnd? {
        let expected = "an RFC 3339 time, or never"
        let end = parsed(optional: "expires_at", expected: expected) { ServiceAccountEnd($0) }
        if let time = end?.time, time <= now {
            fail("expires_at", code: FieldCode.outOfRange, "must be in the future")
        }
        return end
    }

    fileprivate mutating func owner(optional isOptional: Bool) -> UserID? {
        let expected = "the id of a user"
        return isOptional
            ? parsed(optional: "owner_id", expected: expected) { UserID($0) }
            : parsed("owner_id", expected: expected) { UserID($0) }
    }
}

extension Change {
    /// Somebody has to answer for a service account: a user who is not gone, and who does not go meanwhile.
    fileprivate nonisolated(nonsending) func checkOwner(_ id: UserID) async throws {
        do {
            let owner = try await PrincipalStore.locked(PrincipalID(id), in: transaction)
            if owner.status != .disabled { return }
        } catch let problem as Problem where problem.code == .notFound {}
        throw Problem.wrongField("owner_id", "names no active or invited user")
    }
}
