import Access
import HTTPServer
import Kernel
import Postgres

enum AccessTokenSort: String, ListSort {
    case newest = "-created_at"
    case oldest = "created_at"
    case expiry = "expires_at"
    case expiryDown = "-expires_at"
    case use = "last_used_at"
    case useDown = "-last_used_at"

    var isText: Bool { false }

    /// What never lapses lapses last; what was never used was used first of all.
    var expression: String {
        switch self {
        case .newest, .oldest: "t.created_at"
        case .expiry, .expiryDown: "coalesce(t.expires_at, '9999-12-31T23:59:59Z'::timestamptz)"
        case .use, .useDown: "coalesce(t.last_used_at, '1970-01-01T00:00:00Z'::timestamptz)"
        }
    }

    func key(of token: AccessToken) -> Timestamp {
        switch self {
        case .newest, .oldest: token.createdAt
        case .expiry, .expiryDown: token.expiresAt ?? Timestamp(seconds: 253_402_300_799)
        case .use, .useDown: token.lastUsedAt ?? Timestamp(seconds: 0)
        }
    }
}

/// A page of access tokens, of those that the caller may know of.
struct AccessTokenList {
    var principal: UUID?
    var status: AccessToken.Status?
    var expiringBefore: Timestamp?
    let page: PageRequest<AccessTokenSort>

    static let statements = Dictionary(
        uniqueKeysWithValues: AccessTokenSort.allCases.map { sort in
            (
                sort,
                Statement(
                    "access_token_list",
                    derived: """
                        select \(AccessTokenStore.columns) from \(AccessTokenStore.source)
                        where ($1::uuid is null or t.principal = $1)
                            and ($2::text is null or $2 = case when t.revoked_at is not null then 'revoked'
                                when t.expires_at <= $3 then 'expired' else 'active' end)
                            and ($4::timestamptz is null or t.expires_at < $4)
                            and (p.id = $5 or p.owner = $5 or p.kind = any($6::text[]))
                        """ + sort.tail(id: "t.id", from: 7))
            )
        })

    nonisolated(nonsending) func response(to caller: Context, in database: any Queryable) async throws
        -> Response
    {
        guard let statement = Self.statements[page.sort] else {
            preconditionFailure("a sort without a statement")
        }
        let kinds = PrincipalID.Kind.allCases.filter { kind in
            AccessTokenRules.mayRead(PrincipalID(kind, UUID(high: 0, low: 0)), ownedBy: nil, caller)
        }
        let filters: [Parameter] = [
            .uuid(principal), .text(status?.rawValue), .timestamp(caller.now), .timestamp(expiringBefore),
            .uuid(caller.actor.principal?.uuid), .textArray(kinds.map(\.rawValue)),
        ]
        let rows = try await database.query(statement, parameters: filters + page.parameters)
        return page.response(rows.compactMap(AccessToken.init)) { token in
            (.time(page.sort.key(of: token)), token.id.uuid)
        } write: { w, token in
            token.write(to: &w, for: caller)
        }
    }
}

/// Access tokens as rows.
enum AccessTokenStore {
    static let columns = """
        t.id, t.principal, p.kind, t.name, t.hint, t.scopes, t.cidrs, t.created_at, t.created_by,
        t.expires_at, t.last_used_at, t.revoked_at, t.revoked_by, t.revoke_reason, p.owner, t.decoy
        """
    static let source = "access_token t join principal p on p.id = t.principal"
    static let find = Statement(
        "access_token_find", derived: "select \(columns) from \(source) where t.id = $1")
    private static let lock = Statement(
        "access_token_lock", "select id from access_token where id = $1 for no key update")
    private static let scopes = Statement(
        "access_token_scopes", "select scopes from access_token where id = $1")
    private static let insert = Statement(
        "access_token_insert",
        """
        insert into access_token (id, principal, name, hash, hint, scopes, cidrs, created_at, created_by,
            expires_at, decoy)
        values ($1, $2, normalize($3::text, NFC), $4, $5, $6, $7, $8, $9, $10, $11)
        """)
    private static let revoke = Statement(
        "access_token_revoke",
        "update access_token set revoked_at = $2, revoked_by = $3, revoke_reason = $4 where id = $1")

    /// The token, and who answers for its principal when that is a service account. 404 when there is none,
    /// or when the caller may not know of it.
    static nonisolated(nonsending) func find(
        _ id: AccessTokenID, for caller: Context, in database: any Queryable
    ) async throws -> (token: AccessToken, owner: UserID?) {
        guard let row = try await database.query(find, .id(id)).first, let token = AccessToken(row),
            case let owner = row.optionalID(14, as: UserKind.self),
            AccessTokenRules.mayRead(token.principal, ownedBy: owner, caller)
        else { throw Problem.notFound("access token") }
        return (token, owner)
    }

    static nonisolated(nonsending) func lock(_ id: AccessTokenID, in transaction: Transaction) async throws {
        _ = try await transaction.query(lock, .id(id))
    }

    /// The scopes of the token that somebody acts through; nil when it is not narrowed, or there is none.
    static nonisolated(nonsending) func scopes(
        of actor: Actor, in source: any Queryable
    ) async throws -> [Permission]? {
        guard let token = actor.accessToken else { return nil }
        guard let row = try await source.query(scopes, .id(token)).first, !row.isNull(0) else {
            return nil
        }
        return row.textArray(0).compactMap(Permission.init)
    }

    static nonisolated(nonsending) func insert(
        _ token: AccessToken, _ secret: AccessTokenSecret, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            insert, .id(token.id), .uuid(token.principal.uuid), .text(token.name), .bytes(secret.hash.bytes),
            .text(token.hint), .textArray(token.scopes?.map(\.rawValue)), .textArray(token.cidrs.map(\.text)),
            .timestamp(token.createdAt), .text(token.createdBy), .timestamp(token.expiresAt),
            .bool(token.isDecoy))
    }

    static nonisolated(nonsending) func revoke(_ token: AccessToken, in transaction: Transaction) async throws
    {
        _ = try await transaction.query(
            revoke, .id(token.id), .timestamp(token.revokedAt), .text(token.revokedBy),
            .text(token.revokeReason))
    }
}

extension AccessToken {
    init?(_ row: Row) {
        guard let kind = PrincipalID.Kind(rawValue: row.text(2)) else { return nil }
        self.init(
            id: row.id(0), principal: PrincipalID(kind, row.uuid(1)), name: row.text(3), hint: row.text(4),
            scopes: row.isNull(5) ? nil : row.textArray(5).compactMap(Permission.init),
            cidrs: row.textArray(6).compactMap { CIDR($0) }, isDecoy: row.bool(15),
            createdAt: row.timestamp(7),
            createdBy: row.text(8),
            expiresAt: row.optionalTimestamp(9), lastUsedAt: row.optionalTimestamp(10),
            revokedAt: row.optionalTimestamp(11), revokedBy: row.optionalText(12),
            revokeReason: row.optionalText(13))
    }
}
