import Access
import Events
import JSON
import Kernel
import Webhooks

/// What matchers see of an alert: its rule's labels, and beside them `severity`, `rule`, `rule_id`,
/// `security`, `event_type`, and what it is grouped by under its own names, such as `event.key_id`.
struct AlertFacts: Equatable, Sendable {
    let texts: [String: String]

    init(
        rule: RuleReference, severity: String, isSecurity: Bool, eventType: String, labels: JSONObject,
        group: JSONObject
    ) {
        var texts: [String: String] = [:]
        for member in labels.members + group.members { texts[member.name] = Self.text(member.value) }
        texts["severity"] = severity
        texts["rule"] = rule.name
        texts["rule_id"] = rule.id.description
        texts["security"] = isSecurity ? "true" : "false"
        texts["event_type"] = eventType
        self.texts = texts
    }

    init(_ alert: Alert) {
        self.init(
            rule: alert.rule, severity: alert.severity, isSecurity: alert.isSecurity,
            eventType: alert.eventType, labels: alert.labels, group: alert.group)
    }

    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .number(let number): number.text
        case .bool(let truth): truth ? "true" : "false"
        case .null: nil
        default: value.text
        }
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
