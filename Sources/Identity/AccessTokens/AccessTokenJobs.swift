import Access
package import Events
import JSON
package import Jobs
import Kernel
import Postgres

/// What access tokens leave behind.
package struct AccessTokenJobs {
    private static let stepRows = 10_000

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var jobs: [Job] {
        [
            Job(
                "access-token-nonces", "Drops nonces of signed requests that are too old to be repeated.",
                every: .minutes(5), run: dropNonces)
        ]
    }

    private nonisolated(nonsending) func dropNonces(_ run: JobRun) async throws -> JSONObject {
        let dropped = try await run.inSteps(of: Self.stepRows) {
            try await ledger.database.transaction { transaction in
                try await transaction.query(
                    UseCharge.dropNonces, .timestamp(run.context.now - UseCharge.noncesKept),
                    .int(Self.stepRows)
                ).count
            }
        }
        var result = JSONObject()
        _ = result.append("dropped", .number(JSONNumber(dropped)))
        return result
    }
}
