import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Webhooks

struct WebhookOutboxTests {
    @Test func `an event becomes a delivery of whoever subscribed, numbered per webhook`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            var taken: [PendingDelivery] = []
            room.outbox.taker = { taken += $0 }
            let (ticks, _) = try await room.makeWebhook("ticks", takes: ["custom.*"])
            try await room.makeWebhook("keys", takes: ["key.*"])
            var data = JSONObject()
            _ = data.append("symbol", "SOL")
            _ = data.append("sequence", "theirs")
            try await room.emit(subject: "SOL", data)
            try await room.emit()
            #expect(taken.map(\.webhook) == [ticks, ticks])
            let body = try JSONValue.parse(taken[0].body)
            #expect(body["type"]?.asString == "custom.tick")
            #expect(body["data"]?["symbol"]?.asString == "SOL")
            #expect(body["data"]?["subject"]?.asString == "SOL")
            #expect(body["data"]?["sequence"]?.asInt == 1)
            #expect(try JSONValue.parse(taken[1].body)["data"]?["sequence"]?.asInt == 2)
            let stored = try await database.query(
                Statement("test_bodies", "select body from delivery order by sequence"))
            #expect(stored.map { $0.bytes(0) } == taken.map(\.body))
        }
    }

    @Test func `only what the owner may read is queued, and a disabled owner is reported and misses nothing`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            var absent: [PrincipalID] = []
            room.outbox.onAbsentOwner = { absent.append($0) }
            let gone = PrincipalID(.user, UUID(at: .testStart, entropy: .system))
            try await room.makeWebhook("blind", takes: ["key.*", "custom.*"], mayRead: [.eventsRead])
            try await room.makeWebhook("gone", takes: ["key.*", "custom.*"], owner: gone)
            room.rights.byOwner[gone] = nil
            try await room.emit("key.revoked")
            #expect(try await room.count("true") == 1, "until it is suspended it has what comes")
            try await room.emit("custom.tick")
            #expect(try await room.count("event_type = 'custom.tick'") == 2)
            #expect(absent == [gone, gone])
        }
    }

    @Test func `an event of any type reaches exactly the roles that may read it`() async throws {
        let types = EventType.all.map(\.name) + ["custom.tick"]
        let areas = Set(types.map { String($0.prefix { $0 != "." }) + ".*" }).sorted()
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            for role in BuiltInRole.allCases {
                try await room.makeWebhook(
                    role.rawValue, takes: areas + [EventType.marketClosed.name], mayRead: role.permissions)
            }
            for type in types {
                let event = try #require(EventType(type))
                try await room.emit(type)
                let rows = try await database.query(Self.namesOfType, .text(type))
                let expected = BuiltInRole.allCases.filter { $0.permissions.contains(event.permission) }
                    .map(\.rawValue)
                // What is told of alerts goes by the routes of rules, not by the event itself.
                let isRouted = type.hasPrefix("alert.")
                #expect(rows.map { $0.text(0) } == (isRouted ? [] : expected.sorted()), "\(type)")
            }
        }
    }

    private static let namesOfType = Statement(
        "test_names_of_type",
        """
        select w.name from delivery d join webhook w on w.id = d.webhook where d.event_type = $1::text
        order by w.name collate "C"
        """)

    @Test
    func `a rule's route names webhooks, which event types narrow, and an endpoint hears nothing of itself`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            let (named, _) = try await room.makeWebhook("named", takes: ["alert.firing"])
            let (keysOnly, _) = try await room.makeWebhook("keys only", takes: ["key.*"])
            try await room.makeWebhook("other", takes: ["alert.*", "endpoint.*"])
            func alert(_ type: String) -> Message {
                Message(
                    type: type, timestamp: room.clock.now, data: JSONObject(), event: nil,
                    permissions: [.alertsRead], to: .webhooks([named, keysOnly]))
            }
            _ = try await database.transaction {
                try await room.outbox.enqueue([alert("alert.firing")], in: $0)
            }
            #expect(try await room.count("true") == 2)
            _ = try await database.transaction {
                try await room.outbox.enqueue([alert("alert.resolved")], in: $0)
            }
            #expect(try await room.count("event_type = 'alert.resolved'") == 1)
            var data = JSONObject()
            _ = data.append("webhook_id", .string(named.description))
            try await room.emit("endpoint.degraded", subject: named.description, data)
            #expect(try await room.count("event_type = 'endpoint.degraded'") == 1)
        }
    }

    @Test func `a message that is too long goes without its long members, and says so`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            try await room.makeWebhook(takes: ["custom.*"])
            var data = JSONObject()
            _ = data.append("severity", "critical")
            _ = data.append("note", .string(String(repeating: "x", count: 20_000)))
            for number in 0..<60 {
                _ = data.append("line_\(number)", .string(String(repeating: "y", count: 1_000)))
            }
            try await room.emit(subject: nil, data)
            let body = try #require(try await room.pending().first?.body)
            let told = try JSONValue.parse(body)["data"]
            #expect(told?["thinned"] == true && told?["note"] == nil && told?["severity"] == "critical")
            #expect(told?["line_0"] != nil && told?["line_59"] == nil && body.count < 20_000)
            #expect(told?["event_id"]?.asString?.hasPrefix("evt_") == true && told?["sequence"] == 1)
        }
    }

    @Test func `an own event's fields never pass for a message's, and none is lost`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            try await room.makeWebhook("full", takes: ["custom.*"])
            try await room.makeWebhook("thin", takes: ["custom.*"]) { $0.payload = .thin }
            let pushed = JSONObject(members: [
                ("sequence", 812_345), ("event_id", "mine"), ("thinned", true), ("bid", "1.5"),
                ("url", "https://evil.example/"), ("alert_id", "alrt_01ke6my6g1f72aabsp2fhyey4q"),
            ])
            try await room.emit("custom.book", subject: "book", pushed)
            try await room.emit("custom.plain", JSONObject(members: [("bid", "1.5")]))
            var told: [[String: JSONValue]] = []
            for delivery in try await room.pending().sorted(by: { $0.id < $1.id }) {
                let data = try JSONValue.parse(delivery.body)["data"]?.asObject ?? JSONObject()
                told.append(Dictionary(uniqueKeysWithValues: data.members.map { ($0.name, $0.value) }))
            }
            let full = try #require(told.first { $0["event_data"] != nil })
            #expect(full["sequence"] == 1 && full["bid"] == "1.5" && full["thinned"] == nil)
            #expect(full["event_id"] != "mine" && full["event_data"] == .object(pushed))
            let thin = told.filter { $0["bid"] == nil }
            #expect(thin.count == 2)
            #expect(thin.allSatisfy { Set($0.keys) == ["event_id", "subject", "sequence"] })
            #expect(told.count == 4 && told.count { $0["event_data"] != nil } == 1)
        }
    }

    @Test func `what is rolled back is not queued, and its number is used again`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            try await room.makeWebhook(takes: ["custom.*"])
            let message = Message(
                type: "custom.tick", timestamp: room.clock.now, data: JSONObject(), event: nil,
                permissions: [.eventsRead])
            struct Undone: Error {}
            do {
                try await database.transaction { transaction in
                    _ = try await room.outbox.enqueue([message], in: transaction)
                    throw Undone()
                }
            } catch is Undone {}
            try await room.emit()
            #expect(try await room.count("sequence = 1") == 1)
            #expect(try await room.count("true") == 1)
        }
    }
}
