import Access
import Events
import JSON
import Kernel
import Postgres
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// Alerts that fired while nobody could be told.
struct MissedAlertTests {
    private let each = """
        {"name": "each", "severity": "warning", "on": ["custom.*"], "group_by": ["event.g"]}
        """

    private static let history = Statement(
        "test_history",
        """
        select id, at, type, subject, actor, data from feed_event where type like 'alert.%' order by id
        """)

    /// What a replay would find for the webhook, of all that happened.
    private func missed(by desk: AlertDesk, sentTo webhook: WebhookID? = nil) async throws -> [Message] {
        try await desk.database.transaction { transaction in
            let events = try await transaction.query(Self.history).compactMap { Event(tested: $0) }
            let missed = MissedAlerts(desk.engine)
            let messages = try await missed.messages(for: events, in: transaction)
            if let webhook { try await missed.note(messages, to: webhook, in: transaction) }
            return messages
        }
    }

    @Test func `a replay finds what nobody could be told, and not what somebody hid`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            _ = try await desk.enabledRule(each)
            let webhook = try await desk.webhook("only")
            try await desk.disable(webhook)
            try await desk.push([("a", 1), ("b", 1), ("b", 1), ("c", 1)])
            _ = try await desk.call(
                "POST", "silences",
                """
                {"matchers": [{"name": "event.g", "value": "c"}], "reason": "upgrade",
                 "ends_at": "\(desk.now + .hours(1))"}
                """)
            try await desk.push([("c", 1), ("d", 1)])
            let resolved = try #require(try await desk.id(of: "a"))
            _ = try await desk.call("POST", "alerts/\(resolved)/resolve")
            #expect(desk.told.isEmpty)
            #expect(try await missed(by: desk).isEmpty, "there is still nobody")
            try await desk.enable(webhook)
            let found = try await missed(by: desk, sentTo: webhook)
            let said = found.map { "\($0.data["group"]?["event.g"]?.asString ?? "") \($0.type)" }
            let firings = ["a", "b", "b", "c", "d"].map { $0 + " alert.firing" }
            #expect(said.sorted() == (firings + ["a alert.resolved"]).sorted())
            #expect(found.allSatisfy { $0.target == .subscribers && $0.withheld.isEmpty })
            let told = try await desk.call("GET", "alerts?told=true").json["data"]?.asArray
            #expect(told?.count == 4 && told?.allSatisfy { $0["untold"] == [] } == true)
            // What is said of them from now on is told, and nothing is told twice.
            _ = try await desk.call("POST", "alerts/\(try #require(try await desk.id(of: "b")))/resolve")
            #expect(desk.told.map(\.type) == ["alert.resolved"])
            try await desk.dues()
            #expect(desk.told.count == 1)
        }
    }

    @Test func `whom routes and rules name is found as it is now, and others where they are gone`()
        async throws
    {
        try await withDesk(hasSubscriber: false) { _, desk in
            let (named, routed) = (
                try await desk.webhook("named", takes: ["custom.*"]),
                try await desk.webhook("routed", takes: ["custom.*"])
            )
            _ = try await desk.enabledRule(
                """
                {"name": "mine", "severity": "warning", "on": ["custom.*"], "when": "event.g == 'a'",
                 "group_by": ["event.g"], "send_to": ["\(named)"]}
                """)
            _ = try await desk.enabledRule(
                """
                {"name": "theirs", "severity": "warning", "on": ["custom.*"], "when": "event.g == 'b'",
                 "group_by": ["event.g"]}
                """)
            _ = try await desk.call("POST", "routes", #"{"name": "r", "webhook_ids": ["\#(routed)"]}"#)
            for webhook in [named, routed] { try await desk.disable(webhook) }
            try await desk.push([("a", 1)])
            desk.now = desk.now + .seconds(1)
            try await desk.push([("b", 1)])
            try await desk.enable(named)
            #expect(try await missed(by: desk).map(\.target) == [.webhooks([named])])
            let other = try await desk.webhook("other")
            #expect(try await missed(by: desk).map(\.target) == [.webhooks([named]), .webhooks([other])])
            try await desk.enable(routed)
            let found = try await missed(by: desk, sentTo: routed)
            #expect(found.map(\.target) == [.webhooks([named]), .webhooks([routed])])
            let alert = try #require(try await desk.id(of: "b"))
            _ = try await desk.call("POST", "alerts/\(alert)/resolve")
            #expect(desk.told.last?.target == .webhooks([routed]))
        }
    }

    @Test func `whoever is back is told what still fires, once, within a day`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            _ = try await desk.enabledRule(each)
            let (first, second) = (try await desk.webhook("first"), try await desk.webhook("second"))
            for webhook in [first, second] { try await desk.disable(webhook) }
            try await desk.push([("a", 1), ("b", 1), ("c", 1)])
            let over = try #require(try await desk.id(of: "a"))
            _ = try await desk.call("POST", "alerts/\(over)/resolve")
            desk.now = desk.now + .hours(3)
            try await desk.dues()
            #expect(desk.told.isEmpty)
            try await desk.enable(first)
            // One fires again before the next look, and is told as ever.
            try await desk.push([("b", 1)])
            #expect(desk.told.map(\.target) == [.subscribers])
            try await desk.dues()
            #expect(desk.told.count == 2, "a came and went, b was told")
            #expect(desk.told.last?.type == "alert.firing" && desk.told.last?.target == .subscribed([first]))
            #expect(desk.told.last?.data["group"]?["event.g"] == "c")
            let alert = try #require(try await desk.alerts().first { $0["group"]?["event.g"] == "c" })
            #expect(alert["told"] == true && alert["untold"] == [], "\(alert)")
            try await desk.enable(second)
            desk.now = desk.now + .minutes(10)
            for _ in 0..<2 { try await desk.dues() }
            #expect(desk.told.count == 3 && desk.told.last?.target == .subscribed([second]))
            #expect(desk.told.last?.data["group"]?["event.g"] == "c")
        }
    }

    @Test func `what nobody was told for a day is left to a replay`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            _ = try await desk.enabledRule(each)
            let webhook = try await desk.webhook("only")
            try await desk.disable(webhook)
            try await desk.push([("a", 1)])
            desk.now = desk.now + .hours(24)
            try await desk.dues()
            try await desk.enable(webhook)
            try await desk.dues()
            #expect(desk.told.isEmpty)
            #expect(try await missed(by: desk).map(\.type) == ["alert.firing"])
        }
    }
}

extension AlertDesk {
    private static let enable = Statement("test_enable", "update webhook set status = 'active' where id = $1")

    /// As the endpoint does.
    fileprivate func enable(_ webhook: WebhookID) async throws {
        try await ledger.change(context()) { change in
            _ = try await change.transaction.query(Self.enable, .id(webhook))
            change.emit(
                NewEvent(.endpointRecovered, subject: webhook, ["webhook_id": .string(webhook.description)]))
            change.touchesConfiguration = true
        }
    }

    fileprivate func id(of group: String) async throws -> String? {
        try await alerts().first { $0["group"]?["event.g"]?.asString == group }?["id"]?.asString
    }
}
