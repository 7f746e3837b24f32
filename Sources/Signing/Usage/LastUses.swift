package import Access
package import Kernel
package import Postgres

/// When keys were last used, or somebody tried to.
package enum LastUses {
    private static let read = Statement(
        "usage_last",
        """
        select s.subject, u.at from unnest($1::text[]) as s (subject)
        cross join lateral (
            select at from usage_event where subject = s.subject order by at desc limit 1) as u
        """)

    package nonisolated(nonsending) static func read(
        of keys: [ExchangeKeyID], in transaction: Transaction
    ) async throws -> [ExchangeKeyID: Timestamp] {
        let rows = try await transaction.query(read, .textArray(keys.map(\.description)))
        return rows.reduce(into: [:]) { uses, row in
            if let key = ExchangeKeyID(row.text(0)) { uses[key] = row.timestamp(1) }
        }
    }
}
