import HTTPServer
package import Postgres

/// The one row that says what is allowed right now. Whoever takes authority away or changes it raises the
/// epoch in its transaction; whoever relies on a snapshot of authority reads the epoch along and decides
/// again when it moved.
package enum Authority {
    /// Held exclusively by a change until its commit, shared by a batch that acts on authority.
    package static let advisoryLock: Int64 = 0x6B62_6175_7468  // "kbauth"

    package static let readEpoch = Statement(
        "authority_epoch", "select epoch, configuration from authority")

    package typealias State = (epoch: Int64, configuration: Int64)

    private static let readRestore = Statement(
        "authority_restore", "select restored_at from authority")
    private static let readState = Statement(
        "authority_state", "select epoch, restored_at, configuration from authority")
    private static let lockExclusively = Statement(
        "authority_lock", "select pg_advisory_xact_lock($1)")
    private static let lockShared = Statement("authority_share", "select pg_advisory_xact_lock_shared($1)")
    /// With what it touched; the oldest entries go, so that the log stays as long as it is.
    private static let raiseEpoch = Statement(
        "authority_raise",
        """
        with raised as (update authority set epoch = epoch + 1 returning epoch),
            told as (insert into authority_change (epoch, touched) select epoch, $1 from raised),
            gone as (delete from authority_change c using raised where c.epoch <= raised.epoch - $2)
        select epoch from raised
        """)
    private static let holdStill = Statement("authority_hold", "select hold_authority($1, $2)")
    /// Raised by `hold_authority` alone.
    private static let movedState = "KB001"
    private static let raiseConfiguration = Statement(
        "authority_configure", "update authority set configuration = configuration + 1")

    /// The last wait of a transaction that changes authority: it drains batches in flight and holds them off
    /// for one commit. The audit entry comes after it, never before.
    package nonisolated(nonsending) static func lock(in transaction: Transaction) async throws {
        _ = try await transaction.query(lockExclusively, .int64(advisoryLock))
    }

    /// Held by whoever acts on authority until its record is committed: no change of authority commits
    /// meanwhile. A statement of its own, so that what is read next is newer than the lock.
    package nonisolated(nonsending) static func share(in transaction: Transaction) async throws {
        _ = try await transaction.query(lockShared, .int64(advisoryLock))
    }

    /// Throws while a restore waits to be confirmed: what was revoked since the backup may stand as usable.
    package nonisolated(nonsending) static func checkConfirmed(in transaction: Transaction) async throws {
        guard try await transaction.query(readRestore).first?.optionalTimestamp(0) == nil else {
            throw unconfirmed
        }
    }

    /// The same for a batch, which waits for all its answers at once: sent, and read with `state(_:)`.
    package static func sendShare(in transaction: Transaction) -> (
        lock: Postgres.Query, state: Postgres.Query
    ) {
        let lock = transaction.send(lockShared, [.int64(advisoryLock)])
        return (lock, transaction.send(readState, []))
    }

    /// What the row says, of an answer to `sendShare`'s second statement.
    package static func state(_ rows: Rows) throws -> State {
        guard let row = rows.first else { return (0, 0) }
        guard row.optionalTimestamp(1) == nil else { throw unconfirmed }
        return (row.int64(0), row.int64(2))
    }

    private static var unconfirmed: Problem {
        Problem(
            .restoreUnconfirmed,
            "The database was restored from a backup. Nothing is used until an owner has confirmed it.")
    }

    /// Both numbers for whoever reacts to events: asked once in a transaction, with its first statement of
    /// that kind, so that nobody waits for them twice.
    @discardableResult
    package static func ask(in source: any Queryable) -> Postgres.Query {
        if let transaction = source as? Transaction { return transaction.once(readEpoch) }
        return source.send(readEpoch, [])
    }

    package nonisolated(nonsending) static func numbers(in source: any Queryable) async throws -> State {
        guard let row = try await ask(in: source).rows().first else { throw PostgresError.unavailable }
        return (row.int64(0), row.int64(1))
    }

    /// Which rules, webhooks and routes there are, for whoever would act by a snapshot of them.
    package nonisolated(nonsending) static func configuration(in source: any Queryable) async throws -> Int64
    {
        try await source.query(readEpoch).first?.int64(1) ?? 0
    }

    /// Sends the comparison of what a request was let in by. Where that was touched since, the transaction
    /// fails, with an error that `saysMoved`.
    package static func sendHold(
        _ basis: AuthorityHold.Basis, in transaction: Transaction
    ) -> Postgres.Query {
        transaction.send(
            holdStill, [.int64(basis.epoch), .textArray(basis.grounds.map(\.description))])
    }

    package static func saysMoved(_ failure: ServerError) -> Bool { failure.sqlState == movedState }

    /// How many changes of authority are told to whoever comes later.
    package static let changesKept = 10_000

    /// - Parameter touched: nil is everything.
    package nonisolated(nonsending) static func raise(
        touching touched: Set<Touched>?, in transaction: Transaction
    ) async throws -> Int64 {
        let texts = touched.map { $0.map(\.description).sorted() }
        return try await transaction.query(raiseEpoch, .textArray(texts), .int(changesKept)).first?.int64(0)
            ?? 0
    }

    /// Rules, webhooks and routes changed: snapshots of them are stale.
    package nonisolated(nonsending) static func configure(in transaction: Transaction) async throws {
        _ = try await transaction.query(raiseConfiguration)
    }
}
