package import Kernel
package import Postgres

/// The order that the whole installation be sealed, as a fact in the authority row.
package enum SealOrder {
    private static let read = Statement("seal_order", "select sealed_at from authority")
    private static let set = Statement(
        "seal_order_set", "update authority set sealed_at = coalesce(sealed_at, $1)")
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
    }

    static nonisolated(nonsending) func clear(in transaction: Transaction) async throws(PostgresError) {
        _ = try await transaction.query(clear)
    }
}
