import JSON

/// PagerDuty's Events interface, version 2: an alert is triggered, acknowledged and resolved under one key.
enum PagerDutyBody {
    /// developer.pagerduty.com/docs/events-api-v2: summary 1,024, dedup_key 255.
    static let summaryLimit = 1_024
    static let keyLimit = 255

    static func request(_ notice: Notice, routingKey: String) -> ChannelRequest {
        var w = JSONWriter(capacity: 1_024)
        w.object { w in
            w.field("routing_key", routingKey)
            w.field("event_action", action(notice))
            w.field("dedup_key", key(notice))
            // The other two need no more than the key.
            if notice.step == .fired || notice.step == nil { writeTrigger(notice, to: &w) }
        }
        return ChannelRequest(body: w.bytes)
    }

    /// The same for all that is said of an alert.
    static func key(_ notice: Notice) -> String { "keybell/\(notice.thing)".fitting(keyLimit) }

    private static func action(_ notice: Notice) -> String {
        switch notice.step {
        // Comments are not sent there; one that was queued before must not open an incident anew.
        case .acknowledged, .noted: "acknowledge"
        case .resolved: "resolve"
        case .fired, nil: "trigger"
        }
    }

    private static func writeTrigger(_ notice: Notice, to w: inout JSONWriter) {
        w.object("payload") { w in
            let summary = [notice.news, notice.title, notice.text].compactMap(\.self).filter { !$0.isEmpty }
            w.field("summary", summary.joined(separator: ": ").fitting(summaryLimit))
            w.field("source", "Keybell")
            w.field("severity", notice.severity?.rawValue ?? "info")
            w.field("timestamp", notice.time)
            w.field("class", notice.type)
            w.object("custom_details") { w in
                for fact in notice.facts { w.field(fact.name, fact.value) }
            }
        }
        w.field("client", "Keybell")
        guard let link = notice.link else { return }
        w.field("client_url", link)
        w.array("links") { w in
            w.object { w in
                w.field("href", link)
                w.field("text", "Open the alert")
            }
        }
    }
}
