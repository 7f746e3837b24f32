import Kernel
import Synchronization

/// What /readyz and /metrics tell about the node as a whole, written by whoever knows, read from every loop.
package final class NodeState: Sendable {
    private struct Facts {
        var isDraining = false
        var horizonLagSeconds = 0.0
        var isAuditExported = true
        var pendingApprovals = 0
    }

    private let facts = Mutex(Facts())

    package init() {}

    var isDraining: Bool { facts.withLock { $0.isDraining } }
    var horizonLagSeconds: Double { facts.withLock { $0.horizonLagSeconds } }
    var isAuditExported: Bool { facts.withLock { $0.isAuditExported } }

    var pendingApprovals: Int { facts.withLock { $0.pendingApprovals } }

    func drain() { facts.withLock { $0.isDraining = true } }
    func note(horizonLagSeconds: Double) { facts.withLock { $0.horizonLagSeconds = horizonLagSeconds } }
    func note(pendingApprovals: Int) { facts.withLock { $0.pendingApprovals = pendingApprovals } }
    func note(isAuditExported: Bool) { facts.withLock { $0.isAuditExported = isAuditExported } }
}
