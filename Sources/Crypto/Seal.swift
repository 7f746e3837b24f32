import Synchronization

/// The keys of a node, or nothing. Whoever opens or makes secrets asks here at each use and keeps nothing:
/// once closed, every key is wiped as soon as those who are using it let go.
package final class Seal: Sendable {
    private struct State {
        var opened: Opened?
        var edition = 0
    }

    private let state = Mutex(State())
    private let isOpenNow = Atomic(false)

    /// Closed.
    package init() {}

    /// Open.
    package convenience init(_ opened: Opened) {
        self.init()
        open(with: opened)
    }

    /// The keys of the moment.
    package func opened() throws(SealedError) -> Opened {
        guard let opened = state.withLock({ $0.opened }) else { throw SealedError() }
        return opened
    }

    /// For every request: costs no lock.
    package var isOpen: Bool { isOpenNow.load(ordering: .acquiring) }

    /// Changes with every opening and closing, so that who decided by an older state can tell.
    package var edition: Int { state.withLock { $0.edition } }

    /// - Parameter expected: nothing happens when the edition is another by now.
    @discardableResult
    package func open(with opened: Opened, ifEdition expected: Int? = nil) -> Bool {
        set(opened, expected)
    }

    @discardableResult
    package func close(ifEdition expected: Int? = nil) -> Bool { set(nil, expected) }

    private func set(_ opened: Opened?, _ expected: Int?) -> Bool {
        // What was open is let go after the lock: wiping takes a while.
        var former: Opened?
        let isSet = state.withLock { state in
            guard expected ?? state.edition == state.edition else { return false }
            former = state.opened
            state.opened = opened
            state.edition += 1
            isOpenNow.store(opened != nil, ordering: .releasing)
            return true
        }
        withExtendedLifetime(former) {}
        return isSet
    }
}

/// This node is sealed: it has no keys.
package struct SealedError: Error, Sendable, Equatable, CustomStringConvertible {
    package init() {}

    package var description: String { "this node is sealed" }
}
