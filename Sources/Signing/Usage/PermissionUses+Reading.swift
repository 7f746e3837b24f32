package import Access
import Exchanges
package import Kernel
package import Keys
package import Postgres

extension PermissionUses {
    private static let span: Period = .days(90)

    private static let read = Statement(
        "usage_of_permissions",
        """
        select operation, count(*), min(at), max(at) from usage_event
        where subject = $1 and at >= $2 and verdict = 'allowed' group by operation
        """)

    /// What was allowed of a key in the last 90 days, or reported of it.
    package nonisolated(nonsending) static func read(
        of key: ExchangeKeyID, now: Timestamp, in database: Database
    ) async throws -> PermissionUses {
        let since = now - span
        let rows = try await database.report(read, .text(key.description), .timestamp(since))
        let found = rows.compactMap { row in
            RequestOperation(rawValue: row.text(0)).map {
                Operation($0, uses: row.int(1), first: row.timestamp(2), last: row.timestamp(3))
            }
        }
        return PermissionUses(
            since: since,
            operations: RequestOperation.allCases.compactMap { operation in
                found.first { $0.operation == operation }
            })
    }
}
