import Access
import Events
import HTTPClient
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Webhooks

/// What waits: until when, by whose clock, and what makes it due before.
struct WaitingTests {
    private func take(_ room: WebhookRoom) async throws -> Int {
        try await DeliveryQueue.take(most: 999, for: room.node, at: room.clock.now, in: room.database)
            .deliveries.count
    }

    /// Some messages of which one was told to wait by its receiver.
    private func waiting(_ room: WebhookRoom, _ count: Int) async throws {
        for _ in 0..<count { try await room.emit() }
        let later = room.clock.now + .hours(5)
        try await room.end(room.pending(), .retry(at: later))
        let keep = Statement(
            "test_keep",
            "update delivery set keep_until = $1 where id = (select min(id::text)::uuid from delivery)")
        _ = try await room.database.transaction { try await $0.query(keep, .timestamp(later)) }
    }

    @Test func `an endpoint that recovers is asked a few at a time, and not for what it told to wait`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            let (id, _) = try await room.makeWebhook(takes: ["custom.*"])
            try await waiting(room, 60)
            try await room.set(.degraded, id)
            try await WebhookStanding(ledger: room.ledger).recover(id)
            #expect(try await room.status(of: id) == .active)
            #expect(try await take(room) == 50)
            room.clock.move(.seconds(1))
            #expect(try await take(room) == 9)
            #expect(try await room.count("due_at <= '2026-02-01' and leased_by is null") == 1)
        }
    }

    @Test func `who enables an active webhook hastens what waits for it, and changes nothing else`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let room = desk.room
            let (id, _) = try await room.makeWebhook(takes: ["custom.*"], owner: WebhookDesk.owner)
            try await room.emit()
            try await room.fail(room.pending(), as: .connectFailed("refused"), closing: [:])
            #expect(try await take(room) == 0)
            let before = try await desk.call("GET", "webhooks/\(id)")
            let enabled = try await desk.call("POST", "webhooks/\(id)/enable")
            #expect(enabled.status == 200 && enabled.etag == before.etag, "\(enabled.text)")
            #expect(try await take(room) == 1)
            #expect(try await room.count("schedule_due_at is not null and attempts = 1") == 1)
        }
    }

    @Test func `who enables a webhook or changes it burns no attempt of what waits`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let room = desk.room
            let (id, _) = try await room.makeWebhook(takes: ["custom.*"], owner: WebhookDesk.owner)
            try await waiting(room, 2)
            func change(_ body: String) async throws {
                let before = try await desk.call("GET", "webhooks/\(id)")
                #expect(try await desk.change("\(id)", body, before).status == 200)
            }
            try await change(#"{"headers":{"X-Key":"mended"}}"#)
            #expect(try await room.count("schedule_due_at is not null and keep_until is not null") == 1)
            #expect(try await take(room) == 1, "the other was told to wait")
            try await room.fail(room.pending().filter { $0.progress.scheduledFor != nil }, closing: [:])
            #expect(try await room.count("attempts = 1 and counted = 0") == 1)
            try await change(#"{"url":"https://elsewhere.example/x","headers":null}"#)
            #expect(try await take(room) == 2, "another address told nobody to wait")
            try await room.fail(room.pending(), closing: [:])
            #expect(try await room.count("counted = 0") == 2)
            // What was shelved while nothing was taken has its next time soon, not at the end of its life.
            let end = Timestamp.testStart + RetrySchedule.lifetime
            try await room.end(room.pending(), .held(until: end))
            try await room.set(.disabled, id)
            try await room.set(.active, id)
            #expect(try await take(room) == 2)
            try await room.fail(room.pending(), closing: [:])
            #expect(try await room.count("counted = 0 and due_at <= '2026-01-05 09:00Z'") == 2)
        }
    }

    @Test func `what comes while nobody knows yet that an owner left waits until the owner is back`()
        async throws
    {
        let receiver = try Receiver()
        defer { receiver.stop() }
        try await ScratchDatabase.make().visit { worker, database in
            let room = try WebhookRoom(database)
            let owner = PrincipalID(.user, UUID(at: .testStart, entropy: .system))
            let (id, _) = try await room.makeWebhook(url: receiver.url, takes: ["custom.*"], owner: owner)
            let dispatcher = room.dispatcher(on: worker)
            dispatcher.start(on: worker)
            room.rights.byOwner[owner] = nil
            try await room.emit()
            try await wait(until: "it is suspended, with what waits") {
                let status = try await room.status(of: id)
                let waiting = try await room.count(
                    "state = 'pending' and leased_by is null and attempts = 0")
                return status == .suspended && waiting == 1
            }
            #expect(receiver.accepted.isEmpty)
            room.rights.byOwner[owner] = [.eventsRead]
            // Rights are read anew when authority changes.
            _ = try await database.transaction { try await Authority.raise(touching: nil, in: $0) }
            try await WebhookStanding(ledger: room.ledger).resume(owner)
            dispatcher.wake()
            _ = try await receiver.first("it") { $0.type == "custom.tick" }
            await dispatcher.drain()
        }
    }

    @Test func `who retries what somebody is sending does not send it twice`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            try await room.makeWebhook(takes: ["custom.*"])
            room.outbox.taker = { _ in }
            try await room.emit()
            let find = Statement("test_find", derived: "\(Delivery.columns) limit 1")
            // By the clock of the node that asks every lease is over.
            let ahead = Timestamp(microseconds: 4_000_000_000_000_000)
            func retry() async throws {
                let rows = try await database.query(find)
                let row = try #require(rows.first)
                try await database.transaction {
                    try await DeliveryStore.retry(Delivery(row: row, now: ahead), at: room.clock.now, in: $0)
                }
            }
            try await retry()
            #expect(try await room.count("leased_by is not null and due_at > now()") == 1)
            #expect(try await take(room) == 0)
            try await room.end(room.pending(), .retry(at: room.clock.now + .hours(1)))
            try await retry()
            #expect(try await take(room) == 1)
        }
    }

    @Test func `an endpoint that was not reached is looked for with the oldest that waits, ever more seldom`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            try await room.makeWebhook(takes: ["custom.*"])
            func knock() async throws -> [PendingDelivery] {
                try await DeliveryQueue.knock(most: 9, for: room.node, at: room.clock.now, in: database)
            }
            try await room.emit()
            let oldest = try await room.pending().map(\.id)
            try await room.emit()
            let all = try await room.pending()
            try await room.fail(all, closing: [:])
            room.clock.move(.seconds(5))
            try await room.fail(all, closing: [:])
            try await room.end(all, .retry(at: room.clock.now + .hours(5)))
            #expect(try await knock().isEmpty)
            var waits: [Int64] = []
            for _ in 0..<12 {
                let before = room.clock.now
                var found: [PendingDelivery] = []
                while found.isEmpty {
                    room.clock.move(.seconds(1))
                    found = try await knock()
                }
                #expect(found.map(\.id) == oldest && found[0].progress.scheduledFor != nil)
                #expect(try await knock().isEmpty, "one at a time")
                waits.append((room.clock.now - before).microseconds / 1_000_000)
                try await room.fail(found, closing: [:])
            }
            #expect(waits == [10, 10, 13, 19, 29, 43, 65, 97, 146, 219, 328, 492])
            #expect(try await room.count("attempts = 12 and counted = 0 and due_at < '2026-02-01'") == 1)
            // One that answers was reached, whatever it says.
            room.clock.move(.hours(1))
            let last = try await knock()
            try await room.fail(last, as: .noAnswer("closed"), closing: [:])
            room.clock.move(.hours(1))
            #expect(last.count == 1)
            #expect(try await knock().isEmpty)
        }
    }

    @Test func `what waits for a receiver that is up again comes long before its next time`() async throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        try await ScratchDatabase.make().visit { worker, database in
            let room = try WebhookRoom(database)
            try await room.makeWebhook(url: receiver.url, takes: ["custom.*"])
            for _ in 0..<3 { try await room.emit() }
            let all = try await room.pending()
            try await room.fail(all, closing: [:])
            try await room.end(all, .retry(at: room.clock.now + .minutes(5)))
            var limits = Dispatcher.Limits()
            limits.hastenDelay = .milliseconds(2)
            let dispatcher = room.dispatcher(on: worker, limits: limits)
            room.clock.move(RetrySchedule.knockWaits.first)
            dispatcher.start(on: worker)
            try await wait(until: "all of them came") {
                room.clock.move(.milliseconds(100))
                dispatcher.wake()
                return receiver.accepted.count == 3
            }
            #expect(room.clock.now - Timestamp.testStart < .minutes(1))
            await dispatcher.drain()
        }
    }

    @Test func `a node whose clock is ahead takes nothing from those that live`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            try await room.makeWebhook(takes: ["custom.*"])
            room.outbox.taker = { _ in }
            try await room.emit()
            // By its clock all leases are over; the database's is in its own time.
            let ahead = Timestamp(microseconds: 4_000_000_000_000_000)
            func takeAhead() async throws -> Int {
                try await DeliveryQueue.take(most: 9, for: UUID(high: 1, low: 1), at: ahead, in: database)
                    .deliveries.count
            }
            #expect(try await takeAhead() == 0)
            let lapse = Statement(
                "test_lapse", "update delivery set due_at = now() where leased_by is not null")
            _ = try await database.transaction { try await $0.query(lapse) }
            #expect(try await takeAhead() == 1)
        }
    }
}
