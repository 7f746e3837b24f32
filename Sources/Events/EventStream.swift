import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres

/// One stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
struct EventStream {
    static let heartbeatEvery: Period = .seconds(15)

    let subscription: EventSubscription
    let things: TargetSource
    let database: Database
    let reactor: Reactor
    let clock: Clock
    /// Of one worker, shared by its streams.
    let deltas: AuthorityDeltas
    /// What the caller may see by now; nil: nothing any more.
    let recheck: () async throws -> EventLeave?

    /// Until the client leaves, falls behind, loses its rights, or what it came by is over, or the server
    /// drains.
    nonisolated(nonsending) func run(_ writer: any BodyWriter) async throws {
        defer { subscription.end() }
        writer.onEnd { [subscription] in subscription.end() }
        // At once, so that the client knows that it is connected.
        try await writer.write(Array(": connected\n\n".utf8))
        var epoch = subscription.openedAt
        guard var leave = try await renewed() else { return }
        while !writer.isDraining {
            let timer = reactor.schedule(afterNanoseconds: pause(within: leave).nanoseconds) {
                [subscription] in
                subscription.ring()
            }
            defer { reactor.cancel(timer) }
            guard let batch = try await subscription.next() else { return }
            if try await !holds(leave, since: epoch, until: batch.epoch) {
                guard let renewed = try await renewed() else { return }
                leave = renewed
            }
            epoch = batch.epoch
            let frames = try await seen(batch.events).flatMap(Self.frame)
            try await writer.write(frames.isEmpty ? Array(":\n\n".utf8) : frames)
        }
    }

    /// A change that is about others is nothing to ask about: it costs one reading for all streams.
    private nonisolated(nonsending) func holds(
        _ leave: EventLeave, since epoch: Int64, until newer: Int64
    ) async throws -> Bool {
        if leave.isOver(at: clock.now()) { return false }
        if newer == epoch { return true }
        return try await deltas.hold(leave.grounds, since: epoch, until: newer, in: database)
    }

    /// What is seen from now on; nil: nothing.
    private nonisolated(nonsending) func renewed() async throws -> EventLeave? {
        guard let leave = try await recheck(), leave.rights.somewhere.contains(.eventsRead) else {
            return nil
        }
        subscription.filter.sight.rights = leave.rights
        return leave
    }

    /// Until something is said, or asked, whether anything happens or not.
    private func pause(within leave: EventLeave) -> Period {
        guard let end = leave.end else { return Self.heartbeatEvery }
        return min(Self.heartbeatEvery, max(end - clock.now(), .milliseconds(1)))
    }

    private nonisolated(nonsending) func seen(_ events: [FeedEvent]) async throws -> [FeedEvent] {
        let filter = subscription.filter
        let targets = try await things.targets(
            of: events.map(\.topic.thing), for: [filter.sight.rights], filter.sight.askedOfThings,
            in: database)
        return events.compactMap { filter.show($0, targets) }
    }

    /// JSON has no line breaks of its own, so one `data` line holds it.
    static func frame(_ event: FeedEvent) -> [UInt8] {
        var w = JSONWriter(appendingTo: Array("id: \(event.position)\nevent: \(event.type)\ndata: ".utf8))
        w.value(event)
        return w.bytes + Array("\n\n".utf8)
    }
}
