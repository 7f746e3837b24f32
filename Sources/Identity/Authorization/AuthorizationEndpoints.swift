package import Access
import HTTPServer
import JSON
import Kernel
package import Postgres

/// Who may do what to what, and why.
package struct AuthorizationEndpoints {
    private let database: Database

    package init(database: Database) { self.database = database }

    package var operations: [Operation] {
        let read = Requirement.permission(.grantsRead)
        return [
            Endpoint(
                .post, "/v1/authorization/explain", id: "explainAuthorization", requires: .self,
                errors: [.forbidden], repeats: .nothing, handle: explain),
            Endpoint(.get, "/v1/authorization/holders", id: "listHolders", requires: read, handle: holders),
            Endpoint(
                .get, "/v1/users/{user_id}/permissions", id: "listUserPermissions", requires: read,
                errors: [.notFound]
            ) { request, context in
                let id = try request.id("user_id", "user") { UserID($0).map { PrincipalID($0) } }
                return try await permissions(of: id, request, context)
            },
            Endpoint(
                .get, "/v1/service-accounts/{service_account_id}/permissions",
                id: "listServiceAccountPermissions", requires: read, errors: [.notFound]
            ) { request, context in
                let id = try request.id("service_account_id", "service account") {
                    ServiceAccountID($0).map { PrincipalID($0) }
                }
                return try await permissions(of: id, request, context)
            },
        ]
    }

    private nonisolated(nonsending) func permissions(
        of id: PrincipalID, _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.refuseParameters()
        guard try await PrincipalStore.find(id, in: database) != nil else {
            throw Problem.notFound(id.kind == .user ? "user" : "service account")
        }
        let grants = try await GrantedRoles.of(id, in: database)
        return PermissionView.response(grants, giving: Rights(grants, at: context.now), at: context.now)
    }
}

// MARK: Explaining

extension AuthorizationEndpoints {
    /// Of oneself, or of others with `grants:read`.
    private nonisolated(nonsending) func explain(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let named = fields.parsed(
            optional: "principal_id", expected: "the id of a user or a service account"
        ) { PrincipalID($0) }
        let permission = fields.choice("permission", Permission.self)
        let resource = fields.string(optional: "resource", 1...100)
        try fields.finish()
        guard let me = context.actor.principal else { throw Problem.unauthenticated }
        let id = named ?? me
        if id != me { try context.require(.grantsRead) }
        guard let condition = try await condition(of: id, context) else {
            throw Problem.wrongField("principal_id", "names nobody")
        }
        let target = try await target(resource, for: context)
        if resource != nil, target == nil {
            throw Problem.wrongField("resource", "names no key and no account")
        }
        let limits = id == me ? try await AccessTokenStore.limits(of: context.actor, in: database) : nil
        // Grants that give nothing would tell whoever holds a decoy what it is.
        let isBait = try await AccessTokenStore.isBait(context.actor, in: database)
        let grants = isBait ? [] : try await GrantedRoles.of(id, in: database)
        let explanation = Explanation(
            permission, on: target, grants, scopes: limits?.scopes, condition, at: context.now)
        return Response.object { w in
            w.field("principal_id", id.description)
            w.field("resource", resource)
            explanation.writeFields(to: &w)
            w.field("narrowed_by", limits?.scopes == nil ? nil : context.actor.accessToken?.description)
        }
    }

    /// As the gate asks it. A provider's second factor counts as one in the session that it opened.
    private static let condition = Statement(
        "authorization_condition",
        """
        select p.status = 'active' and (p.expires_at is null or p.expires_at > $2),
            mfa_due_at(p.id) <= $2 and not exists (
                select from session s where s.id = $3 and s.principal = p.id and s.factor = 'openid')
        from principal p where p.id = $1
        """)

    /// Nil: there is nobody of that id.
    private nonisolated(nonsending) func condition(
        of id: PrincipalID, _ caller: Context
    ) async throws -> Explanation.Condition? {
        let row = try await database.query(
            Self.condition, .uuid(id.uuid), .timestamp(caller.now), .uuid(caller.actor.session?.uuid)
        ).first
        return row.map {
            Explanation.Condition(isActive: $0.bool(0), isFactorOverdue: $0.optionalBool(1) ?? false)
        }
    }

    /// Nil: there is none, or none that the caller may see.
    private nonisolated(nonsending) func target(
        _ resource: String?, for context: Context
    ) async throws -> Target? {
        guard let resource else { return nil }
        var found: Target?
        if let key = ExchangeKeyID(resource) {
            found = try await ScopeTargets.find(key, in: database)
        } else if let account = AccountID(resource) {
            found = try await ScopeTargets.find(account, in: database)
        }
        return found.flatMap { context.may($0.readPermission, on: $0) ? $0 : nil }
    }
}

// MARK: Holders

extension AuthorizationEndpoints {
    /// Candidates that are looked at in one statement.
    private static let step = 200
    private static let candidates = Statement(
        "authorization_candidates",
        """
        select p.id, p.kind, p.name, granted(p.id), coalesce(mfa_due_at(p.id) <= $4, false) from principal p
        where p.status = 'active' and (p.expires_at is null or p.expires_at > $4)
            and ($1::uuid is null or p.id > $1) and exists (
            select from granted_to g where g.grantee = p.id and g.effect = 'allow' and g.role = any($2))
        order by p.id limit $3
        """)

    private struct Holder {
        let id: PrincipalID
        let name: String
        let grants: [GrantedRole]
    }

    private nonisolated(nonsending) func holders(_ request: Request, _ context: Context) async throws
        -> Response
    {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let wanted = parameters.choice("permission", Permission.self)
        let resource = parameters.text("resource", 1...100)
        let cursor = parameters.cursor()
        let after = cursor.flatMap { $0.parts.count == 1 ? UUID($0.parts[0]) : nil }
        if cursor != nil, after == nil {
            parameters.fail("cursor", code: "invalid_cursor", "does not belong to this list")
        }
        if wanted == nil { parameters.fail("permission", code: "missing", "is required") }
        try parameters.finish()
        guard let permission = wanted else { throw Problem(.invalidParameter, "permission is required") }
        let target = try await target(resource, for: context)
        if resource != nil, target == nil {
            throw Problem(
                .invalidParameter, "There is no such key or account.",
                errors: [
                    FieldError(
                        pointer: "query:resource", code: "unknown", message: "names no key and no account")
                ])
        }
        let found = try await holders(of: permission, on: target, after: after, limit, at: context.now)
        let page = found.prefix(limit)
        return Response.object { w in
            w.array("data", page) { w, holder in
                w.object { w in
                    w.field("principal_id", holder.id.description)
                    w.field("name", holder.name)
                    w.array("through", holder.grants) { w, grant in
                        w.object { w in grant.writeFields(to: &w) }
                    }
                }
            }
            let next = found.count > limit ? page.last : nil
            w.field("next_cursor", next.map { Cursor([$0.id.uuid.description]).text })
        }
    }

    /// One more than the page holds, when there are more.
    private nonisolated(nonsending) func holders(
        of permission: Permission, on target: Target?, after: UUID?, _ limit: Int, at now: Timestamp
    ) async throws -> [Holder] {
        let roles = try await RoleStore.all(in: database).filter { $0.permissions.contains(permission) }
        var (found, place, count): ([Holder], UUID?, Int) = ([], after, Self.step)
        while found.count <= limit, count == Self.step {
            let rows = try await database.query(
                Self.candidates, .uuid(place), .textArray(roles.map(\.name)), .int(Self.step), .timestamp(now)
            )
            for row in rows {
                let grants = try GrantedRole.list(row.json(3))
                guard let kind = PrincipalID.Kind(rawValue: row.text(1)) else { continue }
                let explanation = Explanation(
                    permission, on: target, grants, scopes: nil,
                    Explanation.Condition(isFactorOverdue: row.bool(4)), at: now)
                guard explanation.verdict == .allowed else { continue }
                found.append(
                    Holder(
                        id: PrincipalID(kind, row.uuid(0)), name: row.text(2),
                        grants: explanation.considered.filter { $0.weight == .allows }.map(\.grant)))
            }
            count = rows.count
            if count > 0 { place = rows[count - 1].uuid(0) }
        }
        return found
    }
}
