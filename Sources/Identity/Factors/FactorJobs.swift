import Access
import Events
import Jobs
import Kernel

/// What time does to factors.
struct FactorJobs {
    let ledger: Ledger

    var jobs: [Job] {
        [
            Job(
                "factor-sweep", "Deletes authenticator apps that were begun and not confirmed in 15 minutes.",
                every: .minutes(5)
            ) { run in
                try await LapsedRows(delete: FactorStore.lapse, action: "factors.lapse")
                    .sweep(before: run.context.now - Factor.unconfirmedLifetime, by: ledger, run)
            }
        ]
    }
}
