import Synchronization

/// What all workers of a node do with the database at this moment, for metrics.
package final class DatabaseUse: Sendable {
    private let open = Atomic<Int>(0)
    private let waiting = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)

    private let tried = Atomic<Int>(0)
    private let refusal = Mutex<WriteRefusal?>(nil)

    package init() {}

    /// Why the server takes no writes, as far as is known: what was refused last. Nil: it takes them.
    package var refusedWrite: WriteRefusal? { refusal.withLock { $0 } }
    package func refused(_ why: WriteRefusal) { refusal.withLock { $0 = why } }
    /// A new session could write.
    func tookWrite() {
        tried.add(1, ordering: .relaxed)
        refusal.withLock { $0 = nil }
    }
    var writesTried: Int { tried.load(ordering: .relaxed) }

    package var connections: Int { open.load(ordering: .relaxed) }
    /// Callers in line for a connection of their own.
    package var callersWaiting: Int { waiting.load(ordering: .relaxed) }
    /// Callers whose wait was too long, or who found the line full.
    package var callersRefused: Int { refused.load(ordering: .relaxed) }

    func opened() { open.add(1, ordering: .relaxed) }
    func closed() { open.subtract(1, ordering: .relaxed) }
    func beganToWait() { waiting.add(1, ordering: .relaxed) }
    func endedToWait() { waiting.subtract(1, ordering: .relaxed) }
    func wasRefused() { refused.add(1, ordering: .relaxed) }
}
