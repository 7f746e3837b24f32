package import Exchanges
package import Kernel

/// Allowed uses of a key that are too many to be judged one by one: what is known of all of them together.
package struct EarlierUses: Sendable, Equatable {
    package var operations: Set<RequestOperation> = []
    package var ways: Set<UseWay> = []
    /// Nil among them: of some it is unknown.
    package var addresses: Set<IPAddress?> = []
    /// Of orders, as they were written. Nil among them: of some it is unknown.
    package var symbols: Set<String?> = []

    package init() {}

    package static let none = EarlierUses()

    /// There are some, and nothing is known of them.
    package static let unknown: EarlierUses = {
        var uses = EarlierUses()
        (uses.operations, uses.ways) = (Set(RequestOperation.allCases), Set(UseWay.allCases))
        (uses.addresses, uses.symbols) = ([nil], [nil])
        return uses
    }()
}

/// Gives the loop to others now and then: judging thousands of requests takes it for long otherwise.
struct PacedWork {
    private static let stretch = 50
    private var done = 0

    mutating func step() async {
        done += 1
        if done.isMultiple(of: Self.stretch) { await Task.yield() }
    }
}
