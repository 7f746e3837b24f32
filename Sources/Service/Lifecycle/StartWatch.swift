import EventLoop
import Kernel
import Synchronization

/// Says, as long as a start takes, what it waits for: a start that waits must not look like one that hangs.
final class StartWatch: Sendable {
    /// A start takes a second, the very first one a few.
    private static let pauseNanoseconds: Int64 = 5_000_000_000

    private let doing: Mutex<String?>
    private let log: Log

    init(_ log: Log, doing: String) {
        self.log = log
        self.doing = Mutex(doing)
    }

    func begins(_ what: String) { doing.withLock { $0 = what } }

    func end() { doing.withLock { $0 = nil } }

    func run(on worker: isolated Worker) {
        let reactor = worker.reactor
        worker.spawn {
            while true {
                await reactor.sleep(nanoseconds: Self.pauseNanoseconds)
                guard let doing = self.doing.withLock({ $0 }) else { return }
                self.log.warning("still starting", ["waits_for": .text(doing)])
            }
        }
    }
}
