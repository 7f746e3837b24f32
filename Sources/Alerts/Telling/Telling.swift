import Access
import Events
import JSON
import Kernel
import Webhooks

/// That an alert fires, before it is decided whether and whom that is told.
struct Telling {
    let alert: AlertID
    /// What tells it.
    var events: [Event]
    /// Of the type that fired it.
    let firedBy: EventType
    let sendTo: [WebhookID]
    let facts: AlertFacts
    let severity: Severity
    let isSecurity: Bool
    /// It fires for the first time.
    let isNew: Bool
    /// Its rule looks at more than one event: it may still be so later.
    var lasts = false
    /// It was told to nobody when it fired before.
    var wasHidden = true
    /// Somebody looks after it, and it did not get worse.
    var acknowledged: Acknowledgement?
    /// Why it is told again though somebody looked after it.
    var reopening: String?
    /// It comes and goes, which was told already.
    var isFlapping = false
    /// Those who wait for an acknowledgement began to with the one before, which came and went.
    var isEscalating = false
    /// A step of an escalation tells these, and nobody else.
    var escalation: [WebhookID]?
    /// What its rule tells one by one; nil: all of it.
    var quota: Quota?

    /// So many firings of a rule in a minute.
    struct Quota: Equatable {
        let rule: AlertRuleID
        let firings: Int
    }

    /// The webhook that the alert tells of, which is not told itself.
    var endpoint: WebhookID? {
        Message.endpoint(of: firedBy, events.last?.data["event"]?.asObject)
    }

    /// Whether those who wait for an acknowledgement begin to.
    var beginsEscalation: Bool {
        escalation == nil && !isEscalating && (isNew || events.last?.type == .alertReopened)
    }
}

extension Telling {
    init(_ group: FiringGroup, _ raised: FiringStore.Raised, _ events: [Event]) {
        let (content, newest) = (group.content, group.newest)
        let rule = RuleReference(id: newest.rule.id, name: content.name, version: newest.rule.version)
        self.init(
            alert: raised.id, events: events, firedBy: newest.event.type, sendTo: content.sendTo,
            facts: AlertFacts(
                rule: rule, severity: content.severity.rawValue, isSecurity: content.isSecurity,
                eventType: newest.event.type.name, labels: content.labels, group: newest.group),
            severity: content.severity, isSecurity: content.isSecurity,
            isNew: raised.count == group.firings.count, lasts: !content.isPoint,
            wasHidden: raised.wasHidden)
        // What is critical and about security never waits.
        let neverWaits = severity == .critical && isSecurity
        quota = neverWaits ? nil : content.digestAbove.map { Quota(rule: newest.rule.id, firings: $0) }
    }

    /// Of an alert that is there.
    init?(_ alert: Alert, _ events: [Event]) {
        guard let type = EventType(alert.eventType), let severity = Severity(rawValue: alert.severity) else {
            return nil
        }
        self.init(
            alert: alert.id, events: events, firedBy: type, sendTo: alert.sendTo,
            facts: AlertFacts(alert), severity: severity, isSecurity: alert.isSecurity, isNew: false)
    }
}

/// What hides an alert, holds it, or chose who is told.
struct TellingReason: Equatable, Sendable {
    enum Kind: String {
        case acknowledgement, silence, flapping, flood, route, escalation
        /// None of those that were chosen takes messages.
        case unreachable
        /// It takes nothing, or its owner may not act.
        case webhook
        case maintenance = "maintenance_window"
        case quietHours = "quiet_hours"
    }

    let kind: Kind
    var id: String?
    var until: Timestamp?

    var json: JSONValue {
        var object = JSONObject()
        _ = object.append("by", .string(kind.rawValue))
        _ = object.append("id", .of(id))
        _ = object.append("until", .of(until?.description))
        return .object(object)
    }
}
