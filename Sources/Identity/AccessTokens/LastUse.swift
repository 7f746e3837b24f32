import Access
import Kernel
import Postgres

/// When access tokens, or sessions, were used, to the minute, gathered and written in one statement: never on
/// a request's path.
struct LastUse<Kind: IDKind> {
    static var every: Period { .minutes(1) }
    /// Uses gathered between two flushes; more are forgotten, as the next use tells the same.
    static var pendingAtMost: Int { 10_000 }

    private(set) var pending: [ID<Kind>: Timestamp] = [:]

    mutating func note(_ id: ID<Kind>, at now: Timestamp) {
        if pending.count < Self.pendingAtMost || pending[id] != nil { pending[id] = now }
    }

    mutating func take() -> [ID<Kind>: Timestamp] {
        defer { pending = [:] }
        return pending
    }
}

extension AccessTokenStore {
    /// Rows that somebody holds are skipped: their next use is noted again. Ordered, so that workers cannot
    /// deadlock.
    static let noteUse = Statement(
        "access_token_used",
        """
        update access_token t set last_used_at = u.at
        from unnest($1::uuid[], $2::timestamptz[]) as u (id, at)
        where t.id = u.id and t.id in (
            select id from access_token where id = any($1::uuid[])
                and (last_used_at is null or last_used_at < $3)
            order by id for no key update skip locked)
        """)
}
