import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres

/// What time does to factors.
struct FactorJobs {
    /// Rows of one transaction.
    private static let stepRows = 1_000

    let ledger: Ledger

    var jobs: [Job] {
        [
            Job(
                "factor-sweep", "Deletes authenticator apps that were begun and not confirmed in 15 minutes.",
                every: .minutes(5)
            ) { run in
                let deleted = try await run.inSteps(of: Self.stepRows) {
                    try await ledger.change(run.context) { change in
                        let lapsed = run.context.now - Factor.unconfirmedLifetime
                        let rows = try await change.transaction.query(
                            FactorStore.lapse, .timestamp(lapsed), .int(Self.stepRows))
                        if rows.affected > 0 {
                            change.audit(
                                "factors.lapse", nil as FactorID?,
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
