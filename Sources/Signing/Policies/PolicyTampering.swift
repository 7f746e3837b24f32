import Access
import Audit
import Events
import JSON
import Kernel

/// Somebody wrote past the service: a policy that counts is not what was published, or is gone.
struct PolicyTampering: Hashable, Sendable {
    /// `key_…`, `acc_…` or `desk`.
    let owner: String
    let table: String

    nonisolated(nonsending) func tell(_ ledger: Ledger, _ context: Context) async throws {
        try await ledger.record(context) { change in
            change.audit("policies.tampered", owner, outcome: .denied)
            change.emit(
                NewEvent(
                    .policyTampered, subject: owner,
                    ["owner": .string(owner), "found_in": .string(table)]))
        }
    }
}
