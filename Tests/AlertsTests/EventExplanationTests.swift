import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Alerts

struct EventExplanationTests {
    @Test func `an event says why no rule fired`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(crossing)
            _ = try await desk.call(
                "POST", "alert-rules", #"{"name": "off", "severity": "info", "on": ["grade.*"]}"#)
            let event = try await desk.grade("SOL", from: 75, to: 80)
            let why = try await desk.call("GET", "events/\(event.id)/explain")
            let verdicts = why.json["rules"]?.asArray ?? []
            #expect(verdicts.compactMap { $0["verdict"] } == ["condition", "disabled"], "\(why.text)")
            #expect(why.json["complete"] == true)
            #expect(verdicts.first?["matched"]?[1] == ["expression": "event.previous < 70", "value": false])
            let fired = try await desk.grade("SOL", from: 60, to: 80)
            let did = try await desk.call("GET", "events/\(fired.id)/explain")
            #expect(did.json["rules"]?[0]?["verdict"] == "fired")
            let blind = desk.context([.eventsRead])
            #expect(try await desk.call("GET", "events/\(fired.id)/explain", as: blind).status == 404)
            let noRules = desk.context([.eventsRead, .signalsRead])
            let bare = try await desk.call("GET", "events/\(fired.id)/explain", as: noRules)
            #expect(bare.json["rules"] == [] && bare.json["rules_shown"] == false)
        }
    }

    @Test func `of many rules those that fired come first, and it is said whether these are all`()
        async throws
    {
        try await withDesk { _, desk in
            for name in ["a", "b", "c"] {
                _ = try await desk.enabledRule(
                    """
                    {"name": "\(name)", "severity": "info", "on": ["grade.*"], "when": "event.grade > 99"}
                    """)
            }
            let fired = try await desk.enabledRule(
                #"{"name": "z", "severity": "info", "on": ["grade.changed"]}"#)
            let other = try await desk.enabledRule(
                #"{"name": "other", "severity": "info", "on": ["custom.*"]}"#)
            let event = try await desk.grade("SOL", from: 75, to: 80)
            let all = try await desk.call("GET", "events/\(event.id)/explain").json
            #expect(all["rules"]?.asArray?.compactMap { $0["rule"]?["name"] } == ["z", "a", "b"])
            #expect(all["complete"] == false)
            for (rule, verdict) in [(fired, "fired"), (other, "event_type")] {
                let one = try await desk.call("GET", "events/\(event.id)/explain?rule_id=\(rule)").json
                #expect(one["rules"]?.asArray?.count == 1 && one["complete"] == true)
                #expect(one["rules"]?[0]?["verdict"]?.asString == verdict)
            }
        }
    }
}
