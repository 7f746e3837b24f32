import Access
import Events
import JSON
import Kernel
import Postgres
import Webhooks

/// Who hears of an alert: those who were told that it fires are told all else that is said of it.
struct AlertAudience {
    /// Whether anybody was told that it fires.
    var isTold = true
    /// Whom its rule names.
    var sendTo: [WebhookID] = []
    /// Whom routes and escalations chose.
    var chosen: [WebhookID] = []
    var hasSubscribers = true

    /// Nil: nobody.
    var target: Message.Target? {
        if !isTold { return nil }
        let named = sendTo + chosen.filter { !sendTo.contains($0) }
        if !sendTo.isEmpty || !hasSubscribers { return named.isEmpty ? nil : .webhooks(named) }
        return named.isEmpty ? .subscribers : .subscribersAnd(named)
    }
}

extension AlertAudience {
    /// What one alert was fired by, and who was told.
    struct Entry {
        let audience: AlertAudience
        let type: EventType
        let severity: Severity
        let isSecurity: Bool
    }

    private static let find = Statement(
        "alert_audience",
        """
        select id, event_type, is_told, send_to, told_to, tells_subscribers, severity, is_security from alert
        where id = any ($1::uuid[])
        """)
    /// Who will be told that it fires, and was not yet. What is hidden from somebody was told before, or will
    /// not be if it is over by then.
    private static let waiting = Statement(
        "alert_audience_waiting",
        """
        select alert, webhook from alert_due
        where kind = 'held' and alert = any ($1::uuid[]) and not is_muted and not is_said
        """)

    nonisolated(nonsending) static func of(
        _ ids: [AlertID], in source: any Queryable
    ) async throws -> [AlertID: Entry] {
        guard !ids.isEmpty else { return [:] }
        var found: [AlertID: Entry] = [:]
        for row in try await source.query(find, .idArray(Array(Set(ids)))) {
            guard let type = EventType(row.text(1)) else { continue }
            found[row.id(0)] = Entry(
                audience: AlertAudience(row, from: 2), type: type,
                severity: Severity(rawValue: row.text(6)) ?? .critical, isSecurity: row.bool(7))
        }
        return found
    }

    /// What people and time did to alerts that were told.
    /// - Parameter found: of alerts that nobody was told of, who is told now.
    nonisolated(nonsending) static func said(
        _ events: [Event], finding found: [AlertID: AlertAudience] = [:], in transaction: Transaction
    ) async throws -> [(message: Message, of: Entry)] {
        let ids = events.map { $0.subject.flatMap { AlertID($0) } }
        let known = try await of(ids.compactMap(\.self), in: transaction)
        if known.isEmpty { return [] }
        var waiting: [AlertID: Set<WebhookID>] = [:]
        for row in try await transaction.query(Self.waiting, .idArray(Array(known.keys))) {
            waiting[row.id(0), default: []].insert(row.id(1))
        }
        let said = zip(events, ids).compactMap { event, id -> (message: Message, of: Entry)? in
            guard let id, let entry = known[id],
                let target = event.escalated.map({ .webhooks($0) })
                    ?? (found[id] ?? entry.audience).target
            else { return nil }
            var message = Message(
                alert: event, id, firedBy: entry.type, isSecurity: entry.isSecurity, to: target)
            message.withheld = waiting[id] ?? []
            return (message, entry)
        }
        let named = try await SpokenNames.added(to: said.map(\.message), in: transaction)
        return zip(named, said).map { ($0, $1.of) }
    }

    init(_ row: Row, from first: Int) {
        self.init(
            isTold: row.bool(first), sendTo: row.idArray(first + 1), chosen: row.idArray(first + 2),
            hasSubscribers: row.bool(first + 3))
    }
}

extension Event {
    /// Whom a step of an escalation tells, and nobody else; nil for all other events.
    var escalated: [WebhookID]? {
        guard type == .alertEscalated, let ids = data["webhook_ids"]?.asArray else { return nil }
        return ids.compactMap { $0.asString.flatMap { WebhookID($0) } }
    }
}

extension Message {
    /// - Parameter type: of what fired the alert.
    init(
        alert event: Event, _ id: AlertID, firedBy type: EventType, isSecurity: Bool, to target: Target
    ) {
        let thing = EventTopic(of: event).thing
        var data = JSONObject()
        _ = data.append("event_id", .string(event.id.description))
        _ = data.append("subject", .string(id.description))
        for member in event.data.members { _ = data.append(member.name, member.value) }
        self.init(
            type: event.type.name, timestamp: event.at, data: data, event: event.id, alert: id,
            permissions: [event.type.permission] + type.permissions(about: thing), about: thing,
            to: target, except: Self.endpoint(of: type, event.data["event"]?.asObject),
            less: Less(event.type, data))
        (firedBy, self.isSecurity) = (type.name, isSecurity)
    }
}
