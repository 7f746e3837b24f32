import Access
package import Events
package import Jobs
import Kernel

/// What time does to grants.
package struct GrantJobs {
    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var jobs: [Job] {
        [
            Job(
                "grant-retention", "Deletes grants 30 days after they lapsed; they count for nothing since.",
                every: .hours(24)
            ) { run in
                try await LapsedRows(delete: GrantStore.lapse, action: "grants.retention")
                    .sweep(before: run.context.now - Grant.lapsedKept, by: ledger, run)
            }
        ]
    }
}
