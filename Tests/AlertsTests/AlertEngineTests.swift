import Access
import Events
import JSON
import Kernel
import Postgres
import Testing
import TestSupport
import Webhooks

@testable import Alerts

struct AlertEngineTests {
    @Test func `a grade that crosses 70 fires once, and tells what the tour shows`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(crossing)
            try await desk.grade("SOL", from: 60, to: 69)
            try await desk.grade("SOL", from: 69, to: 70)
            try await desk.grade("SOL", from: 70, to: 80)
            let alerts = try await desk.alerts()
            #expect(alerts.count == 1)
            #expect(alerts.first?["summary"] == "Grade crosses 70: SOL 1d went from 69 to 70")
            #expect(alerts.first?["group"] == ["event.token_id": "SOL", "event.interval": "1d"])
            #expect(alerts.first?["count"] == 1)
            #expect(alerts.first?["event"]?["previous"] == 69)
            let message = try #require(desk.told.first)
            #expect(desk.told.count == 1)
            #expect(message.type == "alert.firing")
            #expect(message.permissions == [.alertsRead, .signalsRead])
            #expect(
                message.data.members.map(\.name) == [
                    "event_id", "subject", "alert_id", "rule", "severity", "state", "summary", "advice",
                    "labels", "group", "count", "first_at", "last_at", "event", "url",
                ])
            #expect(message.data["alert_id"] == alerts.first?["id"])
            #expect(try await desk.count("event") == 4)
        }
    }

    private static let insertBot = Statement(
        "test_bot",
        """
        with owner as (
            insert into principal (id, kind, name, name_folded, email, email_folded, status, created_at,
                updated_at)
            values ($2, 'user', 'o', 'o', 'o@desk.example', 'o@desk.example', 'active', now(), now())
            returning id
        )
        insert into principal (id, kind, name, name_folded, owner, status, created_at, updated_at)
        select $1, 'service_account', 'mm-btc', 'mm-btc', id, 'active', now(), now() from owner
        """)

    @Test func `what a bot was denied is told by its name, and why only to whoever may know`() async throws {
        try await withDesk { worker, desk in
            let bot = PrincipalID(.serviceAccount, UUID(high: 1, low: 7))
            _ = try await desk.database.query(Self.insertBot, .uuid(bot.uuid), .uuid(UUID(high: 1, low: 8)))
            let rule = try await desk.enabledRule(
                """
                {"name": "Denied", "severity": "info", "on": ["key.use.denied"],
                "when": "event.reason != 'x'", "group_by": ["event.reason"]}
                """)
            let denied: JSONValue = [
                "label": "spot", "operation": "withdraw", "address": "10.1.0.9", "clause": "operations",
                "reason": "not among read, trade",
            ]
            let event = try await desk.ledger.change(testContext([], at: desk.now, principal: bot)) {
                change in
                change.emit(NewEvent(.keyUseDenied, subject: "k", data: denied.asObject ?? JSONObject()))
            }
            let alerts = try await desk.alerts()
            #expect(
                alerts.first?["summary"] == "Denied: bot mm-btc tried to withdraw with key spot from 10.1.0.9"
            )
            #expect(alerts.first?["group"] == ["event.reason": "not among read, trade"])
            let little = try await desk.alerts(as: desk.context([.alertsRead, .keysRead]))
            #expect(little.first?["event"]?["clause"] == .null && little.first?["event"]?["reason"] == .null)
            #expect(little.first?["group"] == ["event.reason": .null])
            #expect(desk.told.first?.less?.without == [.policiesRead])
            #expect(desk.told.first?.less?.data["group"] == ["event.reason": .null])
            for (permissions, knows) in [([.policiesRead], true), ([], false)] as [(Set<Permission>, Bool)] {
                let tried = try await desk.call(
                    "POST", "alert-rules/\(rule)/test", #"{"event_id": "\#(event.id)"}"#,
                    as: desk.context(permissions.union([.rulesRead, .rulesWrite, .keysRead])))
                #expect(tried.status == 200 && tried.text.contains("not among") == knows, "\(tried.text)")
            }
            // An owner who may not know either has rules that do not know.
            try await desk.move(to: [.keysRead, .alertsRead])
            try await desk.emit(.keyUseDenied, denied)
            #expect(desk.told.last?.data["event"]?["reason"] == .null)
        }
    }

    @Test func `whose log-in failed is told by the name`() async throws {
        try await withDesk { worker, desk in
            let (bot, user) = (UUID(high: 1, low: 7), PrincipalID(.user, UUID(high: 1, low: 8)))
            _ = try await desk.database.query(Self.insertBot, .uuid(bot), .uuid(user.uuid))
            _ = try await desk.enabledRule(
                #"{"name": "Failed", "severity": "info", "on": ["login.failed"]}"#)
            try await desk.emit(
                .loginFailed,
                [
                    "user_id": .string(user.description), "reason": "wrong_password",
                    "address": "10.1.0.9", "count": 1,
                ])
            #expect(
                try await desk.alerts().first?["summary"]
                    == "Failed: a log-in of user o failed from 10.1.0.9: wrong password")
        }
    }

    @Test func `groups are alerts of their own, and a group counts`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(crossing)
            try await desk.grade("SOL", from: 60, to: 71)
            try await desk.grade("BTC", from: 60, to: 71)
            try await desk.grade("SOL", from: 61, to: 72)
            let alerts = try await desk.alerts()
            #expect(
                alerts.map { $0["count"]?.asInt } == [2, 1] || alerts.map { $0["count"]?.asInt } == [1, 2])
            #expect(desk.told.compactMap { $0.data["count"]?.asInt } == [1, 1, 2])
        }
    }

    @Test func `a cooldown swallows and counts until its time is over`() async throws {
        try await withDesk { worker, desk in
            let body = crossing.replacing("\"info\"", with: "\"info\", \"cooldown\": \"15m\"")
            _ = try await desk.enabledRule(body)
            try await desk.grade("SOL", from: 60, to: 71)
            desk.now = desk.now + .minutes(14)
            try await desk.grade("SOL", from: 60, to: 72)
            #expect(desk.told.count == 1)
            #expect(try await desk.alerts().first?["suppressed"] == 1)
            #expect(try await desk.alerts().first?["count"] == 2)
            desk.now = desk.now + .minutes(1)
            try await desk.grade("SOL", from: 60, to: 73)
            #expect(desk.told.compactMap { $0.data["count"]?.asInt } == [1, 3])
            #expect(try await desk.alerts().first?["suppressed"] == 1)
            // The cooldown began anew.
            desk.now = desk.now + .minutes(2)
            try await desk.grade("SOL", from: 60, to: 74)
            #expect(desk.told.count == 2)
        }
    }

    @Test func `several firings of one transaction are told in order, with a cooldown only the first`()
        async throws
    {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(
                #"{"name": "each", "severity": "info", "on": ["custom.a"], "when": "event.n > 0"}"#)
            _ = try await desk.enabledRule(
                #"{"name": "calm", "severity": "info", "on": ["custom.*"], "cooldown": "1h"}"#)
            let type = try #require(EventType("custom.a"))
            try await desk.ledger.change(desk.context()) { change in
                for n in [1, 0, 2, 3] {
                    change.emit(NewEvent(type, subject: "s", ["n": .number(JSONNumber(n))]))
                }
            }
            let each = desk.told.filter { $0.data["rule"]?["name"] == "each" }
            #expect(each.compactMap { $0.data["count"]?.asInt } == [1, 2, 3])
            #expect(each.compactMap { $0.data["event"]?["n"]?.asInt } == [1, 2, 3])
            #expect(desk.told.count == 4)
            let calm = try await desk.alerts().first { $0["rule"]?["name"] == "calm" }
            #expect(calm?["count"] == 4)
            #expect(calm?["suppressed"] == 3)
        }
    }

    @Test func `nothing fires twice for one event`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(crossing)
            let event = try await desk.grade("SOL", from: 60, to: 71)
            // Nobody asks twice. Whoever did would undo what else they do.
            await #expect(throws: PostgresError.self) {
                _ = try await desk.database.transaction { transaction in
                    try await desk.engine.messages(for: [event], in: transaction)
                }
            }
            #expect(try await desk.alerts().first?["count"] == 1)
            #expect(try await desk.count("rule_firing") == 1)
        }
    }

    @Test func `a transaction that is undone leaves neither event nor alert`() async throws {
        struct Undone: Error {}
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(crossing)
            desk.ledger.react { _, _ in throw Undone() }
            do {
                try await desk.grade("SOL", from: 60, to: 71)
                Issue.record("it was committed")
            } catch is Undone {
                #expect(desk.told.count == 1)
            }
            #expect(try await desk.count("event") == 0)
            #expect(try await desk.count("alert") == 0)
            #expect(try await desk.count("rule_firing") == 0)
        }
    }

    @Test func `retroactive events are for rules that want them`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(crossing)
            try await desk.grade("SOL", from: 60, to: 71, retroactive: true)
            #expect(try await desk.alerts().isEmpty)
            _ = try await desk.enabledRule(
                #"{"name": "all", "severity": "info", "on": ["grade.*"], "retroactive": true}"#)
            try await desk.grade("SOL", from: 60, to: 71, retroactive: true)
            #expect(try await desk.alerts().count == 1)
        }
    }

    @Test func `rules of other types cost nothing`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(crossing)
            try await desk.database.transaction { transaction in
                try await transaction.query(manyRules, .text(AlertDesk.owner.description))
                try await Authority.configure(in: transaction)
            }
            try await desk.grade("SOL", from: 60, to: 71)
            #expect(desk.engine.evaluations == 1)
            try await desk.emit(.candleGap, ["missing": 3])
            #expect(desk.engine.evaluations == 1)
        }
    }

    @Test func `a rule that another worker enabled or disabled counts for the next event`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: true)
        try await scratch.withDatabase { worker, database in
            let (one, other) = (AlertDesk(database), AlertDesk(database))
            _ = try await one.webhook("everybody", of: AlertDesk.listener)
            try await one.grade("SOL", from: 60, to: 71)
            let id = try await other.enabledRule(crossing)
            try await one.grade("SOL", from: 60, to: 71)
            #expect(one.told.count == 1)
            let reason = #"{"reason": "too loud"}"#
            let disabled = try await other.call("POST", "alert-rules/\(id)/disable", reason)
            #expect(disabled.json["status_reason"] == "too loud")
            try await one.grade("SOL", from: 60, to: 71)
            #expect(one.told.count == 1)
        }
    }

    @Test func `an error is told once, as the rule's failure and never as its alert`() async throws {
        try await withDesk { worker, desk in
            let id = try await desk.enabledRule(crossing)
            // The first grade of a series has no previous one, and null has no order.
            try await desk.grade("NEW", from: nil, to: 80)
            try await desk.grade("NEWER", from: nil, to: 80)
            #expect(desk.told.map(\.type) == ["rule.failed"])
            #expect(desk.told.first?.data["rule_id"]?.asString == id)
            #expect(try await desk.alerts().isEmpty)
            let rule = try await desk.call("GET", "alert-rules/\(id)")
            #expect(rule.json["status"] == "error")
            #expect(rule.json["status_reason"]?.asString?.contains("event.previous < 70") == true)
            // It goes on with other events, and is told anew once it was enabled anew.
            try await desk.grade("SOL", from: 60, to: 71)
            #expect(desk.told.map(\.type) == ["rule.failed", "alert.firing"])
            #expect(try await desk.call("POST", "alert-rules/\(id)/enable").json["status"] == "enabled")
            try await desk.grade("NEWEST", from: nil, to: 80)
            #expect(desk.told.last?.type == "rule.failed")
        }
    }

    @Test func `a rule sees with its owner's eyes, at that moment`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(crossing)
            try await desk.move(to: Set(Permission.allCases).subtracting([.signalsRead]))
            try await desk.grade("SOL", from: 60, to: 71)
            #expect(try await desk.alerts().isEmpty)
            try await desk.move(to: [.signalsRead])
            try await desk.grade("SOL", from: 60, to: 71)
            #expect(try await desk.alerts().count == 1)
            try await desk.move(to: nil)
            try await desk.grade("BTC", from: 60, to: 71)
            #expect(try await desk.alerts().count == 1)
        }
    }

    @Test func `rules of a disabled owner are suspended, and come back`() async throws {
        try await withDesk { worker, desk in
            let id = try await desk.enabledRule(crossing)
            let user = AlertDesk.owner.description
            try await desk.emit(.userDisabled, ["user_id": .string(user)], subject: user)
            #expect(desk.told.map(\.type) == ["rule.suspended"])
            #expect(try await desk.call("GET", "alert-rules/\(id)").json["status"] == "suspended")
            #expect(try await desk.call("POST", "alert-rules/\(id)/enable").code == "conflict")
            try await desk.emit(.userEnabled, ["user_id": .string(user)], subject: user)
            #expect(try await desk.call("GET", "alert-rules/\(id)").json["status"] == "enabled")
            try await desk.grade("SOL", from: 60, to: 71)
            #expect(desk.told.map(\.type) == ["rule.suspended", "alert.firing"])
        }
    }

    @Test func `rules cannot match what rules tell`() async throws {
        try await withDesk { worker, desk in
            let answer = try await desk.call(
                "POST", "alert-rules",
                #"{"name": "loop", "severity": "info", "on": ["alert.*", "rule.failed"]}"#)
            #expect(answer.pointers == ["/on/0", "/on/1"])
        }
    }
}

extension AlertDesk {
    /// Another authority for the owner, as an epoch of its own; nil takes all of it.
    fileprivate func move(to permissions: Set<Permission>?) async throws {
        rights.permissions[Self.owner] = permissions
        _ = try await database.transaction { try await Authority.raise(touching: nil, in: $0) }
    }
}

private let manyRules = Statement(
    "test_many_rules",
    """
    insert into alert_rule (id, owner, status, version, revision, created_at, updated_at, name, severity,
        event_types,
        condition, group_by, labels, send_to, is_security, is_retroactive, tests)
    select gen_random_uuid(), $1, 'enabled', 1, 1, '2026-01-01Z', '2026-01-01Z', 'rule ' || n, 'info',
        array['key.*', 'custom.x' || n], 'event.subject == "x"', '{}', '{}', '{}', true, false, '[]'
    from generate_series(1, 200) n
    """)
