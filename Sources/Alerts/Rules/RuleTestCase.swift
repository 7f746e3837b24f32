import Access
import Events
import Expressions
package import JSON
package import Kernel

/// One of a rule's own test cases: events and their times, and what the rule must make of them.
package struct RuleTestCase: Equatable, Sendable {
    package enum Expectation: String, CaseIterable, Sendable { case fires, resolves, silent }

    /// An event some time after the case begins.
    package struct Moment: Equatable, Sendable {
        package let offset: Period
        /// What is left out is absent.
        package let event: JSONObject
    }

    package let name: String?
    package let moments: [Moment]
    /// How long the case lasts; nil: to its last event.
    package let until: Period?
    package let expect: Expectation

    /// A rule is enabled only when all of its cases give what they expect.
    package func run(_ rule: RuleContent) -> RuleVerdict {
        RuleTrial(rule, moments, until: until, isExplained: false).verdict
    }

    /// What was resolved has fired before.
    package func passes(_ verdict: RuleVerdict) -> Bool {
        verdict.name == expect.rawValue || (expect == .fires && verdict == .resolves)
    }
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
                    item.test.writeFields(to: &w)
                    w.field("got", item.verdict.name)
                    w.field("passed", item.test.passes(item.verdict))
                    w.field("message", item.verdict.error)
                }
            }
        }
    }
}

extension RuleTestCase {
    private var single: JSONObject? {
        moments.count == 1 && moments[0].offset.microseconds == 0 && until == nil ? moments[0].event : nil
    }

    /// As stored, and as answered.
    func writeFields(to w: inout JSONWriter) {
        w.field("name", name)
        w.field("event", single)
        if single == nil {
            w.array("events", moments) { w, moment in
                w.object { w in
                    w.field("at", moment.offset.description)
                    w.field("event", moment.event)
                }
            }
        } else {
            w.field("events", JSONValue.null)
        }
        w.field("until", until?.description)
        w.field("expect", expect.rawValue)
    }

    func write(to w: inout JSONWriter) { w.object { w in writeFields(to: &w) } }

    init?(stored: JSONValue) {
        guard let expect = stored["expect"]?.asString.flatMap(Expectation.init) else { return nil }
        let moments =
            if let event = stored["event"]?.asObject {
                [Moment(offset: Period(microseconds: 0), event: event)]
            } else {
                (stored["events"]?.asArray ?? []).compactMap { value -> Moment? in
                    guard let event = value["event"]?.asObject else { return nil }
                    return Moment(
                        offset: value["at"]?.asString.flatMap { Period($0) } ?? Period(microseconds: 0),
                        event: event)
                }
            }
        guard !moments.isEmpty else { return nil }
        self.init(
            name: stored["name"]?.asString, moments: moments,
            until: stored["until"]?.asString.flatMap { Period($0) }, expect: expect)
    }
}
