import Access
import Events
import JSON
import Kernel
import Postgres
import Webhooks

/// Who is told that an alert was resolved: those who were told that it fires.
enum ResolvedRoutes {
    private static let find = Statement(
        "alert_routes", "select id, send_to, event_type from alert where id = any ($1::uuid[])")

    nonisolated(nonsending) static func messages(
        for events: [Event], in transaction: Transaction
    ) async throws -> [Message] {
        let resolved = events.filter { $0.type == .alertResolved }
        let ids = resolved.compactMap { $0.subject.flatMap { AlertID($0) } }
        guard !ids.isEmpty else { return [] }
        var routes: [AlertID: (sendTo: [WebhookID], type: EventType)] = [:]
        for row in try await transaction.query(find, .idArray(ids)) {
            guard let type = EventType(row.text(2)) else { continue }
            routes[row.id(0)] = (row.idArray(1), type)
        }
        return zip(resolved, ids).compactMap { event, id in
            routes[id].map { Message(alert: event, id, firedBy: $0.type, sendTo: $0.sendTo) }
        }
    }
}

extension Message {
    /// An alert for those whom its rule names, or else for those who subscribed to alerts.
    init(alert event: Event, _ id: AlertID, firedBy type: EventType, sendTo: [WebhookID]) {
        let thing = EventTopic(of: event).thing
        var data = JSONObject()
        _ = data.append("event_id", .string(event.id.description))
        _ = data.append("subject", .string(id.description))
        for member in event.data.members { _ = data.append(member.name, member.value) }
        self.init(
            type: event.type.name, timestamp: event.at, data: data, event: event.id, alert: id,
            permissions: [event.type.permission] + type.permissions(about: thing), about: thing,
            to: sendTo.isEmpty ? .subscribers : .webhooks(sendTo), less: Less(event.type, data))
    }
}
