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

    /// Of those, what is still so.
    private let standing: [HeldTellings.Item]

    /// - Parameter items: of one webhook, at least one.
    init(_ items: [HeldTellings.Item]) {
        let items = items.sorted { $0.alert.firstAt < $1.alert.firstAt }
        standing = items.filter { !$0.isOver }
        self.items = standing + items.filter(\.isOver)
    }

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
        let severity = standing.compactMap { Severity(rawValue: $0.alert.severity) }.max { $0.rank < $1.rank }
        let fields: KeyValuePairs<String, JSONValue> = [
            "severity": .string((severity ?? .info).rawValue), "summary": .string(summary),
            "count": .number(JSONNumber(items.count)),
            "resolved": .number(JSONNumber(items.count - standing.count)), "rules": .array(rules),
            "alerts": .array(items.prefix(Self.listedAtMost).map { $0.alert.short(origin) }),
            "more": .number(JSONNumber(max(0, items.count - Self.listedAtMost))),
            "url": .string("\(origin)/alerts"),
        ]
        for (name, value) in fields { _ = data.append(name, value) }
        return data
    }

    private static func byRule(_ items: [HeldTellings.Item]) -> [(rule: RuleReference, count: Int)] {
        Dictionary(grouping: items, by: \.alert.rule.id).values.compactMap { items in
            items.first.map { ($0.alert.rule, items.count) }
        }.sorted { ($1.count, $0.rule.name) < ($0.count, $1.rule.name) }
    }

    private var rules: [JSONValue] {
        Self.byRule(items).prefix(Self.listedAtMost).map { rule, count in
            var object = rule.object
            _ = object.append("count", .number(JSONNumber(count)))
            return .object(object)
        }
    }

    /// What is still so, and how much was resolved meanwhile.
    private var summary: String {
        let over = items.count - standing.count
        if standing.isEmpty { return "\(Self.sum(items)), resolved meanwhile" }
        return Self.sum(standing) + (over == 0 ? "" : "; \(over) more resolved meanwhile")
    }

    /// With the three rules that fired most.
    private static func sum(_ items: [HeldTellings.Item]) -> String {
        let byRule = byRule(items)
        let named = byRule.prefix(3).map { "\($0.count) × \($0.rule.name)" }.joined(separator: ", ")
        let word = items.count == 1 ? "alert" : "alerts"
        return "\(items.count) \(word): \(named)\(byRule.count > 3 ? ", and others" : "")"
    }
}

extension Alert {
    /// As a digest lists it.
    fileprivate func short(_ origin: String) -> JSONValue {
        [
            "alert_id": .string(id.description), "rule": .string(rule.name), "severity": .string(severity),
            "state": .string(state.rawValue), "summary": .string(summary),
            "count": .number(JSONNumber(count)), "url": .string(Self.url(of: id, origin: origin)),
        ]
    }
}
