import Access
import Channels
import Crypto
import EventLoop
import Events
import JSON
import Kernel
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Webhooks

/// Strict order of the messages about one subject.
struct OrderTests {
    /// Which alerts of a subject were told, in the order in which a receiver accepted them.
    private static func told(_ receiver: Receiver) -> [String: [Int64]] {
        receiver.accepted.reduce(into: [:]) { told, attempt in
            let subject = attempt.data["subject"]?.asString ?? ""
            told[subject, default: []].append(attempt.data["sequence"]?.asInt ?? 0)
        }
    }

    @Test func `messages about one subject wait behind a failing one, over two nodes, and others do not`()
        async throws
    {
        let refused = Mutex<Set<String>>([])
        // Every third message is refused once.
        let receiver = try Receiver { attempt in
            let number = attempt.data["sequence"]?.asInt ?? 0
            let isNew = refused.withLock { $0.insert(attempt.id).inserted }
            return number % 3 == 0 && isNew ? .status(503) : .status(204)
        }
        defer { receiver.stop() }
        let scratch = try await ScratchDatabase.make()
        let clock = TestClock()
        let seal = try WebhookRoom.makeSeal()
        let subjects = (1...3).map { AlertID(UUID(high: 7, low: $0)) }
        try await scratch.visit { worker, database in
            let room = try WebhookRoom(database, clock: clock, seal: seal)
            let owner = PrincipalID(.user, UUID(high: 9, low: 9))
            try await room.makeWebhook(url: receiver.url, owner: owner) { $0.isOrdered = true }
            let dispatcher = room.dispatcher(on: worker)
            dispatcher.start(on: worker)
            let other = Task { try await Self.tell(subjects, owner, receiver, scratch, clock, seal) }
            for _ in 0..<5 { for subject in subjects { try await room.alert(subject) } }
            try await wait(until: "all 30") {
                clock.move(.milliseconds(500))
                return receiver.accepted.count >= 30
            }
            try await other.value
            await dispatcher.drain()
            for (subject, sequences) in Self.told(receiver) {
                #expect(sequences == sequences.sorted() && sequences.count == 10, "\(subject): \(sequences)")
            }
            #expect(Set(receiver.accepted.map(\.id)).count == 30)
        }
    }

    /// The same of another node.
    private static func tell(
        _ subjects: [AlertID], _ owner: PrincipalID, _ receiver: Receiver, _ scratch: ScratchDatabase,
        _ clock: TestClock, _ seal: Seal
    ) async throws {
        try await scratch.visit { worker, database in
            let room = try WebhookRoom(database, clock: clock, seal: seal)
            room.rights.byOwner[owner] = Set(Permission.allCases)
            let dispatcher = room.dispatcher(on: worker)
            dispatcher.start(on: worker)
            for _ in 0..<5 { for subject in subjects { try await room.alert(subject) } }
            try await wait(until: "all") { receiver.accepted.count >= 30 }
            await dispatcher.drain()
        }
    }

    @Test func `only the first of a line is taken, its end frees the next, and a dead one does so too`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            let (id, _) = try await room.makeWebhook { $0.isOrdered = true }
            let subject = AlertID(UUID(high: 7, low: 1))
            for _ in 0..<3 { try await room.alert(subject) }
            try await room.alert(AlertID(UUID(high: 7, low: 2)))
            func take() async throws -> [PendingDelivery] {
                try await DeliveryQueue.take(
                    most: 10, for: room.node, at: room.clock.now, in: database
                ).deliveries
            }
            let first = try await take()
            #expect(first.count == 2)
            #expect(try await take().isEmpty)
            let line = DeliveryQueue.Line(webhook: id, key: subject.description)
            // As long as the first is pending nothing moves, whatever becomes of its attempts.
            #expect(
                try await DeliveryQueue.advance([line], for: room.node, at: room.clock.now, in: database)
                    .isEmpty)
            #expect(try await DeliveryQueue.strandedLines(in: database).stranded.isEmpty)
            try await room.end(first.filter { $0.orderKey == line.key }, .delivered)
            #expect(try await DeliveryQueue.strandedLines(in: database).stranded == [line])
            #expect(
                try await DeliveryQueue.strandedLines(after: line, in: database).stranded.isEmpty,
                "a look begins where the last one ended")
            let second = try await DeliveryQueue.advance(
                [line], for: room.node, at: room.clock.now, in: database)
            #expect(second.count == 1)
            try await room.end(second, .dead(.exhausted))
            #expect(
                try await DeliveryQueue.advance([line], for: room.node, at: room.clock.now, in: database)
                    .count == 1)
        }
    }

    @Test func `a pager is told of an alert's end after its beginning, ordered or not, again too`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let room = desk.room
            let (id, _) = try await room.makeWebhook(
                takes: ["alert.*", "custom.*"], owner: WebhookDesk.owner)
            let routing = WebhookChannel(
                kind: .pagerduty, settings: JSONObject(), secretNames: [], sealed: nil)
            try await room.ledger.change(testContext(at: room.clock.now)) { change in
                try await ChannelStore.write(routing, of: id, in: change.transaction)
                change.touchesConfiguration = true
            }
            let (alert, other) = (Self.subject, AlertID(UUID(high: 7, low: 2)))
            try await room.alert(alert)
            try await room.alert(other)
            try await room.alert(alert, "alert.resolved")
            func waiting() async throws -> Int { try await room.count("due_at = 'infinity'") }
            #expect(try await waiting() == 1)
            #expect(try await room.count("due_at = 'infinity' and event_type = 'alert.resolved'") == 1)
            // Dead letters that are sent again keep it, too.
            try await room.end(room.pending(), .dead(.exhausted))
            room.clock.move(.minutes(1))
            let since = #"{"since": "\#(room.clock.now - .hours(1))"}"#
            let replay = try await desk.call("POST", "webhooks/\(id)/replay", since)
            #expect(replay.json["count"] == 3, "\(replay.text)")
            #expect(try await room.count("due_at = 'infinity' and event_type = 'alert.resolved'") == 1)
            #expect(try await waiting() == 1)
            try await room.end(room.pending(), .delivered)
            try await database.transaction { transaction in
                let messages = ["alert.firing", "alert.resolved"].map { type in
                    Message(
                        type: type, timestamp: room.clock.now,
                        data: JSONObject(members: [("subject", .string(alert.description))]), event: nil,
                        alert: alert, permissions: [])
                }
                _ = try await room.outbox.enqueue(messages, again: id, in: transaction)
            }
            #expect(try await waiting() == 1)
        }
    }

    @Test func `whoever makes a message while its line ends is seen by whoever ends it`() async throws {
        let scratch = try await ScratchDatabase.make()
        let seal = try WebhookRoom.makeSeal()
        try await scratch.visit { _, database in
            let room = try WebhookRoom(database, seal: seal)
            let owner = PrincipalID(.user, UUID(high: 9, low: 9))
            let (id, _) = try await room.makeWebhook(owner: owner) { $0.isOrdered = true }
            let line = DeliveryQueue.Line(webhook: id, key: Self.subject.description)
            for _ in 0..<12 {
                try await room.alert(Self.subject)
                let first = try await room.pending()
                #expect(first.count == 1)
                let maker = Task { try await Self.tellOne(owner, scratch, seal) }
                try await room.end(first, .delivered)
                _ = try await DeliveryQueue.advance([line], for: room.node, at: room.clock.now, in: database)
                try await maker.value
                // Either it found the line free, or it was advanced: never neither.
                #expect(try await DeliveryQueue.strandedLines(in: database).stranded.isEmpty)
                #expect(try await room.count("state = 'pending' and due_at < 'infinity'") == 1)
                try await room.end(room.pending(), .delivered)
            }
        }
    }

    private static let subject = AlertID(UUID(high: 7, low: 1))

    private static func tellOne(_ owner: PrincipalID, _ scratch: ScratchDatabase, _ seal: Seal) async throws {
        try await scratch.visit { _, database in
            let room = try WebhookRoom(database, seal: seal)
            room.rights.byOwner[owner] = Set(Permission.allCases)
            try await room.alert(subject)
        }
    }
}
