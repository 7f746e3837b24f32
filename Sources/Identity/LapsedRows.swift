import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres

/// Rows that count for nothing any more, deleted by a job: some in a transaction, each on record.
struct LapsedRows {
    /// Rows of one transaction.
    private static let stepRows = 1_000

    /// Deletes those that lapsed before `$1`, at most `$2`.
    let delete: Statement
    /// As the trail calls it.
    let action: String

    nonisolated(nonsending) func sweep(
        before moment: Timestamp, by ledger: Ledger, _ run: JobRun
    ) async throws -> JSONObject {
        let deleted = try await run.inSteps(of: Self.stepRows) {
            try await ledger.change(run.context) { change in
                let rows = try await change.transaction.query(
                    delete, .timestamp(moment), .int(Self.stepRows))
                if rows.affected > 0 {
                    change.audit(
                        action, nil as String?,
                        detail: ["deleted": .number(JSONNumber(Int64(rows.affected)))])
                }
                return rows.affected
            }
        }
        return JSONObject(members: [("deleted", .number(JSONNumber(Int64(deleted))))])
    }
}
