package import Access
package import EventLoop
import Kernel
package import Postgres

/// The feed as one worker follows it: one reader for all who wait. Woken by this worker's own commits, by the
/// notifications of others, and, as the net under both, every 250 ms. Without subscribers it reads nothing.
package final class EventFeed {
    /// What is new is seen after that long at the latest.
    private static let pollEvery: Period = .milliseconds(250)
    /// Events of one read: what a follower that keeps up can hold.
    private static let pageEvents = EventSubscription.queuedAtMost

    private let reader: HorizonReader
    private let reactor: Reactor
    private let listener: NotificationListener
    private let bell = Wakeup()
    private let ear = Ear()
    private var subscribers: [ObjectIdentifier: EventSubscription] = [:]
    private var place: EventPosition?
    private var isStopped = false

    package init(_ database: Database, things: TargetSource = .none, reactor: Reactor) {
        let (bell, ear) = (bell, ear)
        reader = HorizonReader(database, things: things)
        self.reactor = reactor
        let channels = [Notifier.channel, Notifier.backlog]
        listener = NotificationListener(database.connector, channels: channels) { event in
            if case .notification(Notifier.backlog, _) = event { ear.onBacklog?() } else { bell.wake() }
        }
    }

    private final class Ear {
        var onBacklog: (() -> Void)?
    }

    /// Told when a worker or node has more to do than it does at once.
    package var onBacklog: (() -> Void)? {
        get { ear.onBacklog }
        set { ear.onBacklog = newValue }
    }

    /// Follows until `stop`, on the loop of `worker`.
    package func start(on worker: isolated Worker) {
        listener.start(on: worker)
        worker.spawn {
            await self.follow()
        }
    }

    /// Ends every subscription.
    package func stop() {
        isStopped = true
        listener.stop()
        for subscriber in subscribers.values { subscriber.end() }
        bell.wake()
    }

    /// Ends every subscription that there is; others may come.
    package func endStreams() {
        for subscriber in subscribers.values { subscriber.end() }
    }

    /// There may be something new: for `Ledger.onEvents`.
    package func wake() { bell.wake() }

    /// Everything behind `position`, or from now on. Whoever subscribes must end the subscription.
    package nonisolated(nonsending) func subscribe(
        to filter: EventFilter, after position: EventPosition? = nil
    ) async throws(PostgresError) -> EventSubscription {
        let end = try await reader.end()
        let live = max(place ?? end.next, position ?? end.next)
        let subscription = EventSubscription(
            filter, after: position ?? live, until: live, epoch: end.epoch, reader: reader
        ) { [weak self] in self?.forget($0) }
        if place == nil { place = end.next }
        subscribers[ObjectIdentifier(subscription)] = subscription
        bell.wake()
        if isStopped { subscription.end() }
        return subscription
    }

    private func forget(_ subscription: EventSubscription) {
        subscribers[ObjectIdentifier(subscription)] = nil
        if subscribers.isEmpty { place = nil }
    }

    private nonisolated(nonsending) func follow() async {
        while !isStopped {
            if subscribers.isEmpty {
                await bell.wait()
            } else {
                let timer = reactor.schedule(afterNanoseconds: Self.pollEvery.nanoseconds) { [bell] in
                    bell.wake()
                }
                await bell.wait()
                reactor.cancel(timer)
            }
            await readOn()
        }
    }

    /// A failed read is tried again at the next poll: the place has not moved.
    private nonisolated(nonsending) func readOn() async {
        while !isStopped, let from = place,
            let page = try? await reader.read(after: from, limit: Self.pageEvents)
        {
            // While we waited the last subscriber may have left, and another come: its place is the newer
            // one.
            guard place == from else { continue }
            place = page.next
            for subscriber in subscribers.values { subscriber.deliver(page) }
            if !page.isFull { return }
        }
    }
}
