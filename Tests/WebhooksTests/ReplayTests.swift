import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Webhooks

/// Sending again what an endpoint missed.
struct ReplayTests {
    /// The end of the time is not in it.
    private func since(_ desk: WebhookDesk, _ more: String = "") -> String {
        desk.room.clock.move(.milliseconds(1))
        return #"{"since":"\#(desk.room.clock.now - .hours(1))"\#(more)}"#
    }

    @Test func `dead letters of a time go again, spread, after a dry run that sends nothing`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let room = desk.room
            let (id, _) = try await room.makeWebhook(owner: WebhookDesk.owner) {
                $0.maxPerSecond = 2
                $0.isOrdered = true
            }
            let subject = AlertID(UUID(high: 7, low: 1))
            for _ in 0..<3 { try await room.alert(subject) }
            try await room.end(room.pending(), .dead(.exhausted))
            room.clock.move(.minutes(5))
            try await room.alert(subject)
            let path = "webhooks/\(id)/replay"
            let dry = try await desk.call("POST", path, since(desk, #","dry_run":true"#))
            #expect(dry.json["count"] == 3 && dry.json["last_due_at"] == .null, "\(dry.text)")
            #expect(try await room.count("state = 'dead'") == 3)
            let real = try await desk.call("POST", path, since(desk))
            #expect(real.json["count"] == 3 && real.json["remaining"] == 0)
            #expect(real.json["last_due_at"]?.asString == (room.clock.now + .seconds(1)).description)
            #expect(try await room.count("state = 'pending' and order_key is null") == 3)
            let due = Statement(
                "test_due", "select count(distinct due_at) from delivery where order_key is null")
            #expect(try await database.query(due).first?.int(0) == 3)
            let again = try await desk.call("POST", path, since(desk))
            #expect(again.status == 429, "\(again.text)")
            room.clock.move(.seconds(10))
            #expect(try await desk.call("POST", path, since(desk)).json["count"] == 0)
        }
    }

    @Test func `what an endpoint never got is found by its owner's eyes, and what it got is not sent twice`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let room = desk.room
            try await room.emit("key.revoked")
            for _ in 0..<2 { try await room.emit() }
            let (id, _) = try await room.makeWebhook(takes: ["custom.*", "key.*"], mayRead: [.eventsRead])
            try await room.emit()
            let path = "webhooks/\(id)/replay"
            let missing = since(desk, #","missing":true"#)
            #expect(try await desk.call("POST", path, missing).json["count"] == 2)
            #expect(try await room.count("event_type = 'custom.tick'") == 3)
            #expect(try await room.count("event_type = 'key.revoked'") == 0)
            room.clock.move(.seconds(20))
            #expect(try await desk.call("POST", path, missing).json["count"] == 0)
            let early = #"{"since":"2025-01-01T00:00:00Z","missing":true}"#
            #expect(try await desk.call("POST", path, early).status == 422)
        }
    }

    @Test func `a search that stops before its end says so, and goes on from there`() async throws {
        var limits = WebhookReplay.Limits()
        (limits.messages, limits.pageEvents, limits.pages) = (2, 2, 2)
        try await ScratchDatabase.make().withDatabase { [limits] _, database in
            let desk = try WebhookDesk(database, limits: limits)
            let room = desk.room
            func emit(_ type: String) async throws {
                room.clock.move(.milliseconds(1))
                try await room.emit(type)
            }
            // Its owner may not read the first ones.
            for _ in 0..<5 { try await emit("key.revoked") }
            for _ in 0..<4 { try await emit("custom.tick") }
            let (id, _) = try await room.makeWebhook(takes: ["custom.*", "key.*"], mayRead: [.eventsRead])
            let span =
                "\(since(desk, #","until":"\#(room.clock.now + .seconds(1))","missing":true"#).dropLast())"
            var (cursor, counts): (JSONValue, [Int64]) = (.null, [])
            for _ in 0..<8 {
                room.clock.move(.seconds(20))
                let answer = try await desk.call(
                    "POST", "webhooks/\(id)/replay",
                    "\(span),\"cursor\":\(String(decoding: cursor.bytes, as: UTF8.self))}")
                counts.append(answer.json["count"]?.asInt ?? -1)
                cursor = answer.json["next_cursor"] ?? .null
                #expect(answer.json["complete"] == .bool(cursor == .null), "\(answer.text)")
                if cursor == .null { break }
            }
            #expect(counts.first == 0 && counts.reduce(0, +) == 4 && counts.count >= 3, "\(counts)")
            #expect(try await room.count("event_type = 'custom.tick'") == 4)
            let mixed = #"{"since":"2026-01-01T00:00:00Z","cursor":"x"}"#
            #expect(try await desk.call("POST", "webhooks/\(id)/replay", mixed).pointers == ["/cursor"])
        }
    }

    @Test func `alerts that were batched are not missing`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let room = desk.room
            let (id, _) = try await room.makeWebhook(owner: WebhookDesk.owner) { $0.isBatched = true }
            for number in 0..<3 {
                // Ids sort by the clock.
                room.clock.move(.milliseconds(1))
                let alert = AlertID(UUID(high: 7, low: UInt64(number)))
                try await room.emit("alert.firing", subject: alert.description)
                let found = Statement("test_last", "select id from event order by id desc limit 1")
                let event = try #require(try await database.query(found).first?.id(0, as: EventKind.self))
                let message = Message(
                    type: "alert.firing", timestamp: room.clock.now, data: JSONObject(), event: event,
                    alert: alert,
                    permissions: [.alertsRead])
                desk.told.append(message)
                // The first goes in a batch, the second waits for one, the third never came.
                if number < 2 {
                    _ = try await database.transaction { try await room.outbox.enqueue([message], in: $0) }
                }
                if number == 0 { _ = try await room.outbox.makeBatches(for: id, in: database) }
            }
            let answer = try await desk.call(
                "POST", "webhooks/\(id)/replay", since(desk, #","missing":true"#))
            #expect(answer.json["count"] == 1, "\(answer.text)")
            #expect(try await room.count("event_type = 'alert.firing'") == 1)
        }
    }

    @Test func `T23: only what the caller may read is counted or sent`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let room = desk.room
            try await room.emit("key.revoked")
            let (id, _) = try await room.makeWebhook(takes: ["key.*", "custom.*"], owner: WebhookDesk.owner)
            try await room.emit("key.revoked")
            try await room.emit()
            try await room.end(room.pending(), .dead(.exhausted))
            let blind: Set<Permission> = [.deliveriesWrite, .eventsRead]
            let path = "webhooks/\(id)/replay"
            #expect(try await desk.call("POST", path, since(desk), as: blind).json["count"] == 1)
            let missing = since(desk, #","missing":true,"dry_run":true"#)
            #expect(try await desk.call("POST", path, missing, as: blind).json["count"] == 0)
            #expect(try await desk.call("POST", path, missing).json["count"] == 1)
        }
    }

    @Test func `a disabled webhook is not replayed`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let (id, _) = try await desk.room.makeWebhook()
            #expect(try await desk.call("POST", "webhooks/\(id)/disable").status == 200)
            #expect(try await desk.call("POST", "webhooks/\(id)/replay", since(desk)).status == 409)
            let dry = since(desk, #","dry_run":true"#)
            #expect(try await desk.call("POST", "webhooks/\(id)/replay", dry).status == 200)
            let nobody = WebhookID(UUID(high: 0, low: 1))
            #expect(try await desk.call("POST", "webhooks/\(nobody)/replay", dry).status == 404)
        }
    }
}
