import Access
import Events
import JSON
import Kernel
import Postgres

/// Deletes observations of a metric, or the metric.
struct MetricDeletion {
    let token: TokenID
    let metric: String
    let source: String
    /// `[from, to)`; without both the metric itself. What is deleted stays known to `as_of` until now.
    let from: Timestamp?
    let to: Timestamp?

    private static let lock = Statement(
        "metric_series_lock_one",
        """
        select id from metric_series
        where token_id = $1 and metric = $2 and source = $3 and ended_at is null for update
        """)
    private static let deleteRange = Statement(
        "metric_range_delete",
        """
        with gone as (
            delete from metric_value where series = $1 and time >= $2 and time < $3
            returning series, time, value, known_at, revision
        ), kept as (
            insert into metric_value_revision (series, time, value, known_at, ended_at, revision)
            select series, time, value, known_at, greatest($4, known_at + interval '1 microsecond'), revision
            from gone
        )
        update metric_series s set observations = s.observations - (select count(*) from gone),
            newest = (
                select max(v.time) from metric_value v
                where v.series = $1 and not (v.time >= $2 and v.time < $3))
        where s.id = $1
        returning (select count(*)::int4 from gone)
        """)
    private static let end = Statement(
        "metric_series_end",
        """
        update metric_series set ended_at = greatest($2, created_at + interval '1 microsecond') where id = $1
        """)

    /// How many observations went; nil where there is no such metric.
    nonisolated(nonsending) func run(in change: Change) async throws -> Int? {
        let transaction = change.transaction
        let found = try await transaction.query(Self.lock, .id(token), .text(metric), .text(source))
        guard let series = found.first?.int(0) else { return nil }
        let rows = try await transaction.query(
            Self.deleteRange, .int(series), .timestamp(from ?? Timestamp(microseconds: .min)),
            .timestamp(to ?? .farFuture), .timestamp(change.context.now))
        if from == nil && to == nil {
            try await transaction.query(Self.end, .int(series), .timestamp(change.context.now))
        }
        let count = rows.first?.int(0) ?? 0
        if metric == SuppliedSeries.sentiment, count > 0 {
            let range: [(token: TokenID, time: Timestamp)] = [
                (token, from ?? Timestamp(microseconds: 0)), (token, to ?? .farFuture),
            ]
            try await SuppliedSeries.note(observed: range, in: transaction)
        }
        change.audit("token_metrics.delete", token, detail: detail(count))
        return count
    }

    private func detail(_ count: Int) -> JSONValue {
        [
            "metric": .string(metric), "source": .string(source),
            "from": from.map { .string($0.description) } ?? .null,
            "to": to.map { .string($0.description) } ?? .null,
            "observations": .number(JSONNumber(count)),
        ]
    }
}
