package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

package struct GrantEndpoints {
    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        [
            Endpoint(.get, "/v1/grants", id: "listGrants", requires: .permission(.grantsRead), handle: list),
            Endpoint(
                .post, "/v1/grants", id: "createGrant", requires: .permission(.grantsWrite),
                errors: [.alreadyExists, .notYetSupported], stepUp: .recently, handle: create),
            Endpoint(
                .get, "/v1/grants/{grant_id}", id: "getGrant", requires: .permission(.grantsRead),
                errors: [.notFound], handle: get),
            Endpoint(
                .delete, "/v1/grants/{grant_id}", id: "deleteGrant", requires: .permission(.grantsWrite),
                errors: [.notFound, .lastOwner], bodyLimit: 0, stepUp: .recently, handle: delete),
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let principal = parameters.parsed("principal_id", expected: "the id of a user or service account") {
            PrincipalID($0)
        }
        let role = parameters.choice("role", BuiltInRole.self)
        let page = PageRequest(&parameters, default: GrantSort.newest)
        try parameters.finish()
        return try await GrantStore.list(of: principal?.uuid, role: role, page, in: ledger.database)
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        let id = try request.id("grant_id", "grant") { GrantID($0) }
        let grant = try await GrantStore.find(id, in: ledger.database)
        return Response.json { w in w.value(grant) }
    }

    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let (id, role) = try await wanted(request)
        let grant = try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            let target: Principal
            do {
                target = try await PrincipalStore.locked(id, in: change.transaction)
            } catch let problem as Problem where problem.code == .notFound {
                throw Problem.wrongField("principal_id", "names nobody")
            }
            try GrantRules.check(granting: role, to: id, ownedBy: target.owner, by: context)
            let grant = Grant(
                id: ledger.newID(), principal: id, role: role, createdAt: context.now,
                createdBy: context.actor.principal?.description)
            try await change.add(grant)
            return grant
        }
        return Response.json(.created) { w in w.value(grant) }.header(.location, "/v1/grants/\(grant.id)")
    }

    /// The body; what has its place in the contract but no meaning yet is told apart from mistakes.
    private nonisolated(nonsending) func wanted(_ request: Request) async throws -> (PrincipalID, BuiltInRole)
    {
        var fields = try await request.fields(limit: 64 * 1_024)
        let principal = fields.parsed("principal_id", expected: "the id of a user or service account") {
            PrincipalID($0)
        }
        let role = fields.choice("role", BuiltInRole.self)
        let unsupported = fields.laterParts()
        try fields.finish()
        guard let principal else { throw Problem.wrongField("principal_id", "is required") }
        guard unsupported.isEmpty else {
            throw Problem.notYetSupported(
                "A grant allows, on everything, until it is taken back.", unsupported)
        }
        return (principal, role)
    }

    private nonisolated(nonsending) func delete(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let id = try request.id("grant_id", "grant") { GrantID($0) }
        try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            let grant = try await GrantStore.find(id, in: change.transaction)
            try GrantRules.checkTaking(grant.role, by: context)
            try await change.remove(grant)
            if grant.role == .owner { try await OwnerRoster.checkSomebodyStays(in: change.transaction) }
        }
        return Response(.noContent)
    }
}

extension Problem {
    /// A mistake in one field that only the database shows.
    static func wrongField(_ name: String, _ message: String) -> Problem {
        Problem(
            .validationFailed, "The body does not fit.",
            errors: [FieldError(pointer: "/\(name)", code: "unknown", message: message)])
    }

    static func taken(_ name: String, _ detail: String) -> Problem {
        Problem(
            .alreadyExists, detail,
            errors: [FieldError(pointer: "/\(name)", code: "already_exists", message: "is taken")])
    }

    static func notYetSupported(_ detail: String, _ fields: [FieldError]) -> Problem {
        Problem(.notYetSupported, detail, errors: fields)
    }
}

extension FieldError {
    static func notYetSupported(_ name: String, _ message: String) -> FieldError {
        FieldError(pointer: "/\(name)", code: "not_yet_supported", message: message)
    }
}

private enum GrantEffect: String, CaseIterable {
    case allow, deny
}

extension Fields {
    /// What grants will be able to say; returns what is said of that already.
    fileprivate mutating func laterParts() -> [FieldError] {
        var found: [FieldError] = []
        if choice("effect", GrantEffect.self, default: .allow) == .deny {
            found.append(.notYetSupported("effect", "is not yet supported but for allow"))
        }
        let on = take("on") ?? .null
        if on != .null, on.asObject == nil { fail("on", code: FieldCode.wrongType, "must be an object") }
        if let on = on.asObject, on.count > 0 {
            found.append(.notYetSupported("on", "is not yet supported but for {}, everything"))
        }
        if parsed(optional: "expires_at", expected: "an RFC 3339 time", { Timestamp($0) }) != nil {
            found.append(.notYetSupported("expires_at", "is not yet supported: take the grant back instead"))
        }
        return found
    }
}
