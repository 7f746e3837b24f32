import Access
import Events
import JSON
import Kernel
import Webhooks

/// What matchers see of an alert.
struct AlertFacts: Equatable, Sendable {
    let texts: [String: String]

    init(
        rule: RuleReference, severity: String, isSecurity: Bool, eventType: String, labels: JSONObject,
        group: JSONObject
    ) {
        texts =
            MatchedTexts(
                labels: labels, group: group, severity: severity, rule: rule.name,
                ruleID: rule.id.description, isSecurity: isSecurity, eventType: eventType
            ).texts
    }

    init(_ alert: Alert) {
        self.init(
            rule: alert.rule, severity: alert.severity, isSecurity: alert.isSecurity,
            eventType: alert.eventType, labels: alert.labels, group: alert.group)
    }

    /// As somebody with these rights sees it.
    init(_ alert: Alert, seenBy rights: Rights) {
        let veil = EventVeil(EventType(alert.eventType)).flatMap { veil in
            rights.mayInGeneral(veil.permission) ? nil : veil
        }
        self.init(
            rule: alert.rule, severity: alert.severity, isSecurity: alert.isSecurity,
            eventType: alert.eventType, labels: alert.labels,
            group: veil?.drawn(overGroup: alert.group) ?? alert.group)
    }
}

extension [LabelMatcher] {
    /// All must hold.
    func take(_ facts: AlertFacts) -> Bool { allSatisfy { $0.takes(facts.texts) } }

    var json: [UInt8] {
        var w = JSONWriter(capacity: 128)
        w.array { w in for matcher in self { w.value(matcher) } }
        return w.bytes
    }

    var texts: JSONValue { .array(map { .string($0.description) }) }
}

extension LabelMatcher {
    /// Nil when this program cannot read one of them: then nothing may hang on the others alone.
    static func stored(_ json: [UInt8]) -> [LabelMatcher]? {
        guard let values = (try? JSONValue.parse(json))?.asArray else { return nil }
        let read = values.compactMap { LabelMatcher($0) }
        return read.count == values.count ? read : nil
    }
}
