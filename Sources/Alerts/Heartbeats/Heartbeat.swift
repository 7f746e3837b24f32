package import Access
import Events
import JSON
import Kernel

/// Something that says regularly that it is alive; when it does not, that is an event.
package struct Heartbeat: Sendable {
    package enum State: String, CaseIterable, Sendable {
        /// Nothing came yet, and the first is not missed.
        case waiting
        case up
        /// The next should have come, and has its grace.
        case late
        case missed
        case paused
    }

    /// Of all together; each is looked at every few seconds.
    static let atMost = 1_000
    static let shortest: Period = .seconds(10)
    static let longest: Period = .days(366)

    package let id: HeartbeatID
    let owner: PrincipalID
    var name: String
    var labels: JSONObject
    var every: Lapse
    /// How much later than that the next may come.
    var grace: Lapse
    var isPaused: Bool
    private(set) var dueAt: Timestamp?
    private(set) var missedAt: Timestamp?
    private(set) var lastPingAt: Timestamp?
    private(set) var pings: Int64
    /// The beginning of the secret of its address.
    var hint: String
    /// Made with it.
    let rule: AlertRuleID?
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var revision: Int64
}

extension Heartbeat {
    func state(at now: Timestamp) -> State {
        if isPaused { return .paused }
        guard missedAt == nil, let dueAt, now < dueAt else { return .missed }
        if now > dueAt - grace.period { return .late }
        return lastPingAt == nil ? .waiting : .up
    }

    /// It is alive. Answers what is told when it was missed.
    mutating func ping(at now: Timestamp) -> NewEvent? {
        let missed = missedAt
        (lastPingAt, missedAt, pings) = (now, nil, pings + 1)
        if !isPaused { wait(from: now) }
        return missed.map { recovered(missedAt: $0, at: now) }
    }

    /// It is waited for as if it had just come.
    mutating func wait(from now: Timestamp) { dueAt = now + every.period + grace.period }

    /// Other lengths count from the last ping; what was paused, or never came, is waited for from now on.
    mutating func settle(after before: Heartbeat, at now: Timestamp) {
        if isPaused {
            (dueAt, missedAt) = (nil, nil)
        } else if before.isPaused {
            wait(from: now)
        } else if missedAt == nil, every != before.every || grace != before.grace {
            wait(from: lastPingAt.map { max($0, createdAt) } ?? createdAt)
            dueAt = dueAt.map { max($0, now + grace.period) }
        }
    }
}

// MARK: What is told

extension Heartbeat {
    /// - Parameter dueAt: when it was missed.
    func missed(dueAt: Timestamp) -> NewEvent {
        event(.heartbeatMissed, [("due_at", .string(dueAt.description))])
    }

    private func recovered(missedAt: Timestamp, at now: Timestamp) -> NewEvent {
        let down = max(0, (now - missedAt).microseconds / 1_000_000)
        return event(
            .heartbeatRecovered,
            [
                ("missed_at", .string(missedAt.description)), ("down_seconds", .number(JSONNumber(down))),
            ])
    }

    private func event(_ type: EventType, _ more: [(String, JSONValue)]) -> NewEvent {
        let first: [(String, JSONValue)] = [
            ("heartbeat_id", .string(id.description)), ("name", .string(name)),
            ("owner_id", .string(owner.description)), ("labels", .object(labels)),
            ("every", .string(every.text)), ("grace", .string(grace.text)),
            ("last_ping_at", lastPingAt.map { .string($0.description) } ?? .null),
        ]
        return NewEvent(type, subject: id, data: JSONObject(members: first + more))
    }

    /// What the trail has.
    var detail: JSONValue {
        [
            "name": .string(name), "every": .string(every.text), "grace": .string(grace.text),
            "paused": .bool(isPaused),
        ]
    }
}

// MARK: As answered

extension Heartbeat {
    /// - Parameter url: shown once.
    func write(to w: inout JSONWriter, at now: Timestamp, url: String? = nil) {
        w.object { w in
            w.field("id", id.description)
            w.field("name", name)
            w.field("state", state(at: now).rawValue)
            w.field("every", every.text)
            w.field("grace", grace.text)
            w.field("labels", labels)
            w.field("paused", isPaused)
            w.field("last_ping_at", lastPingAt?.description)
            w.field("pings", pings)
            w.field("due_at", dueAt?.description)
            w.field("missed_at", missedAt?.description)
            w.field("ping_url_hint", hint)
            if let url { w.field("ping_url", url) }
            w.field("rule_id", rule?.description)
            w.field("owner_id", owner.description)
            w.field("created_at", createdAt.description)
            w.field("updated_at", updatedAt.description)
            w.field("revision", revision)
        }
    }
}
