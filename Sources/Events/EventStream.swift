import Access
import EventLoop
import HTTPServer
import JSON
import Kernel

/// One stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
struct EventStream {
    static let heartbeatEvery: Period = .seconds(15)

    let subscription: EventSubscription
    let reactor: Reactor
    /// What the caller may do by now; nil: nothing any more.
    let permissions: () async throws -> Set<Permission>?

    /// Until the client leaves, falls behind, loses its rights, or the server drains.
    nonisolated(nonsending) func run(_ writer: any BodyWriter) async throws {
        defer { subscription.end() }
        writer.onEnd { [subscription] in subscription.end() }
        // At once, so that the client knows that it is connected.
        try await writer.write(Array(": connected\n\n".utf8))
        var epoch: Int64?
        while !writer.isDraining {
            let timer = reactor.schedule(afterNanoseconds: Self.heartbeatEvery.nanoseconds) {
                [subscription] in
                subscription.ring()
            }
            defer { reactor.cancel(timer) }
            guard let batch = try await subscription.next() else { return }
            if batch.epoch != epoch {
                guard let now = try await permissions(), now.contains(.eventsRead) else { return }
                subscription.filter.permissions = now
                epoch = batch.epoch
            }
            let frames = batch.events.compactMap(subscription.filter.show).flatMap(Self.frame)
            try await writer.write(frames.isEmpty ? Array(":\n\n".utf8) : frames)
        }
    }

    /// JSON has no line breaks of its own, so one `data` line holds it.
    static func frame(_ event: FeedEvent) -> [UInt8] {
        var w = JSONWriter(appendingTo: Array("id: \(event.position)\nevent: \(event.type)\ndata: ".utf8))
        w.value(event)
        return w.bytes + Array("\n\n".utf8)
    }
}
