import Events
import JSON

/// What became of keys, their secrets and their accounts.
extension AlertSummary {
    /// Nil for events that are about something else.
    static func keySentence(_ type: EventType, _ f: Words) -> String? {
        switch type {
        case .keyRegistered: return "\(f.key) was registered\(f.by)"
        case .keyChanged: return "\(f.key) was changed\(f.by) (\(f["changed"]))"
        case .keySuspended: return "\(f.key) was suspended\(f.by)\(f.reason)"
        case .keyRestricted: return "\(f.key) may only reduce\(f.reason)"
        case .keyActivated: return "\(f.key) works again\(f.reason)"
        case .keyRevoked: return "\(f.key) was revoked\(f.by)\(f.reason)"
        case .keyRevealed: return "the secret of \(f.key) was shown to \(f.person)\(f.reason)"
        case .keyDeposited:
            return "the secret of \(f.key) was handed over\(f.from) as version \(f["version"])"
        case .keyTampered: return "\(f.key) was changed past the service (\(f["found_in"]))"
        case .keyDecoyTouched: return "bait was touched: \(f.key) (\(f["operation"]))"
        case .keyDrifted: return "the exchange says otherwise of \(f.key): \(drift(f))"
        case .keyRefused: return "the exchange does not take \(f.key)\(f.after("detail"))"
        case .keyUnreachable:
            return "\(f.key) could not be verified three times in a row\(f.after("detail"))"
        case .keyExpiring:
            return "\(f.key) \(f.event["expired"] == true ? "expired at" : "expires at") \(f["expires_at"])"
        case .keyUnused: return "nobody used \(f.key) for \(f["days"]) days"
        case .keyAwayModeChanged:
            return "away mode of \(f.key) was switched \(state(f))\(f.by)\(f.reason)"
        case .accountCreated: return "account \(f["name"]) (\(f["exchange"])) was described"
        case .accountChanged: return "account \(f["name"]) (\(f["exchange"])) was changed (\(f["changed"]))"
        default: return nil
        }
    }

    /// Versions, rotations and deletions.
    static func rotationSentence(_ type: EventType, _ f: Words) -> String? {
        switch type {
        case .keyVersionCreated:
            return "version \(f["version"]) of \(f.key) was sealed\(f.by) (\(f["origin"]))"
        case .keyVersionActivated: return "version \(f["version"]) of \(f.key) is the current one now"
        case .keyVersionDestroyed:
            return "version \(f["version"]) of \(f.key) was destroyed\(f.by)\(f.reason)"
        case .keyDeletedAtExchange:
            return "\(f.key) is gone at the exchange (version \(f["version"]))"
        case .keyDeletionStuck:
            return "nobody has proof for \(f["days"]) days that \(f.key) is deleted at the exchange: "
                + f["instructions"]
        case .keyRotationDue:
            let when = f.event["overdue"] == true ? "is overdue since" : "is due at"
            return "rotation of \(f.key) \(when) \(f["due_at"])"
        case .keyRotationChanged:
            guard f.event["from"]?.asString != nil else {
                return "rotation of \(f.key) was opened\(f.by) (\(f.plain("cause")))"
            }
            return
                "rotation of \(f.key) went from \(f.plain("from")) to \(f.plain("state"))\(f.after("error"))"
        case .keyRotationStuck:
            let waits = f.event["waiting_for"]?.asString == nil ? "" : ", waits for \(f.plain("waiting_for"))"
            let why = f.event["detail"]?.asString == nil ? f.after("error") : f.after("detail")
            return "rotation of \(f.key) is stuck (\(f.plain("state"))\(waits))\(why)"
        default: return nil
        }
    }

    /// As `ProbeOutcome` names what is different.
    private static func drift(_ f: Words) -> String {
        let found = f.event["drift"]?.asArray?.compactMap(\.asString) ?? []
        let prefix = "permission:"
        let granted = found.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
        let others = found.filter { !$0.hasPrefix(prefix) }.map { drifts[$0] ?? $0 }
        let first = granted.isEmpty ? [] : ["it may \(granted.joined(separator: " and "))"]
        return (first + others).joined(separator: ", ")
    }

    private static let drifts = [
        "no_address_restriction": "it is bound to no addresses",
        "addresses": "it is bound to other addresses",
        "egress_address": "it is not bound to the address that Keybell sends from",
        "expires_at": "it ends at another time", "uid": "it is of another account",
    ]

    static func state(_ f: Words) -> String { f.event["enabled"] == true ? "on" : "off" }
}
