package import Access
package import Events
import HTTPServer
import JSON
import Kernel

/// What roles and permissions there are, and a desk's own roles.
package struct RoleEndpoints {
    private let ledger: Ledger
    private let eyes: OwnersEyes

    package init(ledger: Ledger, eyes: OwnersEyes = .none) { (self.ledger, self.eyes) = (ledger, eyes) }

    package var operations: [Operation] {
        let (read, write) = (Requirement.permission(.rolesRead), Requirement.permission(.rolesWrite))
        let one = "/v1/roles/{role}"
        return [
            Endpoint(.get, "/v1/roles", id: "listRoles", requires: read, handle: list),
            Endpoint(
                .post, "/v1/roles", id: "createRole", requires: write, errors: [.alreadyExists, .conflict],
                stepUp: .recently, handle: create),
            Endpoint(.get, one, id: "getRole", requires: read, errors: [.notFound], handle: get),
            Endpoint(
                .put, one, id: "replaceRole", requires: write,
                errors: [.notFound, .preconditionFailed, .preconditionRequired, .conflict],
                stepUp: .recently, handle: replace),
            Endpoint(
                .delete, one, id: "deleteRole", requires: write,
                errors: [.notFound, .preconditionFailed, .preconditionRequired, .conflict], bodyLimit: 0,
                stepUp: .recently, handle: delete),
            Endpoint(.get, "/v1/permissions", id: "listPermissions", requires: read) { request, _ in
                try request.refuseParameters()
                return Self.page(Permission.allCases) { w, permission in
                    w.object { w in permission.writeFields(to: &w) }
                }
            },
        ]
    }

    private static func page<Item>(_ items: [Item], _ write: (inout JSONWriter, Item) -> Void) -> Response {
        Response.object { w in
            w.array("data", items) { w, item in write(&w, item) }
            w.null("next_cursor")
        }
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        return Self.page(try await RoleStore.all(in: ledger.database)) { w, role in
            w.object { w in role.writeFields(to: &w) }
        }
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        let name = try name(request)
        guard let role = try await RoleStore.find(name, in: ledger.database) else {
            throw Problem.notFound("role")
        }
        return role.response()
    }

    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let name = fields.parsed("name", expected: "a letter, then letters, digits, _ and -", standIn: "") {
            Role.isName($0) ? $0 : nil
        }
        let (description, permissions) = fields.role()
        try fields.finish()
        guard BuiltInRole(rawValue: name) == nil else {
            throw Problem.taken("name", "There is a built-in role of this name.")
        }
        let role = Role(
            name: name, description: description, permissions: permissions,
            record: Role.Record(
                createdAt: context.now, createdBy: context.actor.principal?.description ?? "",
                updatedAt: context.now, revision: 1))
        try RoleRules.check(making: permissions, by: context)
        try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            try await RoleStore.insert(role, in: change.transaction)
            change.note(role, "created", added: permissions, removed: [])
        }
        return role.response(.created).header(.location, "/v1/roles/\(name)")
    }

    private nonisolated(nonsending) func replace(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let name = try name(request)
        var fields = try await request.fields(limit: 64 * 1_024)
        let (description, permissions) = fields.role()
        try fields.finish()
        try refuseBuiltIn(name)
        let (role, misfits) = try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            var role = try await RoleStore.locked(name, in: change.transaction)
            try request.match(revision: role.record?.revision ?? 0, required: true)
            let before = role.permissions
            try await change.check(role, becoming: permissions)
            guard role.description != description || before != permissions else {
                return (role, RoleMisfits())
            }
            (role.description, role.permissions) = (description, permissions)
            role.record?.updatedAt = context.now
            role.record?.revision += 1
            try await RoleStore.update(role, in: change.transaction)
            if before != permissions { change.touch(.role(name)) }
            change.note(
                role, "changed", added: permissions.subtracting(before),
                removed: before.subtracting(permissions))
            let lost = before.subtracting(permissions)
            return (
                role,
                try await RoleMisfits(
                    of: role, lost: lost, eyes, at: context.now, in: change.transaction)
            )
        }
        return Response.object { w in
            role.writeFields(to: &w)
            w.field("no_longer_fits", misfits)
        }.etag(role.record?.revision ?? 0)
    }

    private nonisolated(nonsending) func delete(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let name = try name(request)
        try refuseBuiltIn(name)
        try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            let role = try await RoleStore.locked(name, in: change.transaction)
            try request.match(revision: role.record?.revision ?? 0, required: true)
            if role.isOwners { try context.require(.ownersWrite) }
            try await RoleStore.delete(name, in: change.transaction)
            change.note(role, "deleted", added: [], removed: role.permissions)
        }
        return Response(.noContent)
    }

    private func refuseBuiltIn(_ name: String) throws {
        guard BuiltInRole(rawValue: name) == nil else {
            throw Problem(.conflict, "Built-in roles never change.")
        }
    }

    private func name(_ request: Request) throws -> String {
        try request.refuseParameters()
        return try request.id("role", "role") { Role.isName($0) ? $0 : nil }
    }
}

extension Role {
    fileprivate func response(_ status: HTTPStatus = .ok) -> Response {
        let response = Response.object(status) { w in writeFields(to: &w) }
        return record.map { response.etag($0.revision) } ?? response
    }
}

extension Fields {
    fileprivate mutating func role() -> (description: String, permissions: Set<Permission>) {
        let description = text(optional: "description")
        if description == nil, !hasMistakes { fail("description", code: FieldCode.missing, "is required") }
        let permissions = choices("permissions", Permission.self, count: 0...Permission.allCases.count)
        if Set(permissions).count < permissions.count {
            fail("permissions", code: "not_unique", "must not name a permission twice")
        }
        return (description ?? "", Set(permissions))
    }
}

extension Permission {
    func writeFields(to w: inout JSONWriter) {
        w.field("permission", rawValue)
        w.field("sentence", sentence)
    }
}
