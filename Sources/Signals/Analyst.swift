package import EventLoop
package import Events
import Kernel

/// Analyses series whose candles changed, one at a time on its worker.
package final class Analyst {
    private let ledger: Ledger
    private let reactor: Reactor
    private var waiting: [Int] = []
    private let bell = Wakeup()
    private var isStopped = false

    package init(ledger: Ledger, reactor: Reactor) { (self.ledger, self.reactor) = (ledger, reactor) }

    /// Remembers series whose candles changed; `wake` begins with them.
    func note(_ series: [Int]) { waiting += series }

    func wake() { bell.wake() }

    /// Waits until none of these has anything left to do.
    nonisolated(nonsending) func settle(_ series: Set<Int>, within limit: Period) async {}
}
