package import Access
import Synchronization

/// Streams that are open, by principal, over all workers of a node.
package final class StreamLimit: Sendable {
    /// A stream holds a connection and a queue for as long as it likes.
    package static let streamsPerPrincipal = 8

    private struct Open {
        var byPrincipal: [PrincipalID: Int] = [:]
        var inAll = 0
    }

    package let perPrincipal: Int
    private let inAll: Int
    private let open = Mutex(Open())

    package init(perPrincipal: Int = StreamLimit.streamsPerPrincipal, inAll: Int = .max) {
        (self.perPrincipal, self.inAll) = (perPrincipal, inAll)
    }

    /// Nil when there are enough. It is given back when it is let go of.
    /// - Parameter principal: nil: one of nobody's, who counts among all.
    package func place(for principal: PrincipalID?) -> StreamPlace? {
        let isFree = open.withLock { open in
            let own = principal.map { open.byPrincipal[$0, default: 0] } ?? 0
            guard own < perPrincipal, open.inAll < inAll else { return false }
            if let principal { open.byPrincipal[principal] = own + 1 }
            open.inAll += 1
            return true
        }
        return isFree ? StreamPlace { [self] in leave(principal) } : nil
    }

    private func leave(_ principal: PrincipalID?) {
        open.withLock { open in
            open.inAll -= 1
            guard let principal else { return }
            let left = open.byPrincipal[principal, default: 1] - 1
            open.byPrincipal[principal] = left > 0 ? left : nil
        }
    }
}

/// A stream's place among those that may be open; given back when the answer is dropped, streamed or not.
package final class StreamPlace {
    private var actions: [() -> Void]

    fileprivate init(_ action: @escaping () -> Void) { actions = [action] }

    deinit { leave() }

    /// Done with it, before it is given back.
    func onLeave(_ action: @escaping () -> Void) { actions.insert(action, at: 0) }

    package func leave() {
        let left = actions
        actions = []
        for action in left { action() }
    }
}
