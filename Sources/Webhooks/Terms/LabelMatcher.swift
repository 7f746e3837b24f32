package import Expressions
package import JSON

/// A condition on one label, as Alertmanager has them: a label that is not there is empty text.
package struct LabelMatcher: Sendable {
    package enum Comparison: String, CaseIterable, Sendable {
        case equal = "="
        case unequal = "!="
        case matches = "=~"
        case differs = "!~"

        var isRegex: Bool { self == .matches || self == .differs }
        var isNegative: Bool { self == .unequal || self == .differs }
    }

    package let name: String
    package let comparison: Comparison
    package let value: String
    private let regex: Regex?

    /// A pattern matches the whole value.
    package init(_ name: String, _ comparison: Comparison, _ value: String) throws(RegexMistake) {
        (self.name, self.comparison, self.value) = (name, comparison, value)
        regex = comparison.isRegex ? try Regex("^(?:\(value))$") : nil
    }

    package func takes(_ labels: [String: String]) -> Bool {
        let text = labels[name] ?? ""
        guard let regex else { return (text == value) != comparison.isNegative }
        var steps = ExpressionLimits.cost
        // What takes too long to tell is let through: better told once too often.
        guard let isMatch = regex.search(text, steps: &steps) else { return true }
        return isMatch != comparison.isNegative
    }
}

extension LabelMatcher: Equatable {
    package static func == (a: LabelMatcher, b: LabelMatcher) -> Bool {
        (a.name, a.comparison, a.value) == (b.name, b.comparison, b.value)
    }
}

extension LabelMatcher: CustomStringConvertible {
    /// `severity=critical`.
    package var description: String { "\(name)\(comparison.rawValue)\(value)" }
}

extension LabelMatcher: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("name", name)
            w.field("operator", comparison.rawValue)
            w.field("value", value)
        }
    }

    /// Of a stored one; nil when this program cannot read it.
    package init?(_ json: JSONValue) {
        guard let name = json["name"]?.asString, let value = json["value"]?.asString,
            let comparison = json["operator"]?.asString.flatMap({ Comparison(rawValue: $0) }),
            let read = try? LabelMatcher(name, comparison, value)
        else { return nil }
        self = read
    }
}

/// What matchers see of an alert, wherever they stand: its rule's labels, and beside them `severity`,
/// `rule`, `rule_id`, `security`, `event_type`, and what it is grouped by under its own names, such as
/// `event.key_id`.
package struct MatchedTexts: Equatable, Sendable {
    package private(set) var texts: [String: String] = [:]

    package init(
        labels: JSONObject?, group: JSONObject?, severity: String?, rule: String?, ruleID: String?,
        isSecurity: Bool, eventType: String?
    ) {
        for member in (labels?.members ?? []) + (group?.members ?? []) {
            texts[member.name] = Self.text(member.value)
        }
        (texts["severity"], texts["rule"], texts["rule_id"]) = (severity, rule, ruleID)
        texts["security"] = isSecurity ? "true" : "false"
        texts["event_type"] = eventType
    }

    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): return text
        case .number(let number): return number.text
        case .bool(let truth): return truth ? "true" : "false"
        case .null: return nil
        case .array, .object: return String(decoding: value.bytes, as: UTF8.self)
        }
    }
}

extension Message {
    /// As the reader of this edition sees it. Nil for what is not about an alert, which matchers leave alone.
    var labels: [String: String]? {
        guard alert != nil else { return nil }
        return MatchedTexts(
            labels: data["labels"]?.asObject, group: data["group"]?.asObject,
            severity: data["severity"]?.asString, rule: data["rule"]?["name"]?.asString,
            ruleID: data["rule"]?["id"]?.asString, isSecurity: isSecurity, eventType: firedBy
        ).texts
    }
}
