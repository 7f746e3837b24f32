import EventLoop
import Kernel

/// Notices a server that is there and says nothing: a disk that hangs, a host that stands still. What waits
/// for it fails then, as when it is gone, and so does what comes, until it answers again.
///
/// Time is counted in looks: a node that stood still itself has heard nothing either.
final class SilenceWatch {
    struct Patience: Sendable {
        var look: Period = .seconds(1)
        /// Looks in a row at which a session waited and had heard nothing. A long statement takes that, too,
        /// so somebody is asked then.
        var looks = 5
        /// Of whoever asks, by a session that is opened for it.
        var question: Period = .seconds(5)
    }

    private let links: [Link]
    private let connector: Connector
    private let patience: Patience
    private let bell = Wakeup()
    private var isStopped = false
    var onChange: ((_ isSilent: Bool) -> Void)?
    /// Rings at every look.
    var onLook: (() -> Void)?

    init(_ links: [Link], _ connector: Connector, _ patience: Patience) {
        (self.links, self.connector, self.patience) = (links, connector, patience)
    }

    func stop() {
        isStopped = true
        bell.wake()
    }

    nonisolated(nonsending) func run() async {
        while !isStopped {
            await rest()
            onLook?()
            dropOverdue()
            guard isQuietAgain, await isUnanswered(), !isHeard(), !isStopped else { continue }
            onChange?(true)
            for link in links { link.hold() }
            repeat { await rest() } while await isUnanswered() && !isStopped
            for link in links { link.release() }
            if !isStopped { onChange?(false) }
        }
    }

    /// Whether any session has heard something while the question was on its way: one statement that takes
    /// long is not a server that is silent.
    private func isHeard() -> Bool {
        let waiting = links.filter { $0.quietLooks > 0 }
        for link in links { link.look() }
        return waiting.contains { $0.quietLooks == 0 } || !links.contains { $0.quietLooks > patience.looks }
    }

    /// Not asked about at every look of a long statement.
    private var isQuietAgain: Bool {
        links.contains { $0.quietLooks > 0 && $0.quietLooks.isMultiple(of: patience.looks) }
    }

    /// The server itself ends statements; of one that outlives its time there, no word will come.
    private func dropOverdue() {
        for link in links { link.look() }
        let limit = connector.settings.statementTimeout
        guard limit > .seconds(0) else { return }
        let overdue = limit.nanoseconds / patience.look.nanoseconds + Int64(patience.looks)
        for link in links where Int64(link.quietLooks) >= overdue { link.drop() }
    }

    private nonisolated(nonsending) func isUnanswered() async -> Bool {
        await !connector.isAnswered(within: patience.question)
    }

    private nonisolated(nonsending) func rest() async {
        if isStopped { return }
        let reactor = connector.reactor
        let timer = reactor.schedule(afterNanoseconds: patience.look.nanoseconds) { self.bell.wake() }
        await bell.wait()
        reactor.cancel(timer)
    }
}
