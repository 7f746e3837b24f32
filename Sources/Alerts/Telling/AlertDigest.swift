import Access
import Events
import JSON
import Kernel
import Webhooks

/// Many alerts in one message: how many of which rule, and where to read them.
struct AlertDigest {
    /// Under 20 kB, with summaries of 240 characters.
    static let listedAtMost = 25

    private let items: [HeldTellings.Item]

    /// - Parameter items: of one webhook, at least one.
    init(_ items: [HeldTellings.Item]) { self.items = items.sorted { $0.alert.firstAt < $1.alert.firstAt } }

    func message(to webhook: WebhookID, at now: Timestamp, _ origin: String) -> Message {
        let permissions =
            [.alertsRead] + Set(items.map(\.type.permission)).sorted { $0.rawValue < $1.rawValue }
        let isSubscribed = items.allSatisfy(\.row.isSubscribed)
        var message = Message(
            type: Message.digestType, timestamp: now, data: data(origin), event: nil,
            permissions: permissions, to: isSubscribed ? .subscribed([webhook]) : .webhooks([webhook]))
        message.alerts = items.map(\.alert.id)
        return message
    }

    private func data(_ origin: String) -> JSONObject {
        var data = JSONObject()
        let severity = items.compactMap { Severity(rawValue: $0.alert.severity) }.max { $0.rank < $1.rank }
        let fields: KeyValuePairs<String, JSONValue> = [
            "severity": .string((severity ?? .info).rawValue), "summary": .string(summary),
            "count": .number(JSONNumber(items.count)), "rules": .array(rules),
            "alerts": .array(items.prefix(Self.listedAtMost).map { $0.alert.short(origin) }),
            "more": .number(JSONNumber(max(0, items.count - Self.listedAtMost))),
            "url": .string("\(origin)/alerts"),
        ]
        for (name, value) in fields { _ = data.append(name, value) }
        return data
    }

    private var byRule: [(rule: RuleReference, count: Int)] {
        Dictionary(grouping: items, by: \.alert.rule.id).values.compactMap { items in
            items.first.map { ($0.alert.rule, items.count) }
        }.sorted { ($1.count, $0.rule.name) < ($0.count, $1.rule.name) }
    }

    private var rules: [JSONValue] {
        byRule.prefix(Self.listedAtMost).map { rule, count in
            var object = rule.object
            _ = object.append("count", .number(JSONNumber(count)))
            return .object(object)
        }
    }

    /// The three rules that fired most.
    private var summary: String {
        let named = byRule.prefix(3).map { "\($0.count) × \($0.rule.name)" }.joined(separator: ", ")
        let word = items.count == 1 ? "alert" : "alerts"
        return "\(items.count) \(word): \(named)\(byRule.count > 3 ? ", and others" : "")"
    }
}

extension Alert {
    /// What a webhook's matchers see of it, as they see a message's.
    var labelTexts: [String: String] {
        var texts: [String: String] = [:]
        for label in labels.members { texts[label.name] = label.value.asString }
        (texts["severity"], texts["rule"]) = (severity, rule.name)
        return texts
    }

    /// As a digest lists it.
    fileprivate func short(_ origin: String) -> JSONValue {
        [
            "alert_id": .string(id.description), "rule": .string(rule.name), "severity": .string(severity),
            "state": .string(state.rawValue), "summary": .string(summary),
            "count": .number(JSONNumber(count)), "url": .string(Self.url(of: id, origin: origin)),
        ]
    }
}
