import Access
package import Events
import JSON
import Kernel
package import Postgres
package import Webhooks

/// Alerts that receivers were told of once, as messages again: for a replay of what one of them never got.
package enum MissedAlerts {
    private static let find = Statement(
        "alert_told", "select id, send_to, event_type from alert where id = any ($1::uuid[])")

    package nonisolated(nonsending) static func messages(
        for events: [Event], in transaction: Transaction
    ) async throws -> [Message] {
        let told = events.filter { $0.type.name.hasPrefix("alert.") }
        let ids = told.map { $0.subject.flatMap { AlertID($0) } }
        let known = ids.compactMap(\.self)
        guard !known.isEmpty else { return [] }
        var alerts: [AlertID: (sendTo: [WebhookID], type: EventType)] = [:]
        for row in try await transaction.query(find, .idArray(Array(Set(known)))) {
            guard let type = EventType(row.text(2)) else { continue }
            alerts[row.id(0)] = (row.idArray(1), type)
        }
        return zip(told, ids).compactMap { event, id in
            guard let id, let alert = alerts[id] else { return nil }
            return Message(alert: event, id, firedBy: alert.type, sendTo: alert.sendTo)
        }
    }
}
