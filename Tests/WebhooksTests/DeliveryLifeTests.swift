import Access
import EventLoop
import Events
import Glibc
import JSON
import Kernel
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Webhooks

/// A message's whole life, on a clock that is moved.
struct DeliveryLifeTests {
    /// A receiver that fails, one that hears of it, and a dispatcher.
    private func playing(
        _ reply: Receiver.Reply,
        _ body:
            @Sendable (WebhookRoom, Dispatcher, WebhookID, _ sick: Receiver, _ ear: Receiver) async throws
            -> Void
    ) async throws {
        let (sick, ear) = (try Receiver { _ in reply }, try Receiver())
        defer {
            sick.stop()
            ear.stop()
        }
        try await ScratchDatabase.make().visit { worker, database in
            let room = try WebhookRoom(database)
            let (id, _) = try await room.makeWebhook("sick", url: sick.url, takes: ["custom.*"])
            try await room.makeWebhook("ear", url: ear.url, takes: ["endpoint.*", "message.exhausted"])
            var limits = Dispatcher.Limits()
            limits.hastenDelay = .milliseconds(2)
            let dispatcher = room.dispatcher(on: worker, limits: limits)
            dispatcher.start(on: worker)
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(room, dispatcher, id, sick, ear))
            } catch { result = .failure(error) }
            await dispatcher.drain()
            try result.get()
        }
    }

    /// Moves to when the message is tried again, and waits until it was.
    private func next(_ room: WebhookRoom, _ dispatcher: Dispatcher, _ count: Int) async throws {
        let due = Statement(
            "test_next", "select due_at from delivery where event_type like 'custom.%' and leased_by is null")
        if let time = try await room.database.query(due).first?.optionalTimestamp(0), time > room.clock.now {
            room.clock.move(time - room.clock.now)
        }
        dispatcher.wake()
        try await wait(until: "attempt \(count) is recorded") {
            let rows = try await room.database.query(
                Statement(
                    "test_attempts",
                    """
                    select attempts, leased_by is null from delivery where event_type like 'custom.%'
                    """))
            return rows.first.map { $0.int(0) >= count && $0.bool(1) } ?? false
        }
    }

    @Test func `ten attempts over 75 hours end as a dead letter that another endpoint hears of`() async throws
    {
        try await playing(.status(500)) { room, dispatcher, id, sick, ear in
            try await room.emit()
            for count in 1...10 { try await next(room, dispatcher, count) }
            #expect(sick.others.count == 10)
            #expect(Set(sick.others.map(\.id)).count == 1)
            let passed = room.clock.now - Timestamp.testStart
            #expect(passed >= .hours(75) * 0.8 && passed <= RetrySchedule.lifetime)
            #expect(try await room.count("state = 'dead' and dead_reason = 'exhausted'") == 1)
            let told = try await ear.first("word of it") { $0.type == "message.exhausted" }.data
            #expect(told["webhook_id"]?.asString == id.description && told["reason"] == "exhausted")
            #expect(told["attempts"] == 10 && told["last_status"] == 500)
        }
    }

    @Test func `what failed is tried soon once another message came through, which counts for nothing`()
        async throws
    {
        try await playing(.status(500)) { room, dispatcher, _, sick, _ in
            try await room.emit("custom.tick")
            for count in 1...2 { try await next(room, dispatcher, count) }
            let second = room.clock.now
            sick.answer { $0.type == "custom.other" ? .status(204) : .status(500) }
            try await room.emit("custom.other")
            try await wait(until: "it is given a time soon") {
                try await room.count("event_type = 'custom.tick' and schedule_due_at is not null") == 1
            }
            room.clock.move(.seconds(2))
            dispatcher.wake()
            try await wait(until: "the early attempt") {
                try await room.count("event_type = 'custom.tick' and attempts = 3 and leased_by is null") == 1
            }
            #expect(try await room.count("attempts = 3 and counted = 2 and schedule_due_at is null") == 1)
            // Seldom, for one message.
            try await room.emit("custom.other")
            try await wait(until: "the other") { try await room.count("state = 'delivered'") == 2 }
            try await wait(until: "nothing is to be hastened") { dispatcher.hastening.isEmpty }
            #expect(try await room.count("schedule_due_at is null") == 3)
            // Its schedule goes on where it was.
            sick.answer { _ in .status(204) }
            try await wait(until: "its own time") {
                room.clock.move(.seconds(20))
                dispatcher.wake()
                return try await room.count("state = 'delivered'") == 3
            }
            #expect(room.clock.now - second >= .minutes(4) && room.clock.now - second < .minutes(30))
            #expect(try await room.count("attempts = 4 and counted = 3") == 1)
        }
    }

    @Test func `a receiver that says 429 for a day uses up no attempt, and one that comes back has it all`()
        async throws
    {
        let slow = Receiver.Reply.raw("HTTP/1.1 429 Slow\r\nretry-after: 7200\r\ncontent-length: 0\r\n\r\n")
        try await playing(slow) { room, dispatcher, _, sick, _ in
            try await room.emit()
            for count in 1...12 { try await next(room, dispatcher, count) }
            #expect(try await room.count("attempts = 12 and counted = 0 and state = 'pending'") == 1)
            #expect(room.clock.now - Timestamp.testStart == .hours(22))
            sick.answer { _ in .status(204) }
            try await next(room, dispatcher, 13)
            #expect(try await room.count("state = 'delivered' and counted = 1") == 1)
            #expect(Set((sick.others + sick.accepted).map(\.id)).count == 1)
        }
    }

    @Test func `an endpoint that fails is degraded, probed, disabled after five days, and told of`()
        async throws
    {
        try await playing(.status(500)) { room, dispatcher, id, sick, ear in
            for _ in 0..<12 {
                try await room.emit()
                room.clock.move(.seconds(2))
                let tried = sick.others.count
                dispatcher.wake()
                if tried < 10 { try await wait(until: "an attempt") { sick.others.count > tried } }
            }
            _ = try await ear.first("degraded") { $0.type == "endpoint.degraded" }
            // Messages come all the time, so that there is something to probe with.
            var hours = 0
            while try await room.status(of: id) == .degraded, hours < 140 {
                let tried = sick.others.count
                room.clock.move(.hours(10))
                hours += 10
                try await room.emit()
                dispatcher.wake()
                try await wait(until: "a probe, or the end") {
                    dispatcher.wake()
                    let status = try await room.status(of: id)
                    return sick.others.count > tried || status == .disabled
                }
                try await wait(until: "the probe is written down") {
                    try await room.count("leased_by is not null and event_type like 'custom.%'") == 0
                }
            }
            #expect((116...132).contains(hours), "after \(hours) h")
            let told = try await ear.first("disabled") { $0.type == "endpoint.disabled" }.data
            #expect(told["reason"] == "failing")
            #expect(!ear.accepted.contains { $0.type == "endpoint.recovered" })
        }
    }

    @Test func `what was taken before a webhook was disabled waits, and goes when it is enabled`()
        async throws
    {
        let door = Door()
        let receiver = try Receiver { _ in door.pass() }
        defer { receiver.stop() }
        try await ScratchDatabase.make().visit { worker, database in
            let room = try WebhookRoom(database)
            var limits = Dispatcher.Limits()
            limits.perEndpoint = 1
            let (id, _) = try await room.makeWebhook(url: receiver.url, takes: ["custom.*"])
            let dispatcher = room.dispatcher(on: worker, limits: limits)
            dispatcher.start(on: worker)
            for _ in 0..<5 { try await room.emit() }
            try await wait(until: "the first is on its way") { door.count == 1 }
            try await room.set(.disabled, id)
            try await wait(until: "the others were given back") {
                try await room.count("state = 'pending' and leased_by is null") == 4
            }
            door.open()
            try await wait(until: "the first is recorded") {
                try await room.count("state = 'delivered'") == 1
            }
            #expect(receiver.accepted.count == 1)
            try await room.set(.active, id)
            try await wait(until: "the others") { receiver.accepted.count == 5 }
            await dispatcher.drain()
        }
    }

    @Test func `what was taken before a webhook was deleted, or its owner blinded, is never sent`()
        async throws
    {
        let door = Door()
        let receiver = try Receiver { _ in door.pass() }
        defer { receiver.stop() }
        try await ScratchDatabase.make().visit { worker, database in
            let room = try WebhookRoom(database)
            var limits = Dispatcher.Limits()
            limits.perEndpoint = 1
            let owner = PrincipalID(.user, UUID(high: 9, low: 9))
            let (gone, _) = try await room.makeWebhook("gone", url: receiver.url, takes: ["custom.*"])
            try await room.makeWebhook(
                "blind", url: receiver.url, takes: ["custom.*"], owner: owner)
            let dispatcher = room.dispatcher(on: worker, limits: limits)
            dispatcher.start(on: worker)
            for _ in 0..<3 { try await room.emit() }
            try await wait(until: "one each is on its way") { door.count == 2 }
            room.rights.byOwner[owner] = [.webhooksRead]
            try await room.ledger.change(testContext(at: room.clock.now)) { change in
                change.touchesAuthority = true
                try await WebhookStore.delete(gone, in: change.transaction)
                try await DeliveryQueue.abandon(
                    gone, .webhookDeleted, at: room.clock.now, in: change.transaction)
                change.touchesConfiguration = true
            }
            // Known to the worker before a place becomes free.
            _ = try await dispatcher.poll()
            door.open()
            try await wait(until: "both are decided") {
                let deleted = try await room.count("dead_reason = 'webhook_deleted'")
                let unseen = try await room.count("dead_reason = 'not_permitted'")
                return deleted == 3 && unseen == 2
            }
            await dispatcher.drain()
            #expect(receiver.accepted.count == 2)
        }
    }

    @Test func `endpoints that hang take no place of one that is well`() async throws {
        let door = Door()
        let (hanging, well) = (try (0..<6).map { _ in try Receiver { _ in door.pass() } }, try Receiver())
        defer { for receiver in hanging + [well] { receiver.stop() } }
        try await ScratchDatabase.make().visit { worker, database in
            let room = try WebhookRoom(database)
            for (index, receiver) in hanging.enumerated() {
                try await room.makeWebhook("hangs \(index)", url: receiver.url, takes: ["custom.sick"])
            }
            try await room.makeWebhook("well", url: well.url, takes: ["custom.well"])
            var limits = Dispatcher.Limits()
            (limits.inFlight, limits.perEndpoint) = (32, 32)
            (limits.held, limits.heldPerEndpoint) = (128, 128)
            // What found no room comes back by polls.
            limits.poll = .milliseconds(20)
            let dispatcher = room.dispatcher(on: worker, limits: limits)
            dispatcher.start(on: worker)
            for _ in 0..<60 { try await room.emit("custom.sick") }
            try await wait(until: "they hold what they get") { door.count >= 6 }
            for _ in 0..<50 { try await room.emit("custom.well") }
            try await wait(until: "all at the one that is well") {
                room.clock.move(.milliseconds(100))
                return well.accepted.count == 50
            }
            #expect(hanging.allSatisfy { $0.accepted.isEmpty })
            #expect(dispatcher.inFlight < 32)
            door.open()
            await dispatcher.drain()
        }
    }
}

/// Holds requests until it is opened.
private final class Door: Sendable {
    private let state = Mutex((isOpen: false, count: 0))

    /// Requests that came.
    var count: Int { state.withLock { $0.count } }
    func open() { state.withLock { $0.isOpen = true } }

    func pass() -> Receiver.Reply {
        state.withLock { $0.count += 1 }
        while !state.withLock({ $0.isOpen }) { usleep(20_000) }
        return .status(204)
    }
}
