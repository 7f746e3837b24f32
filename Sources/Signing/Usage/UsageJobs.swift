import Access
package import Events
import JSON
package import Jobs
import Kernel
import Postgres

/// What became of uses that nobody heard of.
package struct UsageJobs {
    /// Events of one transaction.
    private static let stepRows = 200
    /// How long the answer of an exchange may take, and its way here.
    private static let patience: Period = .seconds(60)

    /// What was sent and not heard of in time, and what is known to be unknown: told once. Rows that the
    /// outcome is just being written to are left to the next run.
    private static let settle = Statement(
        "usage_settle",
        """
        with due as materialized (
            select id, at from usage_event
            where outcome in ('authorised', 'unknown') and told_at is null and lane is not null
                and (at < $2 or outcome = 'unknown')
            order by at limit $3 for no key update skip locked
        )
        update usage_event u set outcome = 'unknown', told_at = $1,
            answered_at = coalesce(u.answered_at, $1)
        from due where u.at = due.at and u.id = due.id
        returning u.id, u.at, u.subject, u.data
        """)

    /// Of rows that came since the last time; lists look through what has no summary.
    private static let summarise = Statement(
        "usage_summarise_pages",
        """
        select coalesce(sum(brin_summarize_new_values(i.indexrelid)), 0)::bigint
        from pg_inherits p join pg_index i on i.indrelid = p.inhrelid join pg_class c on c.oid = i.indexrelid
            join pg_am a on a.oid = c.relam
        where p.inhparent = 'usage_event'::regclass and a.amname = 'brin'
        """)

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var jobs: [Job] {
        [
            Job(
                "usage-settle",
                "Tells of requests whose outcome is unknown, and keeps the index of uses up to date.",
                every: .seconds(30), run: settle)
        ]
    }

    private nonisolated(nonsending) func settle(_ run: JobRun) async throws -> JSONObject {
        let told = try await run.inSteps(of: Self.stepRows) {
            try await ledger.change(run.context) { change in
                let now = change.context.now
                let rows = try await change.transaction.query(
                    Self.settle, .timestamp(now), .timestamp(now - Self.patience), .int(Self.stepRows))
                for row in rows.sorted(by: { $0.timestamp(1) < $1.timestamp(1) }) {
                    let told = try JSONValue.parse(row.json(3))
                    // A question without an answer changed nothing.
                    guard told["operation"] != "read", let data = told.asObject else { continue }
                    change.emit(NewEvent(.keyUseUnknown, subject: row.text(2), data: data))
                }
                return rows.count
            }
        }
        let pages = try await ledger.database.transaction { transaction in
            try await transaction.query(Self.summarise).first?.int64(0) ?? 0
        }
        var result = JSONObject()
        _ = result.append("events", .number(JSONNumber(Int64(told))))
        _ = result.append("summarised", .number(JSONNumber(pages)))
        return result
    }
}
