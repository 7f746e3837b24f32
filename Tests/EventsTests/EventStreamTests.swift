import Access
import JSON
import EventLoop
import Kernel
import TestSupport
import Testing

@testable import Events

@Suite(.serialized) struct EventStreamTests {
    @Test func `a stream sends what is new, in frames that a client can resume from`() async throws {
        try await FeedDesk.run { worker, desk in
            _ = try await desk.push(#"{"type": "custom.before"}"#)
            let writer = try await desk.stream(on: worker)
            let pushed = try await desk.push(#"{"type": "custom.one", "subject": "one"}"#)
            await worker.wait { writer.types.count == 1 }
            let cursor = try #require(pushed.json["cursor"]?.asString)
            #expect(writer.text.contains("id: \(cursor)\nevent: custom.one\ndata: \(pushed.text)\n\n"))
            writer.leave()
            await worker.wait { writer.isOver }
            for number in 0..<300 { _ = try await desk.push(#"{"type": "custom.n\#(number)"}"#) }
            let resumed = try await desk.stream(on: worker, after: cursor)
            await worker.wait { resumed.types.count >= 300 }
            _ = try await desk.push(#"{"type": "custom.last"}"#)
            await worker.wait { resumed.types.count >= 301 }
            #expect(resumed.types == (0..<300).map { "custom.n\($0)" } + ["custom.last"])
            #expect(Set(resumed.ids).count == 301)
        }
    }

    @Test func `a stream sends only the types that were asked for`() async throws {
        try await FeedDesk.run { worker, desk in
            let writer = try await desk.stream(on: worker, "?type=custom.a.*")
            _ = try await desk.push(#"{"events": [{"type": "custom.b"}, {"type": "custom.a.b"}]}"#)
            await worker.wait { !writer.types.isEmpty }
            #expect(writer.types == ["custom.a.b"])
        }
    }

    @Test func `a stream loses sight of what its caller may not see any more`() async throws {
        try await FeedDesk.run { worker, desk in
            let writer = try await desk.stream(on: worker)
            desk.permissions = [.eventsRead]
            try await desk.ledger.change(desk.context()) { change in change.touchesAuthority = true }
            try await desk.ledger.change(desk.context()) { change in
                change.emit(NewEvent(.keyRevoked, subject: "x", [:]))
                if let own = EventType("custom.a") { change.emit(NewEvent(own, subject: "x", [:])) }
            }
            await worker.wait { !writer.types.isEmpty }
            #expect(writer.types == ["custom.a"])
            desk.permissions = nil
            try await desk.ledger.change(desk.context()) { change in change.touchesAuthority = true }
            await worker.wait { writer.isOver }
            #expect(writer.isOver)
        }
    }

    @Test func `a change of authority that is about others makes no stream ask again`() async throws {
        try await FeedDesk.run { worker, desk in
            desk.grounds = [.principal(desk.me), .role("own")]
            let writers = [
                try await desk.stream(on: worker), try await desk.stream(on: worker),
                try await desk.stream(on: worker),
            ]
            await worker.wait { desk.rechecks == 3 }
            let other = UUID(high: 1, low: 1)
            let changes: [(touched: Touched?, rechecks: Int)] = [
                (.principal(PrincipalID(UserID(other))), 3), (.key(ExchangeKeyID(other)), 3), (.uses, 3),
                (.role("own"), 6), (.principal(desk.me), 9), (nil, 12),
            ]
            for (index, step) in changes.enumerated() {
                try await desk.ledger.change(desk.context()) { change in
                    if let touched = step.touched {
                        change.touch(touched)
                    } else {
                        change.touchesAuthority = true
                    }
                    if let own = EventType("custom.n\(index + 1)") {
                        change.emit(NewEvent(own, subject: "x", [:]))
                    }
                }
                await worker.wait { writers.allSatisfy { $0.types.count > index } }
                #expect(desk.rechecks == step.rechecks, "\(index)")
            }
            #expect(writers.allSatisfy { $0.types == (1...6).map { "custom.n\($0)" } })
        }
    }

    @Test func `a stream ends when what its caller came by is over, and not before`() async throws {
        try await FeedDesk.run { worker, desk in
            desk.end = desk.time.now + .minutes(10)
            let writer = try await desk.stream(on: worker)
            _ = try await desk.push(#"{"type": "custom.one"}"#)
            await worker.wait { writer.types.count == 1 }
            // It lapses by rest, and was used meanwhile.
            desk.end = desk.time.now + .minutes(20)
            desk.time.move(11 * 60_000)
            _ = try await desk.push(#"{"type": "custom.two"}"#)
            await worker.wait { writer.types.count == 2 || writer.isOver }
            #expect(writer.types == ["custom.one", "custom.two"])
            desk.time.move(10 * 60_000)
            _ = try await desk.push(#"{"type": "custom.three"}"#)
            await worker.wait { writer.isOver || writer.types.count > 2 }
            #expect(writer.isOver && writer.types == ["custom.one", "custom.two"])
        }
    }

    @Test func `a stream ends by itself where nothing happens`() async throws {
        try await FeedDesk.run { worker, desk in
            desk.end = desk.time.now + .milliseconds(100)
            let writer = try await desk.stream(on: worker)
            await worker.wait { writer.isOver }
            #expect(writer.isOver && writer.types.isEmpty)
        }
    }

    @Test func `a ninth stream of one principal is refused, until one ends`() async throws {
        try await FeedDesk.run { worker, desk in
            var writers: [ListeningWriter] = []
            for _ in 0..<8 { writers.append(try await desk.stream(on: worker)) }
            let ninth = try await desk.caller.call("GET", "/v1/events/stream", desk.context())
            #expect(ninth.code == "too_many_streams")
            writers[0].leave()
            await worker.wait { writers[0].isOver }
            _ = try await desk.stream(on: worker)
        }
    }

    @Test func `streams end when the feed stops`() async throws {
        try await FeedDesk.run { worker, desk in
            let writer = try await desk.stream(on: worker)
            desk.feed.stop()
            await worker.wait { writer.isOver }
            #expect(writer.isOver)
        }
    }

    @Test func `a follower that falls behind is let go`() async throws {
        try await FeedDesk.run { worker, desk in
            let filter = EventFilter(sight: EventSight(reading: desk.context()))
            let slow = try await desk.feed.subscribe(to: filter)
            for number in 0..<257 { _ = try await desk.push(#"{"type": "custom.n\#(number)"}"#) }
            await worker.wait { slow.isOver }
            #expect(slow.isOver)
        }
    }

    @Test func `what is no cursor cannot be resumed from`() async throws {
        try await FeedDesk.run { _, desk in
            let answer = try await desk.caller.call(
                "GET", "/v1/events/stream", desk.context(), headers: [(name: "last-event-id", value: "52")])
            #expect(answer.code == "invalid_parameter")
        }
    }
}
