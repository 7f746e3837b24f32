package import Kernel
package import Postgres

/// The order that the whole installation be sealed, as a fact in the authority row.
package enum SealOrder {
    /// Every node listens here.
    static let channel = "keybell_seal"

    private static let read = Statement("seal_order", "select sealed_at from authority")
    private static let set = Statement(
        "seal_order_set", "update authority set sealed_at = coalesce(sealed_at, $1)")
    private static let notify = Statement("seal_order_notify", "select pg_notify($1, '')")
    private static let clear = Statement("seal_order_clear", "update authority set sealed_at = null")

    /// Since when; nil: there is none.
    package nonisolated(nonsending) static func read(
        _ source: any Queryable
    ) async throws(PostgresError) -> Timestamp? {
        try await source.query(read).first?.optionalTimestamp(0)
    }

    static nonisolated(nonsending) func set(
        at now: Timestamp, in transaction: Transaction
    ) async throws(PostgresError) {
        _ = try await transaction.query(set, .timestamp(now))
        try await tell(in: transaction)
    }

    /// Wakes every node once this is committed.
    static nonisolated(nonsending) func tell(in transaction: Transaction) async throws(PostgresError) {
        _ = try await transaction.query(notify, .text(channel))
    }

    static nonisolated(nonsending) func clear(in transaction: Transaction) async throws(PostgresError) {
        _ = try await transaction.query(clear)
        try await tell(in: transaction)
    }
}
