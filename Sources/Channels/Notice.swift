package import JSON

/// A message as a person reads it: taken from the bytes that a Standard Webhooks receiver would get.
package struct Notice: Sendable {
    /// What it says of an alert.
    package enum Step: Sendable {
        case fired, acknowledged, resolved
        /// Somebody took it over, or said something: no news of the alert itself.
        case noted
    }

    package enum Severity: String, Sendable, Comparable, CaseIterable {
        case info, warning, critical

        package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
        private var rank: Int { self == .info ? 0 : self == .warning ? 1 : 2 }
    }

    package struct Fact: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    /// The `webhook-id`, the same over all attempts.
    package let id: String
    package let type: String
    /// RFC 3339, as the message has it.
    package let time: String
    /// Nil for what is no alert.
    package let step: Step?
    package let severity: Severity?
    /// The rule's name, or the event's type.
    package let title: String
    /// What happened, in a sentence; empty where the facts say it.
    package let text: String
    package let facts: [Fact]
    /// Where a person sees all of it.
    package let link: String?
    /// The alert or the event that it is about.
    package let thing: String
    package let data: JSONObject

    /// Nil when the bytes are no message of ours.
    package init?(id: String, body: [UInt8]) {
        guard let message = try? JSONValue.parse(body), let type = message["type"]?.asString,
            let time = message["timestamp"]?.asString, let data = message["data"]?.asObject
        else { return nil }
        (self.id, self.type, self.time, self.data) = (id, type, time, data)
        let isAlert = type.hasPrefix("alert.") && data["alert_id"]?.asString != nil
        step = isAlert ? Self.step(type, state: data["state"]?.asString) : nil
        severity = data["severity"]?.asString.flatMap { Severity(rawValue: $0) }
        let rule = data["rule"]?["name"]?.asString
        let isDigest = type == "alert.digest"
        let named = Self.names[type] ?? type
        let name = Plain.line(isAlert ? rule ?? type : named)
        title = name.isEmpty ? type : name
        text = isAlert ? Self.text(type, data, Self.sentence(data, rule)) : Self.words(of: type, data)
        facts = isAlert ? Self.facts(ofAlert: data) : Self.facts(ofEvent: type, data)
        link = isAlert || isDigest ? data["url"]?.asString.flatMap { Self.safeLink($0) } : nil
        // An own event that names an alert is not that alert. A rule that is blind is one incident.
        let isOfRule = type.hasPrefix("rule.") && data["rule_id"]?.asString != nil
        thing = data[isAlert ? "alert_id" : isOfRule ? "rule_id" : "event_id"]?.asString ?? id
    }

    /// Whether somebody is wanted.
    var isNews: Bool { step == nil || step == .fired }

    private static func step(_ type: String, state: String?) -> Step {
        switch type {
        case "alert.resolved": .resolved
        // What came and went, as it was left.
        case "alert.settled": state == "resolved" ? .resolved : .fired
        case "alert.acknowledged": .acknowledged
        case "alert.assigned", "alert.commented": .noted
        default: .fired
        }
    }

    /// What stands before the title, nothing where there is nothing to say.
    var label: String {
        switch step {
        case .fired: [severity?.rawValue.uppercased(), news].compactMap(\.self).joined(separator: ": ")
        case .acknowledged: "Acknowledged"
        case .resolved: "Resolved"
        case .noted: type == "alert.assigned" ? "Assigned" : "Comment"
        case nil: ""
        }
    }

    /// Why what fires is told once more; nil of what is new.
    var news: String? {
        switch type {
        case "alert.escalated": "Nobody acknowledged"
        case "alert.reopened": "Again"
        case "alert.flapping": "Comes and goes"
        case "alert.settled": "Still so"
        default: nil
        }
    }

    /// The first line: what a locked phone shows.
    package var headline: String { label.isEmpty ? title : "\(label): \(title)" }
}

// MARK: Reading

extension Notice {
    /// An alert's summary begins with its rule's name, which the headline has already.
    private static func sentence(_ data: JSONObject, _ rule: String?) -> String {
        let summary = data["summary"]?.asString ?? ""
        guard let rule, summary.hasPrefix("\(rule): ") else { return Plain.line(summary) }
        return Plain.line(String(summary.dropFirst(rule.count + 2)))
    }

    /// What somebody or time did about it stands first: the summary was told before. A comment needs none.
    private static func text(_ type: String, _ data: JSONObject, _ summary: String) -> String {
        guard let deed = Deed(type, data)?.text else { return summary }
        if type == "alert.commented" || summary.isEmpty { return deed }
        let isEnded = deed.last.map { ".!?".contains($0) } ?? true
        return "\(deed)\(isEnded ? "" : ".") \(summary)"
    }

    private static let names: [String: String] = [
        "webhook.test": "Test", "alert.digest": "Alerts that were held", "rule.failed": blind,
        "rule.no_data": blind, "rule.suspended": blind, "rule.overflowed": "Monitoring is blind in part",
    ]
    private static let blind = "Monitoring is blind"

    private static func words(of type: String, _ data: JSONObject) -> String {
        let rule = Plain.line(data["name"]?.asString ?? "")
        // Of ids alone nothing is said.
        if rule.isEmpty, type.hasPrefix("rule."), names[type] != nil { return "" }
        switch type {
        case "webhook.test": return "Keybell reaches this channel."
        case "rule.failed":
            let event = data["event_type"]?.asString ?? "an event"
            return Plain.line("rule \(rule) cannot judge \(event): \(data["error"]?.asString ?? "")")
        case "rule.no_data", "rule.suspended":
            return Plain.line("rule \(rule): \(data["reason"]?.asString ?? "")")
        case "rule.overflowed": return "rule \(rule) has more groups or values than are kept"
        default: return sentence(of: data)?.text ?? ""
        }
    }

    /// Of an event that tells of itself in words, and in which of its fields.
    private static func sentence(of data: JSONObject) -> (name: String, text: String)? {
        for name in ["summary", "message"] {
            let text = Plain.line(data[name]?.asString ?? "")
            if !text.isEmpty { return (name, text) }
        }
        return nil
    }

    private static func facts(ofAlert data: JSONObject) -> [Fact] {
        var facts = FactList()
        if let advice = data["advice"]?.asString { facts.append("advice", Plain.line(advice)) }
        if let count = data["count"]?.asInt, count > 1 { facts.append("count", "\(count)") }
        if let period = data["quiet_for"]?.asString { facts.append("quiet for", Plain.line(period)) }
        for name in ["group", "labels"] {
            for member in data[name]?.asObject?.members ?? [] { facts.append(member) }
        }
        return facts.fitting
    }

    /// Of an own event that has fields named as ours, all that was pushed stands together.
    private static func facts(ofEvent type: String, _ data: JSONObject) -> [Fact] {
        var unsaid: Set<String> = ["event_id", "sequence"]
        if !type.hasPrefix("custom.") { unsaid.insert("webhook_id") }
        if let sentence = sentence(of: data) { unsaid.insert(sentence.name) }
        let pushed = type.hasPrefix("custom.") ? data["event_data"]?.asObject : nil
        if pushed != nil { unsaid.insert("event_data") }
        var facts = FactList(isOwn: type.hasPrefix("custom."))
        for member in data.members where !unsaid.contains(member.name) { facts.append(member) }
        for member in pushed?.members ?? [] where member.name != sentence(of: data)?.name {
            facts.append(member)
        }
        return facts.fitting
    }

    /// An address that no notation of a channel can take for something else.
    private static func safeLink(_ text: String) -> String? {
        let isWeb = text.hasPrefix("https://") || text.hasPrefix("http://")
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: "-._~:/?#[]@%=&+".utf8.contains(byte)
            }
        }
        return isWeb && isPlain && text.utf8.count <= 1_000 ? text : nil
    }
}
