import Access
import Kernel
import Postgres

/// When and from where access tokens were used, to the minute, gathered and written in one statement: never
/// on a request's path.
struct LastUse {
    static let every: Period = .minutes(1)
    /// Uses gathered between two flushes; more are forgotten, as the next use tells the same.
    static let pendingAtMost = 10_000

    struct Use: Equatable {
        let at: Timestamp
        /// Nil for a peer on a unix socket.
        let address: IPAddress?
    }

    private(set) var pending: [AccessTokenID: Use] = [:]

    mutating func note(_ token: AccessTokenID, from address: IPAddress?, at now: Timestamp) {
        if pending.count < Self.pendingAtMost || pending[token] != nil {
            pending[token] = Use(at: now, address: address)
        }
    }

    mutating func take() -> [AccessTokenID: Use] {
        defer { pending = [:] }
        return pending
    }

    /// What cannot be written waits for the next time.
    mutating func giveBack(_ uses: [AccessTokenID: Use]) {
        pending.merge(uses) { newer, _ in newer }
    }

    /// Rows that somebody holds are skipped: their next use is noted again. Ordered, so that workers cannot
    /// deadlock.
    private static let write = Statement(
        "access_token_used",
        """
        update access_token t set last_used_at = u.at, last_used_address = u.address
        from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as u (id, at, address)
        where t.id = u.id and t.id in (
            select id from access_token where id = any($1::uuid[])
                and (last_used_at is null or last_used_at < $4)
            order by id for no key update skip locked)
        """)

    static nonisolated(nonsending) func write(
        _ uses: [AccessTokenID: Use], to database: Database, now: Timestamp
    ) async throws {
        let uses = uses.sorted { $0.key < $1.key }
        _ = try await database.transaction { transaction in
            try await transaction.query(
                write, .idArray(uses.map(\.key)), .timestampArray(uses.map(\.value.at)),
                .optionalTextArray(uses.map { $0.value.address?.description }), .timestamp(now - every))
        }
    }
}
