import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing
import Webhooks

@testable import Alerts

/// Whom it is told that a rule is blind: those whom its alerts are for.
struct BlindRuleTests {
    /// Fails for a grade that has no previous one.
    private func rule(_ more: String) -> String {
        """
        {"name": "Grade", "severity": "warning", "on": ["grade.changed"],
         "when": "event.previous < 70 && event.grade >= 70"\(more)}
        """
    }

    private func target(_ desk: AlertDesk) -> Message.Target? {
        desk.told.last { $0.type == "rule.failed" }?.target
    }

    @Test func `whom a rule names, and otherwise whoever subscribed to alerts, is told once`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            let (team, all) = (try await desk.webhook("team"), try await desk.webhook("all"))
            _ = try await desk.enabledRule(rule(#", "send_to": ["\#(team)"]"#))
            try await desk.grade("NEW", from: nil, to: 80)
            try await desk.grade("NEWER", from: nil, to: 80)
            #expect(desk.told.map(\.type) == ["rule.failed"])
            #expect(target(desk) == .subscribersAnd([team]))
            #expect(try await desk.alerts().isEmpty)
            _ = try await desk.enabledRule(
                rule(#", "labels": {"team": "desk"}"#).replacing("Grade", with: "b"))
            try await desk.grade("NEW", from: nil, to: 80)
            #expect(target(desk) == .subscribersAnd([team, all].sorted()))
        }
    }

    @Test func `routes choose as for its alerts, and from nobody who wants to know of security`() async throws
    {
        try await withDesk(hasSubscriber: false) { _, desk in
            let desks = try await desk.webhook("desk", takes: ["custom.*"])
            let all = try await desk.webhook("all")
            let route = """
                {"name": "desk", "webhook_ids": ["\(desks)"], "matchers": [{"name": "team", "value": "desk"}]}
                """
            #expect(try await desk.call("POST", "routes", route).status == 201)
            let team = #", "labels": {"team": "desk"}"#
            _ = try await desk.enabledRule(rule(team))
            try await desk.grade("NEW", from: nil, to: 80)
            #expect(target(desk) == .subscribersAnd([desks]))
            _ = try await desk.enabledRule(
                rule(team + #", "security": true"#).replacing("Grade", with: "safe"))
            try await desk.grade("NEW", from: nil, to: 80)
            #expect(target(desk) == .subscribersAnd([desks, all]))
            // Where nobody hears it who was chosen, all who subscribed are told.
            try await desk.disable(desks)
            _ = try await desk.enabledRule(rule(team).replacing("Grade", with: "third"))
            try await desk.grade("NEW", from: nil, to: 80)
            #expect(target(desk) == .subscribersAnd([desks, all]))
        }
    }

    private static let history = Statement(
        "test_blind_history",
        "select id, at, type, subject, actor, data from feed_event where type = 'rule.failed' order by id")

    @Test func `a replay of what is missing finds it for those`() async throws {
        try await withDesk { _, desk in
            let team = try await desk.webhook("team")
            _ = try await desk.enabledRule(rule(#", "send_to": ["\#(team)"]"#))
            try await desk.grade("NEW", from: nil, to: 80)
            let found = try await desk.database.transaction { transaction in
                let events = try await transaction.query(Self.history).compactMap { Event(tested: $0) }
                return try await MissedAlerts(desk.engine).messages(for: events, in: transaction)
            }
            #expect(found.map(\.type) == ["rule.failed"])
            #expect(found.first?.target == .subscribersAnd([team]))
        }
    }
}
