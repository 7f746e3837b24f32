import Access
import Kernel
import Postgres

/// When and from where access tokens, or sessions, were used, to the minute, gathered and written in one
/// statement: never on a request's path.
final class LastUse<Kind: IDKind> {
    static var every: Period { .minutes(1) }
    /// Uses gathered between two flushes; more are forgotten, as the next use tells the same.
    static var pendingAtMost: Int { 10_000 }

    struct Use: Equatable {
        let at: Timestamp
        /// Nil for a peer on a unix socket.
        let address: IPAddress?
    }

    private(set) var pending: [ID<Kind>: Use] = [:]

    func note(_ id: ID<Kind>, from address: IPAddress?, at now: Timestamp) {
        if pending.count < Self.pendingAtMost || pending[id] != nil {
            pending[id] = Use(at: now, address: address)
        }
    }

    /// What cannot be written waits for the next time.
    /// - Parameter statement: takes ids, times, addresses, and the time before which a use is worth a row.
    nonisolated(nonsending) func flush(
        by statement: Statement, to database: Database, now: Timestamp
    ) async throws {
        guard !pending.isEmpty else { return }
        let taken = pending
        pending = [:]
        do {
            try await Self.write(taken, by: statement, to: database, now)
        } catch {
            pending.merge(taken) { newer, _ in newer }
            throw error
        }
    }

    private static nonisolated(nonsending) func write(
        _ uses: [ID<Kind>: Use], by statement: Statement, to database: Database, _ now: Timestamp
    ) async throws {
        let uses = uses.sorted { $0.key < $1.key }
        _ = try await database.transaction { transaction in
            try await transaction.query(
                statement, .idArray(uses.map(\.key)), .timestampArray(uses.map(\.value.at)),
                .optionalTextArray(uses.map { $0.value.address?.description }), .timestamp(now - every))
        }
    }
}

extension AccessTokenStore {
    /// Rows that somebody holds are skipped: their next use is noted again. Ordered, so that workers cannot
    /// deadlock. Who writes late, since the database was away, sets nothing back.
    static let noteUse = Statement(
        "access_token_used",
        """
        update access_token t set last_used_at = u.at, last_used_address = u.address
        from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as u (id, at, address)
        where t.id = u.id and (t.last_used_at is null or t.last_used_at < u.at) and t.id in (
            select id from access_token where id = any($1::uuid[])
                and (last_used_at is null or last_used_at < $4)
            order by id for no key update skip locked)
        """)
}
