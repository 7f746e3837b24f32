import EventLoop
package import Postgres

/// One follower of the feed. First what lies between its own place and the feed's, read at its own pace; then
/// what the feed delivers, at most `queuedAtMost` events behind.
package final class EventSubscription {
    /// A follower that is further behind is let go: it comes back with its cursor.
    package static let queuedAtMost = 256

    package struct Batch: Sendable {
        package let events: [FeedEvent]
        /// Behind the last of them.
        package let position: EventPosition
        /// `authority.epoch` when they were read.
        package let epoch: Int64
    }

    /// What it is for, and what its owner may see; the owner's permissions may change on the way.
    package var filter: EventFilter
    private let reader: HorizonReader
    private let onEnd: (EventSubscription) -> Void
    private let bell = Wakeup()
    private var position: EventPosition
    /// Where the feed's own deliveries begin.
    private let live: EventPosition
    private var queue: [FeedEvent] = []
    private var epoch: Int64
    private var isNews = false
    package private(set) var isOver = false
    /// `authority.epoch` when it began.
    let openedAt: Int64

    init(
        _ filter: EventFilter, after position: EventPosition, until live: EventPosition, epoch: Int64,
        reader: HorizonReader, onEnd: @escaping (EventSubscription) -> Void
    ) {
        self.filter = filter
        (self.position, self.live, self.epoch, openedAt) = (position, live, epoch, epoch)
        (self.reader, self.onEnd) = (reader, onEnd)
    }

    /// The next events; empty when rung without any (`ring`, or authority moved); nil when it is over.
    package nonisolated(nonsending) func next() async throws(PostgresError) -> Batch? {
        while !isOver {
            if position < live { return try await catchUp() }
            if !queue.isEmpty || isNews { return take() }
            await bell.wait()
            if queue.isEmpty, !isOver { return take() }
        }
        return nil
    }

    /// Lets `next` return, with nothing: for heartbeats.
    package func ring() { bell.wake() }

    package func end() {
        guard !isOver else { return }
        isOver = true
        queue = []
        onEnd(self)
        bell.wake()
    }

    func deliver(_ page: HorizonReader.Page) {
        guard !isOver else { return }
        let news = page.events.filter { $0.position > live && filter.mayAdmit($0) }
        guard queue.count + news.count <= Self.queuedAtMost else { return end() }
        if page.epoch != epoch { (epoch, isNews) = (page.epoch, true) }
        queue += news
        if !queue.isEmpty || isNews { bell.wake() }
    }

    private nonisolated(nonsending) func catchUp() async throws(PostgresError) -> Batch {
        let page = try await reader.read(after: position, limit: Self.queuedAtMost, filter)
        let events = page.events.filter { $0.position <= live }
        position = min(page.next, live)
        return Batch(events: events, position: position, epoch: page.epoch)
    }

    private func take() -> Batch {
        let events = queue
        queue = []
        isNews = false
        if let last = events.last { position = last.position }
        return Batch(events: events, position: position, epoch: epoch)
    }
}
