import Access
import Events
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
