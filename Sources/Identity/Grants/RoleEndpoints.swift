package import Access
import HTTPServer
import JSON

/// What roles and permissions there are; closed lists, so none of it asks the database.
package struct RoleEndpoints {
    package init() {}

    package var operations: [Operation] {
        [
            Endpoint(.get, "/v1/roles", id: "listRoles", requires: .permission(.rolesRead)) { request, _ in
                try request.refuseParameters()
                return Self.page(BuiltInRole.allCases) { w, role in w.object { w in role.writeFields(to: &w) }
                }
            },
            Endpoint(
                .get, "/v1/roles/{role}", id: "getRole", requires: .permission(.rolesRead),
                errors: [.notFound]
            ) { request, _ in
                try request.refuseParameters()
                let role = try request.id("role", "role") { BuiltInRole(rawValue: $0) }
                return Response.object { w in role.writeFields(to: &w) }
            },
            Endpoint(.get, "/v1/permissions", id: "listPermissions", requires: .permission(.rolesRead)) {
                request, _ in
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
}

extension BuiltInRole {
    fileprivate func writeFields(to w: inout JSONWriter) {
        w.field("name", rawValue)
        w.field("built_in", true)
        w.field("description", sentence)
        w.field("permissions", Permission.allCases.filter(permissions.contains).map(\.rawValue))
    }
}

extension Permission {
    func writeFields(to w: inout JSONWriter) {
        w.field("permission", rawValue)
        w.field("sentence", sentence)
    }
}
