import Access
import Crypto
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
    var isUnbound: Bool?
    var unusedSince: Timestamp?
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
                                when t.expires_at <= $3 then 'expired'
                                when coalesce(t.last_used_at, t.created_at)
                                    + make_interval(secs => t.idle_seconds + $9) < $3 then 'expired'
                                when t.uses >= t.max_uses then 'used_up' else 'active' end)
                            and ($4::timestamptz is null or t.expires_at < $4)
                            and (p.id = $5 or p.owner = $5 or p.kind = any($6::text[]))
                            and ($7::boolean is null
                                or $7 = (cardinality(t.cidrs) = 0 and t.public_key is null))
                            and ($8::timestamptz is null
                                or coalesce(t.last_used_at, t.created_at) < $8)
                        """ + sort.tail(id: "t.id", from: 10))
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
            .uuid(caller.actor.principal?.uuid), .textArray(kinds.map(\.rawValue)), .bool(isUnbound),
            .timestamp(unusedSince), .double(Standing.idleSlack.seconds),
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
        t.expires_at, t.last_used_at, t.revoked_at, t.revoked_by, t.revoke_reason, p.owner, t.decoy,
        t.idle_seconds, t.max_uses, t.uses, t.public_key, t.last_used_address, t.replaces,
        (select s.id from access_token s where s.replaces = t.id)
        """
    static let source = "access_token t join principal p on p.id = t.principal"
    static let find = Statement(
        "access_token_find", derived: "select \(columns) from \(source) where t.id = $1")
    private static let lock = Statement(
        "access_token_lock", "select id from access_token where id = $1 for no key update")
    private static let limits = Statement(
        "access_token_limits",
        """
        select scopes, cidrs, expires_at, idle_seconds, max_uses is not null, public_key, decoy
        from access_token where id = $1
        """)
    private static let end = Statement(
        "access_token_end", "update access_token set expires_at = least(expires_at, $2) where id = $1")
    private static let bait = Statement(
        "access_token_bait", "select decoy from access_token where id = $1")
    private static let insert = Statement(
        "access_token_insert",
        """
        insert into access_token (id, principal, name, hash, hint, scopes, cidrs, created_at, created_by,
            expires_at, decoy, idle_seconds, max_uses, public_key, replaces, by_joining)
        values ($1, $2, normalize($3::text, NFC), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
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

    /// Of the token that somebody acts through; nil when there is none.
    static nonisolated(nonsending) func limits(
        of actor: Actor, in source: any Queryable
    ) async throws -> IssuerLimits? {
        guard let token = actor.accessToken,
            let row = try await source.query(limits, .id(token)).first
        else { return nil }
        return IssuerLimits(
            scopes: row.isNull(0) ? nil : row.textArray(0).compactMap(Permission.init),
            cidrs: row.textArray(1).compactMap { CIDR($0) }, expiresAt: row.optionalTimestamp(2),
            idle: row.optionalInt64(3).map { .seconds($0) }, isCounted: row.bool(4),
            key: row.optionalBytes(5).flatMap { Ed25519.PublicKey($0) }, isBait: row.bool(6))
    }

    static nonisolated(nonsending) func end(
        _ id: AccessTokenID, at end: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(Self.end, .id(id), .timestamp(end))
    }

    /// Whether somebody acts through bait.
    static nonisolated(nonsending) func isBait(
        _ actor: Actor, in source: any Queryable
    ) async throws -> Bool {
        guard let token = actor.accessToken else { return false }
        return try await source.query(bait, .id(token)).first?.bool(0) ?? false
    }

    static nonisolated(nonsending) func insert(
        _ token: AccessToken, _ secret: AccessTokenSecret, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            insert, .id(token.id), .uuid(token.principal.uuid), .text(token.name), .bytes(secret.hash.bytes),
            .text(token.hint), .textArray(token.scopes?.map(\.rawValue)), .textArray(token.cidrs.map(\.text)),
            .timestamp(token.createdAt), .text(token.createdBy), .timestamp(token.expiresAt),
            .bool(token.isDecoy), .int64(token.idle.map { $0.microseconds / 1_000_000 }),
            .int(token.maxUses), .bytes(token.key?.bytes), .id(token.replaces), .bool(token.isByJoining))
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
            expiresAt: row.optionalTimestamp(9),
            idle: row.optionalInt64(16).map { .seconds($0) }, maxUses: row.optionalInt(17),
            uses: row.int(18), key: row.optionalBytes(19).flatMap { Ed25519.PublicKey($0) },
            replaces: row.optionalID(21), replacedBy: row.optionalID(22),
            lastUsedAt: row.optionalTimestamp(10), lastUsedAddress: row.optionalText(20),
            revokedAt: row.optionalTimestamp(11), revokedBy: row.optionalText(12),
            revokeReason: row.optionalText(13))
    }
}
