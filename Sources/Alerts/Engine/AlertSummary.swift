import Events
import JSON

/// What a person reads on a phone: the rule's name and what happened, in one line.
enum AlertSummary {
    /// Fits a notification.
    private static let maxCharacters = 240

    static func text(_ firing: Firing) -> String {
        let happened = sentence(firing.event.type, firing.view, by: firing.actor)
        let text = "\(firing.rule.content.name): \(firing.rule.content.lead)\(happened)"
        let line = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
        return line.count <= maxCharacters ? line : line.prefix(maxCharacters - 1) + "…"
    }

    /// - Parameter actor: who did it, or whose log-in it was, for sentences that say so; nil where no name is
    ///   known.
    static func sentence(_ type: EventType, _ event: JSONObject, by actor: String? = nil) -> String {
        let told =
            useSentence(type, event, by: actor) ?? accessSentence(type, event, of: actor)
            ?? marketSentence(type, event)
        if let told { return told }
        let f = Words(event: event)
        switch type {
        case .keyRegistered: return "\(f.key) was registered"
        case .keyChanged: return "\(f.key) was changed (\(f["changed"]))"
        case .keySuspended: return "\(f.key) was suspended\(f.reason)"
        case .keyRestricted: return "\(f.key) may only reduce\(f.reason)"
        case .keyTampered: return "\(f.key) was changed past the service (\(f["found_in"]))"
        case .keyDecoyTouched: return "bait was touched: \(f.key) (\(f["operation"]))"
        case .keyActivated: return "\(f.key) works again\(f.reason)"
        case .keyRevoked: return "\(f.key) was revoked\(f.reason)"
        case .keyRotationDue:
            let when = event["overdue"] == true ? "is overdue since" : "is due at"
            return "rotation of \(f.key) \(when) \(f["due_at"])"
        case .keyExpiring:
            return "\(f.key) \(event["expired"] == true ? "expired at" : "expires at") \(f["expires_at"])"
        case .keyUnused: return "nobody used \(f.key) for \(f["days"]) days"
        case .userInvited: return "user \(f["name"]) was invited"
        case .userJoined: return "user \(f["name"]) joined"
        case .userChanged: return "user \(f["name"]) was changed (\(f["changed"]))"
        case .userDisabled: return "user \(f["name"]) was disabled\(f.reason)"
        case .userEnabled: return "user \(f["name"]) was enabled\(f.reason)"
        case .serviceAccountCreated: return "service account \(f["name"]) was made"
        case .serviceAccountChanged: return "service account \(f["name"]) was changed (\(f["changed"]))"
        case .serviceAccountDisabled: return "service account \(f["name"]) was disabled\(f.reason)"
        case .serviceAccountEnabled: return "service account \(f["name"]) was enabled\(f.reason)"
        case .grantChanged: return "role \(f["role"]) of \(f["principal_id"]) was \(f["change"])"
        case .roleChanged: return "role \(f["role"]) was \(f["change"])"
        case .groupChanged: return "group \(f["name"]): \(f["change"]) \(f["principal_id"])"
        case .gradeChanged: return "\(f.series) went from \(f.short("previous")) to \(f.short("grade"))"
        case .signalOpened: return "\(f.series) \(f["direction"]) signal opened at \(f["decision_close"])"
        case .signalClosed: return "\(f.series) \(f["direction"]) signal closed\(f.reason)"
        case .signalStale: return "\(f.series) \(f["direction"]) signal went stale\(f.reason)"
        case .candleGap: return "\(f.series) lacks \(f["missing"]) candles from \(f["from"])"
        case .seriesStale: return "\(f.series) is silent since \(f["stale_since"])"
        case .seriesResumed: return "\(f.series) is back after \(f["silent_seconds"]) seconds"
        case .candleFeedFailed: return "candles of \(f.series) do not come: \(f["error"])"
        case .candleFeedRecovered: return "candles of \(f.series) come again"
        case .ruleSuspended: return "alert rule \(f["name"]) was suspended\(f.reason)"
        case .heartbeatMissed:
            let last = event["last_ping_at"]?.asString.map { "nothing since \($0)" } ?? "nothing came yet"
            return "\(f["name"]) is silent: \(last), due at \(f["due_at"])"
        case .heartbeatRecovered: return "\(f["name"]) is back after \(f["down_seconds"]) seconds"
        case .endpointDegraded: return "webhook \(f["name"]) fails (\(f["failures"]) in a row)"
        case .endpointDisabled: return "webhook \(f["name"]) was disabled\(f.reason)"
        case .endpointRecovered: return "webhook \(f["name"]) works again"
        case .messageExhausted: return "a message for webhook \(f["name"]) was given up"
        case .secretRotationDue: return "the secret of webhook \(f["name"]) is \(f["days_old"]) days old"
        case .endpointCertificateExpiring:
            return "the client certificate of webhook \(f["name"]) lapses in \(f["days_left"]) days"
        case .jobFailed: return "job \(f["job"]) \(f["outcome"])"
        case .auditCheckpointed: return "the audit trail was checkpointed (\(f["entries"]) entries)"
        case .eventHorizonLagging: return "events lag \(f["lag_seconds"]) seconds behind"
        default: return [type.name, event["subject"]?.asString].compactMap(\.self).joined(separator: " ")
        }
    }
}

/// Fields as words of a sentence; a dash for what is missing.
struct Words {
    let event: JSONObject

    subscript(name: String) -> String { Self.word(event[name]) }

    /// A number with at most two decimals: nobody reads more on a phone, and the event has them all.
    func short(_ name: String) -> String {
        let text = self[name]
        guard text.count > Self.shortNumber, let number = event[name]?.asDouble, abs(number) < 1e9 else {
            return text
        }
        let hundredths = Int((abs(number) * 100).rounded())
        let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
        return "\(number < 0 && hundredths > 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// Characters that stand as they are.
    private static let shortNumber = 5

    var key: String { "key \(self["label"]) (\(self["exchange"]) \(self["account"]))" }
    var series: String { "\(self["symbol"]) \(self["interval"])" }
    /// At the end of a sentence, when one was given.
    var reason: String { event["reason"]?.asString.map { ": \($0)" } ?? "" }

    private static func word(_ value: JSONValue?) -> String {
        switch value {
        case .string(let text): text
        case .number(let number): number.text
        case .bool(let truth): truth ? "yes" : "no"
        case .array(let values): values.map(word).joined(separator: ", ")
        default: "–"
        }
    }
}
