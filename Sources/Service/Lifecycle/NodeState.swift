import Kernel
import Synchronization

/// What /readyz and /metrics tell about the node as a whole, written by whoever knows, read from every loop.
package final class NodeState: Sendable {
    private struct Facts {
        var isDraining = false
        var horizonLagSeconds = 0.0
        var isAuditExported = true
        var pendingApprovals = 0
        var liveNodes = 1
    }

    private let facts = Mutex(Facts())

    package init() {}

    var isDraining: Bool { facts.withLock { $0.isDraining } }
    var horizonLagSeconds: Double { facts.withLock { $0.horizonLagSeconds } }
    var isAuditExported: Bool { facts.withLock { $0.isAuditExported } }

    var pendingApprovals: Int { facts.withLock { $0.pendingApprovals } }

    /// How many share the work that is divided, this one too.
    var liveNodes: Int { facts.withLock { $0.liveNodes } }

    func drain() { facts.withLock { $0.isDraining = true } }
    func note(horizonLagSeconds: Double) { facts.withLock { $0.horizonLagSeconds = horizonLagSeconds } }
    func note(pendingApprovals: Int) { facts.withLock { $0.pendingApprovals = pendingApprovals } }
    func note(liveNodes: Int) { facts.withLock { $0.liveNodes = max(1, liveNodes) } }
    func note(isAuditExported: Bool) { facts.withLock { $0.isAuditExported = isAuditExported } }
}
