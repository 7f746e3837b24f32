import Access
package import Events
import JSON
package import Jobs
import Kernel
import Postgres

/// What time does to grants.
package struct GrantJobs {
    /// Rows of one transaction.
    private static let stepRows = 1_000

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var jobs: [Job] {
        [
            Job(
                "grant-retention", "Deletes grants 30 days after they lapsed; they count for nothing since.",
                every: .hours(24)
            ) { run in
                let deleted = try await run.inSteps(of: Self.stepRows) {
                    try await ledger.change(run.context) { change in
                        let rows = try await change.transaction.query(
                            GrantStore.lapse, .timestamp(run.context.now - Grant.lapsedKept),
                            .int(Self.stepRows))
                        if rows.affected > 0 {
                            change.audit(
                                "grants.retention", nil as GrantID?,
                                detail: ["deleted": .number(JSONNumber(Int64(rows.affected)))])
                        }
                        return rows.affected
                    }
                }
                return JSONObject(members: [("deleted", .number(JSONNumber(Int64(deleted))))])
            }
        ]
    }
}
