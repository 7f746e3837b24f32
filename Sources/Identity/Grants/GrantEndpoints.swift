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
                errors: [.alreadyExists, .conflict, .lastOwner], stepUp: .recently, handle: create),
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
        let expected = "the id of a user, a service account or a group"
        let grantee = parameters.parsed("principal_id", expected: expected) { Grantee($0) }
        let role = parameters.parsed("role", expected: "the name of a role") { Role.isName($0) ? $0 : nil }
        let page = PageRequest(&parameters, default: GrantSort.newest)
        try parameters.finish()
        return try await GrantStore.list(
            of: grantee, role: role, page, at: context.now, in: ledger.database)
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        let id = try request.id("grant_id", "grant") { GrantID($0) }
        let grant = try await GrantStore.find(id, in: ledger.database)
        return Response.json { w in grant.write(to: &w, at: context.now) }
    }

    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let draft = try GrantDraft(try await request.fields(limit: 64 * 1_024), now: context.now)
        let grant = try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            return try await change.grant(draft, id: ledger.newID())
        }
        return Response.json(.created) { w in grant.write(to: &w, at: context.now) }
            .header(.location, "/v1/grants/\(grant.id)")
    }

    private nonisolated(nonsending) func delete(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let id = try request.id("grant_id", "grant") { GrantID($0) }
        try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            let grant = try await GrantStore.find(id, in: change.transaction)
            try GrantRules.check(takingBack: try await change.wish(grant), by: context)
            try await change.remove(grant)
            if grant.role == BuiltInRole.owner.rawValue {
                try await OwnerRoster.checkSomebodyStays(in: change.transaction)
            }
        }
        return Response(.noContent)
    }
}

extension Problem {
    /// A mistake in one field that only the database shows.
    static func wrongField(_ name: String, code: String = "unknown", _ message: String) -> Problem {
        Problem(
            .validationFailed, "The body does not fit.",
            errors: [FieldError(pointer: "/\(name)", code: code, message: message)])
    }

    static func taken(_ name: String, _ detail: String) -> Problem {
        Problem(
            .alreadyExists, detail,
            errors: [FieldError(pointer: "/\(name)", code: "already_exists", message: "is taken")])
    }
}
