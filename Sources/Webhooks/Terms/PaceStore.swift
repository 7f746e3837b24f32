import Access
import Kernel
import Postgres

/// Turns of endpoints with a rate, for all nodes together.
enum PaceStore {
    private static let take = Statement(
        "webhook_pace_reserve",
        """
        insert into webhook_pace (webhook, next_at)
            select id, $2::timestamptz + $3::bigint * interval '1 microsecond' from webhook where id = $1
        on conflict (webhook) do update
            set next_at = greatest(webhook_pace.next_at, $2) + $3::bigint * interval '1 microsecond'
        returning next_at
        """)

    /// The first of so many turns; nil when there is no such webhook.
    nonisolated(nonsending) static func reserve(
        _ turns: Int, every interval: Period, of webhook: WebhookID, at now: Timestamp, in database: Database
    ) async throws -> Timestamp? {
        let length = Period(microseconds: interval.microseconds * Int64(turns))
        let rows = try await database.transaction { transaction in
            try await transaction.query(
                take, .id(webhook), .timestamp(now), .int64(length.microseconds))
        }
        return rows.first.map { $0.timestamp(0) - length }
    }
}
