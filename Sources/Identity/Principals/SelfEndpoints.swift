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
        guard let id = context.actor.principal else { throw Problem.unauthenticated }
        let record = PrincipalStore.ask(id, in: database)
        var (token, session): (AccessToken?, Session?)
        if let id = context.actor.accessToken {
            token = try await AccessTokenStore.find(id, for: context, in: database).token
        }
        if let id = context.actor.session { session = try await SessionStore.find(id, in: database) }
        guard let principal = try await record.rows().first.flatMap(Principal.init) else {
            throw Problem.unauthenticated
        }
        return Response.object { w in
            w.object("principal") { w in principal.writeProfile(to: &w, isWhole: token?.isNarrow != true) }
            w.key("access_token")
            if let token { w.object { w in token.writeProfile(to: &w) } } else { w.null() }
            w.key("session")
            if let session { session.write(to: &w, for: context.actor) } else { w.null() }
            // Roles that give nothing would tell whoever holds a decoy what it is.
            w.field("roles", token?.isDecoy == true ? [] : principal.roles.map(\.rawValue))
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
    /// - Parameter isWhole: a narrowed access token learns whose it is, and not where they are reached.
    fileprivate func writeProfile(to w: inout JSONWriter, isWhole: Bool) {
        w.field("id", id.description)
        w.field("kind", id.kind.rawValue)
        w.field("name", name)
        w.field("email", isWhole ? email : nil)
        w.field("status", status.rawValue)
    }
}

extension AccessToken {
    fileprivate var isNarrow: Bool { scopes != nil || isDecoy }

    fileprivate func writeProfile(to w: inout JSONWriter) {
        w.field("id", id.description)
        w.field("name", name)
        // A decoy looks like a token that was narrowed to nothing, which is what it may do.
        w.field("scopes", isDecoy ? [] : scopes?.map(\.rawValue))
        w.field("cidrs", cidrs.map(\.text))
        w.field("expires_at", expiresAt?.description)
    }
}
