import Access
import Events
import Expressions
import JSON
import Kernel
import Testing
import TestSupport

@testable import Alerts

/// What an explanation says of rules that look at more than one event.
struct RuleCauseTests {
    private func causes(_ fields: String, _ samples: [RuleWorkbench.Sample]) throws -> [RuleCause] {
        var run = RuleRun(try RuleWorkbench.rule(fields), from: RuleWorkbench.start)
        var outcomes = samples.flatMap { run.take($0.occurrence, $0.view) }
        outcomes += run.advance(to: RuleWorkbench.at(10_000))
        return outcomes.filter { $0.transition.step == .fires }.compactMap(\.transition.cause)
    }

    private func sample(_ number: Int, _ kind: String = "custom.a", _ value: Int = 0) -> RuleWorkbench.Sample
    {
        RuleWorkbench.Sample(number: number, second: number * 10, kind: kind, value: value)
    }

    @Test func `it says what was counted, since when, which steps came, and what was before`() throws {
        let counted = try causes(#""window": {"count": 3, "within": "1m"}"#, (1...3).map { sample($0) })
        #expect(counted.map(\.window) == [RuleCause.Window(value: "3", since: RuleWorkbench.at(10))])
        let added = try causes(
            #""window": {"sum": "event.v", "at_least": 5, "within": "1m"}"#,
            (1...2).map { sample($0, "custom.a", 3) })
        #expect(added.map(\.window?.value) == ["6"])
        let steps = try causes(
            #""sequence": {"steps": [{"on": ["custom.a"], "count": 2}, {"on": ["custom.b"]}], "#
                + #""within": "1h"}"#,
            [sample(1), sample(2), sample(3, "custom.b")])
        let ends = [
            RuleCause.Step(count: 2, at: RuleWorkbench.at(20)),
            RuleCause.Step(count: 1, at: RuleWorkbench.at(30)),
        ]
        #expect(steps.map(\.steps) == [ends])
        let held = try causes(#""when": "event.v > 2", "for": "40s""#, [sample(1, "custom.a", 3)])
        #expect(held.map(\.heldSince) == [RuleWorkbench.at(10)])
        let crossed = try causes(
            #""when": "crosses_above(event.v, 3)""#, [sample(1, "custom.a", 1), sample(2, "custom.a", 5)])
        #expect(crossed.map(\.crossings.marks) == [[0]])
        for cause in counted + added + steps + held + crossed {
            #expect(RuleCause(stored: cause.json) == cause)
            #expect(cause.shown["crossings"] == nil)
        }
    }

    @Test func `an alert and its event are explained with it`() async throws {
        try await withDesk { worker, desk in
            let crossing = try await desk.enabledRule(
                """
                {"name": "crosses", "severity": "info", "on": ["custom.*"],
                 "when": "crosses_above(event.v, 3)"}
                """)
            let many = try await desk.enabledRule(
                """
                {"name": "many", "severity": "info", "on": ["custom.*"], "when": "event.v > 0",
                 "window": {"count": 2, "within": "1h"}}
                """)
            let engine = desk.courseEngine(on: worker)
            try await desk.push([("a", 1)])
            desk.now = desk.now + .minutes(1)
            let event = try #require(try await desk.push([("a", 5)]).first)
            try await desk.catchUp(engine)
            let alerts = try await desk.alerts()
            #expect(alerts.count == 2)
            for alert in alerts {
                let why = try await desk.call("GET", "alerts/\(alert["id"]?.asString ?? "")/explain").json
                if alert["rule"]?["name"] == "many" {
                    #expect(why["cause"]?["window"]?["value"] == "2", "\(why.text)")
                    let since = why["cause"]?["window"]?["since"]?.asString
                    #expect(since == (desk.now - .minutes(1)).description)
                } else {
                    #expect(why["cause"]?["window"]?.isNull == true)
                    #expect(why["matched"]?[0]?["value"] == true, "\(why.text)")
                }
            }
            let told = try await desk.call("GET", "events/\(event.id)/explain").json["rules"]?.asArray ?? []
            #expect(told.count == 2 && told.allSatisfy { $0["verdict"] == "fired" })
            for rule in told {
                let isMany = rule["rule"]?["id"]?.asString == many
                #expect(rule["cause"]?["window"]?["value"] == (isMany ? "2" : nil), "\(rule.text)")
                if rule["rule"]?["id"]?.asString == crossing {
                    #expect(rule["matched"]?[0]?["value"] == true)
                }
            }
        }
    }
}
