import Access
import Events
package import JSON

/// One of a rule's own test cases: an event, and what the rule must say to it.
package struct RuleTestCase: Equatable, Sendable {
    package enum Expectation: String, CaseIterable, Sendable { case fires, silent }

    package let name: String?
    /// What is left out is absent.
    package let event: JSONObject
    package let expect: Expectation

    /// A rule is enabled only when all of its cases give what they expect.
    package func run(_ rule: RuleContent) -> RuleVerdict {
        guard let type = event["type"]?.asString.flatMap({ EventType($0) }) else {
            return .error("no event type")
        }
        return rule.verdict(on: type, event)
    }

    package func passes(_ verdict: RuleVerdict) -> Bool { verdict.name == expect.rawValue }
}

/// What a rule's cases came to.
package struct RuleTestResults: Sendable {
    package let cases: [(test: RuleTestCase, verdict: RuleVerdict)]

    package init(_ tests: [RuleTestCase], of rule: RuleContent) {
        cases = tests.map { ($0, $0.run(rule)) }
    }

    package var failures: [(index: Int, message: String)] {
        cases.enumerated().compactMap { index, item in
            guard !item.test.passes(item.verdict) else { return nil }
            let reason = item.verdict.error.map { ": \($0)" } ?? ""
            return (
                index, "was expected to be \(item.test.expect.rawValue), was \(item.verdict.name)\(reason)"
            )
        }
    }
}

extension RuleTestResults: JSONWritable {
    package func write(to w: inout JSONWriter) {
        let failed = failures.count
        w.object { w in
            w.field("passed", cases.count - failed)
            w.field("failed", failed)
            w.array("cases", cases) { w, item in
                w.object { w in
                    w.field("name", item.test.name)
                    w.field("event", item.test.event)
                    w.field("expect", item.test.expect.rawValue)
                    w.field("got", item.verdict.name)
                    w.field("passed", item.test.passes(item.verdict))
                    w.field("message", item.verdict.error)
                }
            }
        }
    }
}

extension RuleTestCase {
    /// As stored.
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("name", name)
            w.field("event", event)
            w.field("expect", expect.rawValue)
        }
    }

    init?(stored: JSONValue) {
        guard let event = stored["event"]?.asObject,
            let expect = stored["expect"]?.asString.flatMap(Expectation.init)
        else { return nil }
        self.init(name: stored["name"]?.asString, event: event, expect: expect)
    }
}
