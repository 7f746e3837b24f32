package import Access
import Events
package import JSON
package import Kernel

/// One thing that needs somebody: the firings of one rule for one group, until it is resolved. A point event
/// never resolves itself away.
package struct Alert: Sendable {
    package enum State: String, CaseIterable, Sendable { case firing, resolved }

    /// Who did something about it, and what they said.
    package struct Mark: Sendable {
        package let at: Timestamp
        package let by: String?
        package let note: String?
    }

    /// When somebody was wanted again, and why.
    package struct Reopening: Sendable {
        package let at: Timestamp
        package let reason: String
    }

    package let id: AlertID
    package let rule: RuleReference
    package let severity: String
    package var state: State
    package let summary: String
    /// Of the rule, as it was when it fired last.
    package let advice: String?
    package let labels: JSONObject
    package let sendTo: [WebhookID]
    package private(set) var group: JSONObject
    package let isSecurity: Bool
    package let count: Int
    package let suppressed: Int
    /// The newest firing was swallowed by a cooldown.
    package let isQuiet: Bool
    package let firstAt: Timestamp
    package let lastAt: Timestamp
    package let eventType: String
    package private(set) var event: JSONObject
    package var acknowledged: Acknowledgement?
    package var resolved: Mark?
    package var revision: Int64
    /// Who is to look after it.
    package var assignee: String?
    package var reopened: Reopening?
    let audience: AlertAudience
    /// Why nobody was told when it fired last.
    let untold: JSONValue?
    /// It comes and goes, and so do those before it.
    let isFlapping: Bool

    /// The key or account that it is about, if it is about one.
    package var thing: String? {
        EventType(eventType).flatMap { type in
            EventTopic(of: type, subject: event["subject"]?.asString, event).thing
        }
    }

    /// As somebody sees it who may see it at all.
    func seen(by sight: AlertSight) -> Alert {
        guard let veil = EventVeil(EventType(eventType)), !sight.seesBehind(veil, thing) else { return self }
        var alert = self
        alert.event = veil.drawn(over: event)
        alert.group = veil.drawn(overGroup: group)
        return alert
    }

    /// A page for people: programs have the id.
    static func url(of id: AlertID, origin: String) -> String { "\(origin)/alerts#\(id)" }
}

extension Alert {
    func write(to w: inout JSONWriter, origin: String) {
        w.object { w in
            w.field("id", id.description)
            w.field("rule", rule.object)
            w.field("severity", severity)
            w.field("state", state.rawValue)
            w.field("summary", summary)
            w.field("advice", advice)
            w.field("labels", labels)
            w.field("group", group)
            w.field("security", isSecurity)
            w.field("count", count)
            w.field("suppressed", suppressed)
            w.field("first_at", firstAt.description)
            w.field("last_at", lastAt.description)
            w.field("event", event)
            w.field("url", Self.url(of: id, origin: origin))
            w.field("told", audience.isTold)
            w.field("untold", untold ?? .array([]))
            w.field("flapping", isFlapping)
            w.field("assigned_to", assignee)
            w.field("acknowledged_at", acknowledged?.mark.at.description)
            w.field("acknowledged_by", acknowledged?.mark.by)
            w.field("acknowledge_note", acknowledged?.mark.note)
            w.field("acknowledged_until", acknowledged?.until?.description)
            w.field("reopened_at", reopened?.at.description)
            w.field("reopen_reason", reopened?.reason)
            w.field("resolved_at", resolved?.at.description)
            w.field("resolved_by", resolved?.by)
            w.field("resolve_note", resolved?.note)
            w.field("revision", revision)
        }
    }
}
