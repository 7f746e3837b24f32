import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// What several endpoints do to people, grants and access tokens: rows, events and audit together.
extension Change {
    nonisolated(nonsending) func add(
        _ principal: Principal, role: BuiltInRole?, grant id: GrantID
    ) async throws -> Principal {
        try await PrincipalStore.insert(principal, in: transaction)
        let isUser = principal.id.kind == .user
        audit(
            isUser ? "users.invite" : "service_accounts.create", principal.id,
            detail: ["name": .string(principal.name), "role": JSONValue(role?.rawValue)])
        if let role {
            try await add(
                Grant(
                    id: id, grantee: .principal(principal.id), role: role.rawValue, createdAt: context.now,
                    createdBy: context.actor.principal?.description))
        }
        let stored = try await PrincipalStore.find(principal.id, in: transaction) ?? principal
        emit(
            NewEvent(
                isUser ? .userInvited : .serviceAccountCreated, subject: principal.id,
                data: stored.eventData([("role", JSONValue(role?.rawValue))])))
        return stored
    }

    /// Whoever issues a token of somebody else's bot gets what that was granted.
    nonisolated(nonsending) func checkIssuing(_ new: NewAccessToken, for target: Principal) async throws {
        // Whoever came by breaking glass leaves nothing that goes on without them.
        if let end = try await BreakGlassStore.hour(of: context.actor.principal, in: transaction),
            new.expiresAt.map({ $0 > end }) ?? true
        {
            throw Problem.wrongField(
                "expires_at",
                "must be at most \(end): what is issued through broken glass ends with its hour")
        }
        let limits = try await AccessTokenStore.limits(of: context.actor, in: transaction)
        try AccessTokenRules.check(issuing: new, for: target, by: context, limits: limits)
        if let limits, limits.isLeft(by: new) { try context.needStepUp() }
        guard !new.isDecoy, !GrantRules.isOwn(target.id, ownedBy: target.owner, context) else { return }
        try await checkGiving(allOf: target.id)
    }

    /// Issues an access token; the secret is for the one answer that shows it. One's own does nothing that
    /// the one in hand cannot do (`IssuerLimits`); another's acts as somebody else, and one that a session
    /// issues goes on when the session is over.
    nonisolated(nonsending) func issue(
        _ new: NewAccessToken, id: AccessTokenID, by issuer: PrincipalID, _ entropy: Entropy
    ) async throws -> IssuedAccessToken {
        if new.principal != context.actor.principal || context.actor.session != nil {
            try context.needStepUp()
        }
        let secret = AccessTokenSecret(.accessToken, entropy)
        let token = AccessToken(
            id: id, principal: new.principal, name: new.name, hint: secret.hint, scopes: new.scopes,
            cidrs: new.cidrs, isDecoy: new.isDecoy, isByJoining: new.isByJoining,
            createdAt: context.now, createdBy: issuer.description, expiresAt: new.expiresAt,
            idle: new.idle, maxUses: new.maxUses, key: new.key, replaces: new.replaces)
        try await AccessTokenStore.insert(token, secret, in: transaction)
        let scopes: JSONValue = token.scopes.map { .array($0.map { .string($0.rawValue) }) } ?? .null
        let cidrs = JSONValue.array(token.cidrs.map { .string($0.text) })
        audit(
            "access_tokens.create", id,
            detail: [
                "principal_id": JSONValue(new.principal), "name": .string(new.name), "scopes": scopes,
                "cidrs": cidrs, "unbound": .bool(token.isUnbound),
            ])
        emit(
            NewEvent(
                .accessTokenCreated, subject: id,
                data: token.eventData([
                    ("scopes", scopes), ("cidrs", cidrs), ("expires_at", JSONValue(token.expiresAt)),
                    ("unbound", .bool(token.isUnbound)),
                ])))
        return IssuedAccessToken(token: token, secret: secret)
    }
}

/// A token at the one moment when its secret is known.
struct IssuedAccessToken {
    let token: AccessToken
    let secret: AccessTokenSecret

    func write(to w: inout JSONWriter, for context: Context) {
        token.write(to: &w, for: context, showing: secret)
    }
}

extension Principal {
    /// The fields that all events about it share (`x-event-fields`), then the event's own.
    func eventData(_ own: [(String, JSONValue)]) -> JSONObject {
        var shared: [(String, JSONValue)] = [
            (id.kind == .user ? "user_id" : "service_account_id", JSONValue(id)), ("name", .string(name)),
        ]
        if id.kind == .serviceAccount { shared.append(("owner_id", JSONValue(owner))) }
        return JSONObject(members: shared + [("status", .string(status.rawValue))] + own)
    }
}

extension AccessToken {
    func eventData(_ own: [(String, JSONValue)]) -> JSONObject {
        JSONObject(
            members: [
                ("access_token_id", JSONValue(id)), ("principal_id", JSONValue(principal)),
                ("name", .string(name)),
            ] + own)
    }
}
