import Events
import JSON

/// What somebody did with a key, or wanted to.
extension AlertSummary {
    /// Nil for events that are about something else. Why a use was denied is left out: not every reader of an
    /// alert may know it.
    static func useSentence(_ type: EventType, _ f: Words) -> String? {
        let (actor, event) = (f.person, f.event)
        let verb = verbs[f["operation"]] ?? (base: "use it", past: "used it")
        let place = "with key \(f["label"])\(f.from)"
        switch type {
        case .keyUsed: return "\(actor) \(verb.past)\(order(event)) \(place)"
        case .keyUseDenied: return "\(actor) tried to \(verb.base)\(order(event)) \(place)"
        case .keyUseUnknown:
            let id = event["client_order_id"]?.asString.map { ", client order id \($0)" } ?? ""
            return "nobody knows what became of a request to \(verb.base)\(order(event)) \(place)\(id)"
        case .policyChanged:
            let whose = f["owner"] == "desk" ? "the desk's policy" : "the policy of \(f["owner"])"
            let version = "version \(f["version"]) of \(whose)"
            return "\(version) was published (changes: \(f["changes"]))\(f.after("note"))"
        case .policyTampered:
            return "the policy of \(f["owner"]) was changed past the service (\(f["found_in"]))"
        case .priceSourceChanged: return "price source \(f["name"]) was \(f["change"])\(f.by)\(f.reason)"
        case .priceSourceSuspended:
            let symbol = f.event["symbol"]?.asString.map { " of \($0)" } ?? ""
            return "price source \(f["name"]) does not count any more: its price\(symbol) went from "
                + "\(f["from"]) to \(f["to"])"
        default: return nil
        }
    }

    private static let verbs: [String: (base: String, past: String)] = [
        "read": ("read", "read"), "trade": ("trade", "traded"), "cancel": ("cancel", "cancelled"),
        "stream": ("open a stream", "opened a stream"), "transfer": ("transfer", "transferred"),
        "withdraw": ("withdraw", "withdrew"),
        "admin": ("administer the account", "administered the account"),
    ]

    /// ` (buy 0.5 BTCUSDT at 100)`, and of a batch what else it is about.
    private static func order(_ event: JSONObject) -> String {
        guard let symbol = event["symbol"]?.asString else { return "" }
        let words = [event["side"]?.asString, event["quantity"]?.asString, symbol].compactMap(\.self)
        let price = event["price"]?.asString.map { " at \($0)" } ?? ""
        let others = (event["symbols"]?.asArray ?? []).compactMap(\.asString).filter { $0 != symbol }
        let also = others.isEmpty ? "" : "; also \(others.joined(separator: ", "))"
        return " (\(words.joined(separator: " "))\(price)\(also))"
    }
}
