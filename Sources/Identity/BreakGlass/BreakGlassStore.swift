import Access
import Events
import JSON
import HTTPServer
import Kernel
import Postgres

enum BreakGlassSort: String, ListSort {
    case newest = "-created_at"

    var isText: Bool { false }
    var expression: String { "b.created_at" }
}

/// Break-glass tokens as rows. Of the token only its hash is stored.
enum BreakGlassStore {
    private static let columns = """
        b.id, b.name, b.role, b.hint, b.created_at, b.created_by, b.used_at, b.used_from, b.principal,
        b.ends_at, b.ended_at, b.revoked_at, b.revoked_by, b.revoke_reason
        """
    static let find = Statement(
        "break_glass_find", derived: "select \(columns) from break_glass b where b.id = $1")
    static let lock = Statement(
        "break_glass_lock", derived: "select \(columns) from break_glass b where b.id = $1 for no key update")
    static let lockByHash = Statement(
        "break_glass_lock_by_hash",
        derived: "select \(columns) from break_glass b where b.hash = $1 for no key update")
    static let list = Statement(
        "break_glass_list",
        derived: "select \(columns) from break_glass b where true"
            + BreakGlassSort.newest.tail(id: "b.id", from: 1))
    /// What is over and was not taken away yet, or not swept yet; the longest waiting first.
    static let over = Statement(
        "break_glass_over",
        derived: """
            select \(columns) from break_glass b
            where b.used_at is not null and b.swept_at is null and b.ends_at <= $1
            order by b.ends_at, b.id limit 1 for no key update skip locked
            """)
    private static let known = Statement(
        "break_glass_known",
        """
        select exists (
            select from break_glass where hash = $1 and used_at is null and revoked_at is null)
        """)
    private static let sealedCount = Statement(
        "break_glass_sealed_count",
        "select count(*) from break_glass where used_at is null and revoked_at is null")
    private static let insert = Statement(
        "break_glass_insert",
        """
        insert into break_glass (id, name, role, hash, hint, created_at, created_by)
        values ($1, normalize($2::text, NFC), $3, $4, $5, $6, $7)
        """)
    private static let update = Statement(
        "break_glass_update",
        """
        update break_glass set used_at = $2, used_from = $3, principal = $4, ends_at = $5, ended_at = $6,
            revoked_at = $7, revoked_by = $8, revoke_reason = $9
        where id = $1
        """)
    private static let sweep = Statement(
        "break_glass_swept", "update break_glass set swept_at = $2 where id = $1")
    private static let keep = Statement(
        "break_glass_keep", "update break_glass set left_behind = $2 where id = $1")
    private static let left = Statement(
        "break_glass_left", "select left_behind from break_glass where id = $1 and left_behind is not null")
    private static let hour = Statement(
        "break_glass_hour", "select ends_at from break_glass where principal = $1")
    private static let ofMaker = Statement(
        "break_glass_of_maker",
        """
        select id from break_glass where created_by = $1 and used_at is null and revoked_at is null
        order by id
        """)

    nonisolated(nonsending) static func find(
        _ id: BreakGlassID, in source: any Queryable
    ) async throws -> BreakGlassToken {
        guard let token = try await source.query(find, .id(id)).first.flatMap(BreakGlassToken.init) else {
            throw Problem.notFound("break-glass token")
        }
        return token
    }

    nonisolated(nonsending) static func locked(
        _ id: BreakGlassID, in transaction: Transaction
    ) async throws -> BreakGlassToken {
        guard let token = try await transaction.query(lock, .id(id)).first.flatMap(BreakGlassToken.init)
        else { throw Problem.notFound("break-glass token") }
        return token
    }

    nonisolated(nonsending) static func locked(
        _ hash: SecretHash, in transaction: Transaction
    ) async throws -> BreakGlassToken? {
        try await transaction.query(lockByHash, .bytes(hash.bytes)).first.flatMap(BreakGlassToken.init)
    }

    /// Whether such a one may still be in an envelope; asked before anything else is done about it.
    nonisolated(nonsending) static func isKnown(
        _ hash: SecretHash, in source: any Queryable
    ) async throws -> Bool {
        try await source.query(known, .bytes(hash.bytes)).first?.bool(0) ?? false
    }

    nonisolated(nonsending) static func sealedCount(in transaction: Transaction) async throws -> Int {
        try await transaction.query(sealedCount).first?.int(0) ?? 0
    }

    nonisolated(nonsending) static func list(
        _ page: PageRequest<BreakGlassSort>, at now: Timestamp, in source: any Queryable
    ) async throws -> Response {
        let rows = try await source.query(list, parameters: page.parameters)
        return page.response(rows.compactMap(BreakGlassToken.init)) { token in
            (.time(token.createdAt), token.id.uuid)
        } write: { w, token in
            token.write(to: &w, at: now)
        }
    }

    nonisolated(nonsending) static func insert(
        _ token: BreakGlassToken, _ secret: AccessTokenSecret, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            insert, .id(token.id), .text(token.name), .text(token.role.rawValue), .bytes(secret.hash.bytes),
            .text(token.hint), .timestamp(token.createdAt), .text(token.createdBy))
    }

    /// Of a row that is locked.
    nonisolated(nonsending) static func update(
        _ token: BreakGlassToken, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            update, .id(token.id), .timestamp(token.usedAt), .text(token.usedFrom), .id(token.user),
            .timestamp(token.endsAt), .timestamp(token.endedAt), .timestamp(token.revokedAt),
            .text(token.revokedBy), .text(token.revokeReason))
    }

    nonisolated(nonsending) static func nextOver(
        at now: Timestamp, in transaction: Transaction
    ) async throws -> BreakGlassToken? {
        try await transaction.query(over, .timestamp(now)).first.flatMap(BreakGlassToken.init)
    }

    nonisolated(nonsending) static func markSwept(
        _ id: BreakGlassID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(sweep, .id(id), .timestamp(now))
    }

    /// What became of what was made through it.
    nonisolated(nonsending) static func keep(
        _ left: [StepReport], of id: BreakGlassID, in transaction: Transaction
    ) async throws {
        let found = left.filter { !$0.things.isEmpty }
        _ = try await transaction.query(keep, .id(id), .json(try found.json.bytes))
    }

    /// Nil: its hour is not over.
    nonisolated(nonsending) static func left(
        of id: BreakGlassID, in source: any Queryable
    ) async throws -> JSONValue? {
        try await source.query(left, .id(id)).first.map { try JSONValue.parse($0.json(0)) }
    }

    /// When the hour ends in which somebody acts; nil: they did not come by breaking glass.
    nonisolated(nonsending) static func hour(
        of principal: PrincipalID?, in source: any Queryable
    ) async throws -> Timestamp? {
        try await source.query(hour, .uuid(principal?.uuid)).first?.optionalTimestamp(0)
    }

    /// Those that a leaver made: they saw them.
    nonisolated(nonsending) static func revoke(
        madeBy leaver: Leaver, _ change: Change
    ) async throws -> [LeftThing] {
        let rows = try await change.transaction.query(ofMaker, .text(leaver.principal.description))
        var things: [LeftThing] = []
        for row in rows {
            let token = try await locked(row.id(0), in: change.transaction)
            guard token.usedAt == nil, token.revokedAt == nil else { continue }
            try await change.revoke(token, reason: leaver.disableReason)
            things.append(
                LeftThing(token.id, name: token.name, .ended, note: "Put another into the envelope."))
        }
        return things
    }
}

extension BreakGlassToken {
    init?(_ row: Row) {
        guard let role = BuiltInRole(rawValue: row.text(2)) else { return nil }
        self.init(
            id: row.id(0), name: row.text(1), role: role, hint: row.text(3), createdAt: row.timestamp(4),
            createdBy: row.text(5), usedAt: row.optionalTimestamp(6), usedFrom: row.optionalText(7),
            user: row.optionalID(8), endsAt: row.optionalTimestamp(9), endedAt: row.optionalTimestamp(10),
            revokedAt: row.optionalTimestamp(11), revokedBy: row.optionalText(12),
            revokeReason: row.optionalText(13))
    }
}
