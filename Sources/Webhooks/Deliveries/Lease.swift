package import Kernel

/// Who sends a delivery, and until when others leave it alone. The row's `due_at` is the end of the lease, by
/// the database's clock: nodes' clocks differ.
package struct Lease: Sendable {
    /// Longer than the longest attempt, so that a living sender's attempt ends before its lease; short,
    /// because it is how long a message of a killed node waits.
    package static let length = Period.seconds(20)
    /// What is held longer (waiting for its turn) is renewed this often.
    package static let renewal = Period.seconds(6)

    /// A process, from its start to its end.
    package let node: UUID
}
