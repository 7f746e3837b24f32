import Access
import Events
import Expressions
import JSON
import Kernel

/// What a request makes of a heartbeat, and of the rule that comes with it.
struct HeartbeatDraft {
    let name: String
    let every: Lapse
    let grace: Lapse
    let labels: JSONObject
    private let alert: Alert?

    private struct Alert {
        let severity: Severity
        let sendTo: [WebhookID]
    }

    init(_ fields: consuming Fields) throws(FieldErrors) {
        var f = fields
        name = f.ruleName()
        let every = f.heartbeatLapse("every")
        let grace = f.heartbeatGrace()
        labels = f.labels()
        alert = f.object(optional: "alert") { f in
            Alert(severity: f.choice("severity", Severity.self, default: .critical), sendTo: f.sendTo())
        }
        try f.finish()
        guard let every, let grace = grace ?? Self.usualGrace else {
            preconditionFailure("a missing period is a mistake")
        }
        (self.every, self.grace) = (every, grace)
    }

    private static let usualGrace = Lapse("1m")

    /// Fires when it is missed, and is resolved when it comes back.
    func rule(
        over heartbeat: HeartbeatID, _ id: AlertRuleID, owner: PrincipalID, at now: Timestamp
    ) throws -> AlertRule? {
        guard let alert else { return nil }
        let (missed, back) = (EventType.heartbeatMissed.name, EventType.heartbeatRecovered.name)
        let patterns = [missed, back].compactMap { EventPattern($0) }
        let when = try Condition(
            "event.heartbeat_id == \"\(heartbeat)\" && event.type == \"\(missed)\"", on: patterns,
            remembers: true)
        let recovers = try Condition("event.type == \"\(back)\"", on: patterns)
        let content = RuleContent(
            name: "Heartbeat \(name)".prefix(100).description, severity: alert.severity, on: patterns,
            when: when, groupBy: [], cooldown: nil, labels: labels, sendTo: alert.sendTo, isSecurity: false,
            isRetroactive: false, course: RuleCourse(recoverWhen: recovers))
        return AlertRule(
            id: id, owner: owner, status: .enabled, statusReason: nil, version: 1, revision: 1,
            createdAt: now, updatedAt: now, content: content, tests: [], lastFiredAt: nil)
    }
}

extension Heartbeat {
    /// What is not named stays.
    mutating func change(by fields: consuming Fields) throws(FieldErrors) {
        var f = fields
        let names = ["name", "every", "grace", "labels", "paused"].filter { f.has($0) }
        if names.contains("name") { name = f.ruleName() }
        if names.contains("every"), let every = f.heartbeatLapse("every") { self.every = every }
        if names.contains("grace"), let grace = f.heartbeatGrace() { self.grace = grace }
        if names.contains("labels") { labels = f.labels() }
        if names.contains("paused") { isPaused = f.bool("paused") }
        if names.isEmpty { f.fail(code: FieldCode.tooFew, "must name at least one field") }
        try f.finish()
    }
}

extension Fields {
    /// From ten seconds to a year.
    mutating func heartbeatLapse(_ name: String) -> Lapse? {
        parsed(name, expected: "a number and a unit from 10s to 366d, as 5m") { text in
            Lapse(text).flatMap { lapse in
                (Heartbeat.shortest...Heartbeat.longest).contains(lapse.period) ? lapse : nil
            }
        }
    }

    fileprivate mutating func heartbeatGrace() -> Lapse? {
        parsed(optional: "grace", expected: "a number and a unit from 1s to 366d, as 1m") { text in
            Lapse(text).flatMap { $0.period <= Heartbeat.longest ? $0 : nil }
        }
    }
}
