import Access
import Events
import JSON
import Kernel
import Postgres

/// Who was told of an alert, for its explanation.
struct AlertDeliveries {
    struct Delivery {
        let id: DeliveryID
        let webhook: WebhookID
        let state: String
        var attempts: [(at: Timestamp, status: Int?, milliseconds: Int, error: String?)] = []
    }

    /// A receiver that the rule names, as it is now.
    private struct Receiver {
        let status: String
        let eventTypes: [String]

        /// Whether it speaks of alerts at all, and then not of this one.
        var narrowsAlertsAway: Bool {
            let alerts = eventTypes.filter { $0.hasPrefix("alert.") }
            return !alerts.isEmpty && !alerts.contains("alert.*") && !alerts.contains("alert.firing")
        }
    }

    /// A person reads the newest; an alert may have thousands.
    private static let listedAtMost = 200

    private static let deliveries = Statement(
        "alert_deliveries",
        """
        select d.id, d.webhook,
            case when d.state = 'pending' and d.leased_by is not null and d.due_at > $2 then 'sending'
                else d.state end
        from delivery d where d.alert = $1 or d.alerts @> array[$1] order by d.id desc limit $3
        """)
    private static let attempts = Statement(
        "alert_attempts",
        """
        select delivery, at, status, milliseconds, error from delivery_attempt where delivery = any
            ($1::uuid[])
        order by delivery, number
        """)
    private static let receivers = Statement(
        "alert_receivers", "select id, status, event_types from webhook where id = any ($1::uuid[])")

    private static let named = Statement(
        "alert_named_receivers",
        "select id from webhook where id = any ($1::uuid[]) order by id for key share")

    private static let waiting = Statement(
        "alert_waiting_receivers", "select webhook from alert_due where alert = $1 and kind = 'held'")

    private let alert: Alert
    private let deliveries: [Delivery]
    private let receivers: [WebhookID: Receiver]
    /// They are told later.
    private let waiting: Set<WebhookID>

    nonisolated(nonsending) static func read(
        _ alert: Alert, at now: Timestamp, from database: Database
    ) async throws -> AlertDeliveries {
        let rows = try await database.query(
            deliveries, .id(alert.id), .timestamp(now), .int(listedAtMost))
        var deliveries = rows.map { Delivery(id: $0.id(0), webhook: $0.id(1), state: $0.text(2)) }
        var places: [DeliveryID: Int] = [:]
        for (place, delivery) in deliveries.enumerated() { places[delivery.id] = place }
        for row in try await database.query(attempts, .idArray(deliveries.map(\.id))) {
            guard let place = places[row.id(0)] else { continue }
            deliveries[place].attempts.append(
                (row.timestamp(1), row.optionalInt(2), row.int(3), row.optionalText(4)))
        }
        var receivers: [WebhookID: Receiver] = [:]
        for row in try await database.query(Self.receivers, .idArray(alert.sendTo + alert.audience.chosen)) {
            receivers[row.id(0)] = Receiver(status: row.text(1), eventTypes: row.textArray(2))
        }
        let waiting = try await database.query(Self.waiting, .id(alert.id)).map { row in
            row.id(0, as: WebhookKind.self)
        }
        return AlertDeliveries(
            alert: alert, deliveries: deliveries, receivers: receivers, waiting: Set(waiting))
    }

    /// Those of `ids` that are no webhook. The others stay until what names them is written.
    nonisolated(nonsending) static func unknown(
        _ ids: [WebhookID], in transaction: Transaction
    ) async throws -> Set<WebhookID> {
        guard !ids.isEmpty else { return [] }
        let known = try await transaction.query(named, .idArray(ids)).map {
            $0.id(0, as: WebhookKind.self)
        }
        return Set(ids).subtracting(known)
    }

    /// `route`, `deliveries` and `not_sent`.
    func writeFields(to w: inout JSONWriter) {
        w.array("route", route) { w, step in
            w.object { w in
                w.field("webhook_id", step.webhook.description)
                w.field("by", step.by)
            }
        }
        w.array("deliveries", deliveries) { w, delivery in delivery.write(to: &w) }
        w.array("not_sent", notSent) { w, receiver in
            w.object { w in
                w.field("webhook_id", receiver.webhook.description)
                w.field("reason", receiver.reason)
            }
        }
    }

    private var route: [(webhook: WebhookID, by: String)] {
        let named = alert.sendTo.map { (webhook: $0, by: "send_to") }
        let chosen = alert.audience.chosen.filter { !alert.sendTo.contains($0) }.map {
            (webhook: $0, by: "route")
        }
        var seen = Set((named + chosen).map(\.webhook))
        return named + chosen
            + deliveries.map(\.webhook).filter { seen.insert($0).inserted }.map { ($0, "event_types") }
    }

    private var notSent: [(webhook: WebhookID, reason: String)] {
        if alert.isQuiet { return route.map { ($0.webhook, "cooldown") } }
        let told = Set(deliveries.map(\.webhook))
        return (alert.sendTo + alert.audience.chosen).filter { !told.contains($0) }.map {
            ($0, reason(for: $0))
        }
    }

    private func reason(for webhook: WebhookID) -> String {
        guard let receiver = receivers[webhook] else { return "deleted" }
        if receiver.status == "disabled" || receiver.status == "suspended" { return receiver.status }
        if waiting.contains(webhook) { return "held" }
        if let hiding = alert.untold?.asArray?.first?["by"]?.asString { return hiding }
        return receiver.narrowsAlertsAway ? "event_types" : "not_permitted"
    }
}

extension AlertDeliveries.Delivery: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("webhook_id", webhook.description)
            w.field("state", state)
            w.array("attempts", attempts) { w, attempt in
                w.object { w in
                    w.field("at", attempt.at.description)
                    w.field("status", attempt.status)
                    w.field("milliseconds", attempt.milliseconds)
                    w.field("error", attempt.error)
                }
            }
        }
    }
}
