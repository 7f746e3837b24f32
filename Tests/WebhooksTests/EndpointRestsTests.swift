import Access
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Webhooks

/// Who leaves a receiver alone that asked for it.
struct EndpointRestsTests {
    private static let start = Timestamp.testStart

    private func entry(_ epoch: Int64, _ number: UInt64 = 1) -> WebhookSnapshot.Entry {
        WebhookSnapshot.Entry(
            id: WebhookID(UUID(high: 1, low: number)), name: "ops", url: "https://hooks.example/x",
            patterns: [], owner: PrincipalID(.user, UUID(high: 1, low: 2)), status: .active, downSince: nil,
            revision: 1, epoch: epoch, signingKey: [], terms: DeliveryTerms())
    }

    private func rest(_ seconds: Int64, _ epoch: Int64 = 1) -> EndpointRests.Rest {
        EndpointRests.Rest(until: Self.start + .seconds(seconds), epoch: epoch)
    }

    @Test func `what one loop was told holds for all, until then or until a person knows better`() {
        let rests = EndpointRests()
        rests.hear(rest(60), of: entry(1).id, at: Self.start)
        rests.hear(rest(30), of: entry(1).id, at: Self.start)
        #expect(rests.opening(of: entry(1), after: Self.start) == Self.start + .seconds(60))
        #expect(rests.opening(of: entry(1), after: Self.start + .seconds(60)) == nil)
        #expect(rests.opening(of: entry(2), after: Self.start) == nil, "it was enabled since")
        #expect(rests.opening(of: entry(1, 2), after: Self.start) == nil)
        // What the database says of others takes nothing back, and goes when the database takes it back.
        rests.learn([entry(1, 2).id: rest(10)], at: Self.start)
        #expect(rests.opening(of: entry(1), after: Self.start) == Self.start + .seconds(60))
        #expect(rests.opening(of: entry(1, 2), after: Self.start) == Self.start + .seconds(10))
        rests.learn([:], at: Self.start + .seconds(1))
        #expect(rests.opening(of: entry(1, 2), after: Self.start) == nil)
        rests.hear(rest(5, 2), of: entry(1).id, at: Self.start)
        rests.hear(rest(90), of: entry(1).id, at: Self.start)
        #expect(rests.opening(of: entry(2), after: Self.start) == Self.start + .seconds(5))
        // Sent before it asked.
        rests.end(of: entry(1).id, begun: Self.start - .milliseconds(5))
        #expect(rests.opening(of: entry(2), after: Self.start) == Self.start + .seconds(5))
        rests.end(of: entry(1).id, begun: Self.start + .milliseconds(5))
        #expect(rests.opening(of: entry(2), after: Self.start) == nil)
    }

    @Test func `what the database does not say after a while holds no more`() {
        let rests = EndpointRests()
        rests.hear(rest(3_600), of: entry(1).id, at: Self.start)
        rests.learn([:], at: Self.start + .seconds(1))
        #expect(rests.opening(of: entry(1), after: Self.start) != nil)
        rests.learn([:], at: Self.start + .seconds(2))
        #expect(rests.opening(of: entry(1), after: Self.start) == nil)
    }

    private static func throttles() throws -> Receiver {
        try Receiver { _ in .raw("HTTP/1.1 429 Slow\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n") }
    }

    private static func rest(of id: WebhookID, in room: WebhookRoom) async throws -> Timestamp? {
        try await WebhookStore.find(id, at: room.clock.now, in: room.database)?.opensAt
    }

    @Test func `of two loops and a node beside them nobody tries one that said 429 to one of them`()
        async throws
    {
        let receiver = try Self.throttles()
        defer { receiver.stop() }
        try await ScratchDatabase.make().visit { worker, database in
            let room = try WebhookRoom(database)
            let (id, _) = try await room.makeWebhook(url: receiver.url, takes: ["custom.*"])
            var slow = Dispatcher.Limits()
            slow.poll = .hours(1)
            let rests = EndpointRests()
            let first = room.dispatcher(on: worker, rests: rests, limits: slow)
            first.start(on: worker)
            let takesFirst = room.outbox.taker
            let second = room.dispatcher(on: worker, rests: rests, limits: slow)
            second.start(on: worker)
            let takesSecond = room.outbox.taker
            let other = room.dispatcher(on: worker, limits: slow)
            other.start(on: worker)
            let takesOther = room.outbox.taker
            room.outbox.taker = takesFirst
            try await room.emit()
            try await wait(until: "it said so") { receiver.others.count == 1 }
            _ = try await eventually("it is written") { try await Self.rest(of: id, in: room) }
            // Neither has polled since, or sent anything to it before.
            room.outbox.taker = takesSecond
            try await room.emit()
            try await wait(until: "the second is kept") {
                try await room.count("state = 'pending' and leased_by is null") == 2
            }
            _ = try await other.poll()
            room.outbox.taker = takesOther
            try await room.emit()
            try await wait(until: "the third is kept") {
                try await room.count("state = 'pending' and leased_by is null") == 3
            }
            #expect(receiver.others.count == 1)
            for dispatcher in [first, second, other] { await dispatcher.drain() }
        }
    }

    @Test func `another name, other events or a new secret change nothing of what a receiver asked for`()
        async throws
    {
        let receiver = try Self.throttles()
        defer { receiver.stop() }
        try await ScratchDatabase.make().visit { worker, database in
            let desk = try WebhookDesk(database)
            let room = desk.room
            let (id, _) = try await room.makeWebhook(url: receiver.url, takes: ["custom.*"])
            let dispatcher = room.dispatcher(on: worker)
            dispatcher.start(on: worker)
            try await room.emit()
            let until = try await eventually("the circuit") { try await Self.rest(of: id, in: room) }
            let before = try await desk.call("GET", "webhooks/\(id)")
            let renamed = try await desk.change("\(id)", #"{"name":"other"}"#, before)
            let narrowed = try await desk.change("\(id)", #"{"event_types":["custom.tick"]}"#, renamed)
            #expect(narrowed.status == 200, "\(narrowed.text)")
            #expect(try await desk.call("POST", "webhooks/\(id)/secrets").status == 201)
            _ = try await dispatcher.poll()
            try await room.emit()
            try await wait(until: "what comes waits, too") {
                try await room.count(
                    "state = 'pending' and leased_by is null and due_at > '2026-01-05 08:30Z'") == 2
            }
            #expect(receiver.others.count == 1)
            #expect(try await Self.rest(of: id, in: room) == until)
            receiver.answer { _ in .status(204) }
            #expect(try await desk.call("POST", "webhooks/\(id)/enable").status == 200)
            _ = try await dispatcher.poll()
            try await wait(until: "both came") { receiver.accepted.count == 2 }
            await dispatcher.drain()
        }
    }
}
