import Access
import JSON
import Kernel
import Postgres

/// A delivery as it is read.
struct Delivery {
    static let columns = """
        select id, webhook, message, event, event_type, alert, sequence, state, attempts, next_attempt_at,
            last_status,
            last_error, dead_reason, dead_at, delivered_at, created_at, leased_by, due_at, permissions, thing,
            coalesce(due_at = 'infinity', false), coalesce(alerts, '{}')
        from delivery
        """

    let row: Row
    let now: Timestamp

    var id: DeliveryID { row.id(0) }
    var webhook: WebhookID { row.id(1) }
    var stored: String { row.text(7) }
    var permissions: [Permission] { row.textArray(18).compactMap { Permission(rawValue: $0) } }
    var thing: String? { row.optionalText(19) }
    /// Behind an earlier message about the same subject.
    var waitsForTurn: Bool { row.bool(20) }
    var deadAt: Timestamp? { row.optionalTimestamp(13) }

    /// A pending one that somebody has in hand is being sent.
    var state: DeliveryState {
        if stored == "pending" {
            return row.isNull(16) || row.timestamp(17) <= now ? .pending : .sending
        }
        return stored == "dead" ? .dead : .delivered
    }

    func writeFields(to w: inout JSONWriter) {
        w.field("id", id.description)
        w.field("webhook_id", webhook.description)
        w.field("message_id", row.id(2, as: MessageKind.self).description)
        w.field("event_id", row.isNull(3) ? nil : row.id(3, as: EventKind.self).description)
        w.field("event_type", row.text(4))
        w.field("alert_id", row.isNull(5) ? nil : row.id(5, as: AlertKind.self).description)
        w.array("alert_ids", row.idArray(21, as: AlertKind.self)) { w, id in w.value(id.description) }
        w.field("sequence", row.int64(6))
        w.field("state", state.rawValue)
        w.field("waits_for_turn", waitsForTurn)
        w.field("attempt_count", row.int(8))
        w.field("next_attempt_at", row.optionalTimestamp(9)?.description)
        w.field("last_status", row.isNull(10) ? nil : row.int(10))
        w.field("last_error", row.optionalText(11))
        w.field("dead_reason", row.optionalText(12))
        w.field("dead_at", row.optionalTimestamp(13)?.description)
        w.field("delivered_at", row.optionalTimestamp(14)?.description)
        w.field("created_at", row.timestamp(15).description)
    }
}

extension Delivery: JSONWritable {
    func write(to w: inout JSONWriter) { w.object { w in writeFields(to: &w) } }
}

/// What a delivery is at, as openapi.yaml names it.
enum DeliveryState: String, CaseIterable {
    case pending, sending, delivered, dead
}
