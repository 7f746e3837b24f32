import Access
import HTTPServer
import Kernel
import Postgres

/// Sessions as rows.
enum SessionStore {
    static let columns = """
        s.id, s.principal, s.device, s.address, s.created_at, s.last_used_at, s.factor, s.factor_at,
        least(s.created_at + i.session_lifetime, s.last_used_at + i.session_idle) as expires_at,
        s.via, s.issuer
        """
    static let source = "session s cross join sign_in i"
    static let find = Statement(
        "session_find", derived: "select \(columns) from \(source) where s.id = $1")
    private static let insert = Statement(
        "session_insert",
        """
        insert into session (id, principal, hash, device, address, created_at, last_used_at, factor,
            factor_at, via, issuer, password_at, vouched_at)
        values ($1, $2, $3, normalize($4::text, NFC), $5, $6, $6, $7, $8, $9, $10, $11, $12)
        """)
    private static let end = Statement(
        "session_end",
        """
        update session set ended_at = $2, ended_by = $3, end_reason = $4
        where id = $1 and ended_at is null returning id, principal, device
        """)
    private static let endAll = Statement(
        "session_end_all",
        """
        update session set ended_at = $2, ended_by = $3, end_reason = $4
        where principal = $1 and ended_at is null and id is distinct from $5 returning id, principal, device
        """)
    private static let endOldest = Statement(
        "session_end_oldest",
        """
        update session set ended_at = $2, ended_by = $3, end_reason = $4
        where id in (
            select id from session where principal = $1 and ended_at is null
            order by last_used_at desc, id desc offset $5)
        returning id, principal, device
        """)
    private static let holder = Statement(
        "session_holder",
        """
        select s.principal from session s cross join sign_in i
        where s.id = $1 and s.ended_at is null
            and least(s.created_at + i.session_lifetime, s.last_used_at + i.session_idle) > $2
        """)
    private static let freshen = Statement(
        "session_freshen", "update session set factor = $2, factor_at = $3 where id = $1")

    private static let freshenByPassword = Statement(
        "session_freshen_password", "update session set password_at = $2 where id = $1")

    private static let vouch = Statement(
        "session_vouch", "update session set vouched_at = $2 where id = $1")

    /// As `AccessTokenStore.noteUse`.
    static let noteUse = Statement(
        "session_used",
        """
        update session t set last_used_at = u.at, address = u.address
        from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as u (id, at, address)
        where t.id = u.id and t.last_used_at < u.at and t.id in (
            select id from session where id = any($1::uuid[]) and last_used_at < $4
            order by id for no key update skip locked)
        """)

    struct Ended {
        let id: SessionID
        let user: UserID
        let device: String
    }

    static nonisolated(nonsending) func find(
        _ id: SessionID, in database: any Queryable
    ) async throws -> Session? {
        try await database.query(find, .id(id)).first.map(Session.init)
    }

    static nonisolated(nonsending) func insert(
        _ new: NewSession, id: SessionID, _ secret: AccessTokenSecret, from address: IPAddress?,
        at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            insert, .id(id), .id(new.user), .bytes(secret.hash.bytes), .text(new.device),
            .text(address?.description), .timestamp(now), .text(new.factor),
            .timestamp(new.factor == nil ? nil : new.factorAt ?? now), .text(new.via.text),
            .text(new.via.issuer), .timestamp(new.via == .password ? now : nil),
            .timestamp(new.vouchedAt))
    }

    static nonisolated(nonsending) func end(
        _ id: SessionID, at now: Timestamp, by actor: Actor, reason: String, in transaction: Transaction
    ) async throws -> [Ended] {
        try await transaction.query(
            end, .id(id), .timestamp(now), .text(actor.principal?.description), .text(reason)
        ).map(Ended.init)
    }

    static nonisolated(nonsending) func endAll(
        of user: UserID, but kept: SessionID?, at now: Timestamp, by actor: Actor, reason: String,
        in transaction: Transaction
    ) async throws -> [Ended] {
        try await transaction.query(
            endAll, .id(user), .timestamp(now), .text(actor.principal?.description), .text(reason), .id(kept)
        ).map(Ended.init)
    }

    /// All but those that were used last. Its user's row is locked, or one more may stay.
    static nonisolated(nonsending) func endOldest(
        of user: UserID, keeping count: Int, at now: Timestamp, by actor: Actor, reason: String,
        in transaction: Transaction
    ) async throws -> [Ended] {
        try await transaction.query(
            endOldest, .id(user), .timestamp(now), .text(actor.principal?.description), .text(reason),
            .int(count)
        ).map(Ended.init)
    }

    /// Whose it is, while it lasts.
    static nonisolated(nonsending) func holder(
        of id: SessionID, at now: Timestamp, in database: any Queryable
    ) async throws -> UserID? {
        try await database.query(holder, .id(id), .timestamp(now)).first?.id(0)
    }

    /// A factor was shown in it.
    static nonisolated(nonsending) func freshen(
        _ id: SessionID, by factor: String, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(freshen, .id(id), .text(factor), .timestamp(now))
    }

    /// Its person logged in at the provider.
    static nonisolated(nonsending) func vouch(
        _ id: SessionID, at time: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(vouch, .id(id), .timestamp(time))
    }

    /// The password was.
    static nonisolated(nonsending) func freshenByPassword(
        _ id: SessionID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(freshenByPassword, .id(id), .timestamp(now))
    }
}

extension SessionStore.Ended {
    init(_ row: Row) { self.init(id: row.id(0), user: row.id(1), device: row.text(2)) }
}

extension Session {
    init(_ row: Row) {
        self.init(
            id: row.id(0), user: row.id(1), device: row.text(2), address: row.optionalText(3),
            via: WayIn(row.text(9), issuer: row.optionalText(10)) ?? .password,
            createdAt: row.timestamp(4), lastUsedAt: row.timestamp(5), factor: row.optionalText(6),
            factorAt: row.optionalTimestamp(7), expiresAt: row.timestamp(8))
    }
}
