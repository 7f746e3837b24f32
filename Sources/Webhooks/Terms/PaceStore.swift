import Access
import Kernel
import Postgres

/// Turns of endpoints with a rate, for all nodes together.
enum PaceStore {
    /// By the earlier of two clocks, as `AgreedTime`: a node's that steps forward holds nobody else up, and
    /// what one of them once wrote holds nobody up for longer than a minute. The answer is in its own terms.
    private static let take = Statement(
        "webhook_pace_reserve",
        """
        with clock as (select least($2::timestamptz, clock_timestamp()) as now)
        insert into webhook_pace as p (webhook, next_at)
            select w.id, clock.now + $3::bigint * interval '1 microsecond' from webhook w, clock
            where w.id = $1
        on conflict (webhook) do update
            set next_at = greatest(least(p.next_at, (select now from clock) + interval '1 minute'),
                (select now from clock)) + $3::bigint * interval '1 microsecond'
        returning p.next_at + ($2::timestamptz - (select now from clock))
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
