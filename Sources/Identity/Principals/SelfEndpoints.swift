package import Access
import HTTPServer
import JSON
import Kernel
package import Postgres

/// One's own profile: any principal may ask.
package struct SelfEndpoints {
    private let database: Database

    package init(database: Database) { self.database = database }

    package var operations: [Operation] {
        [
            Endpoint(.get, "/v1/me", id: "getMe", requires: .self, handle: me),
            Endpoint(
                .get, "/v1/me/permissions", id: "listMyPermissions", requires: .self, handle: permissions),
        ]
    }

    private nonisolated(nonsending) func me(_ request: Request, _ context: Context) async throws -> Response {
        try request.refuseParameters()
        guard let id = context.actor.principal, let token = context.actor.accessToken else {
            throw Problem.unauthenticated
        }
        let record = PrincipalStore.ask(id, in: database)
        let own = try await AccessTokenStore.find(token, for: context, in: database).token
        guard let principal = try await record.rows().first.flatMap(Principal.init) else {
            throw Problem.unauthenticated
        }
        return Response.object { w in
            w.object("principal") { w in principal.writeProfile(to: &w) }
            w.object("access_token") { w in own.writeProfile(to: &w) }
            // Roles that give nothing would tell whoever holds a decoy what it is.
            w.field("roles", own.isDecoy ? [] : principal.roles.map(\.rawValue))
        }
    }

    private nonisolated(nonsending) func permissions(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        guard let id = context.actor.principal else { throw Problem.unauthenticated }
        let grants = try await GrantedRoles.of(id, in: database)
        return PermissionView.response(grants, giving: context.rights, at: context.now)
    }
}

extension Principal {
    fileprivate func writeProfile(to w: inout JSONWriter) {
        w.field("id", id.description)
        w.field("kind", id.kind.rawValue)
        w.field("name", name)
        w.field("email", email)
        w.field("status", status.rawValue)
    }
}

extension AccessToken {
    fileprivate func writeProfile(to w: inout JSONWriter) {
        w.field("id", id.description)
        w.field("name", name)
        w.field("scopes", scopes?.map(\.rawValue))
        w.field("cidrs", cidrs.map(\.text))
        w.field("expires_at", expiresAt?.description)
    }
}
