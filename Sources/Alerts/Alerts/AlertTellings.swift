import Access
import JSON
import Kernel
import Postgres

/// What was decided otherwise than to tell an alert at once to those whom its rule names or who subscribed,
/// and what waits: for its explanation.
struct AlertTellings {
    private struct Telling {
        let at: Timestamp
        let event: EventID
        let verdict: String
        let reasons: JSONValue
        let webhooks: [WebhookID]
    }

    private struct Due {
        let kind: String
        let route: AlertRouteID?
        let step: Int?
        let webhook: WebhookID?
        let at: Timestamp
    }

    private static let listedAtMost = 100

    private static let tellings = Statement(
        "alert_tellings",
        """
        select at, event, verdict, reasons, webhooks from alert_telling where alert = $1
        order by id desc limit $2
        """)
    private static let dues = Statement(
        "alert_dues",
        """
        select kind, route, step, webhook, due_at from alert_due where alert = $1
        order by due_at, id limit $2
        """)

    private let tellings: [Telling]
    private let dues: [Due]

    nonisolated(nonsending) static func read(
        _ alert: AlertID, from database: Database
    ) async throws -> AlertTellings {
        let tellings = try await database.query(tellings, .id(alert), .int(listedAtMost)).map { row in
            Telling(
                at: row.timestamp(0), event: row.id(1), verdict: row.text(2),
                reasons: (try? JSONValue.parse(row.json(3))) ?? .array([]), webhooks: row.idArray(4))
        }
        let dues = try await database.query(Self.dues, .id(alert), .int(listedAtMost)).map { row in
            Due(
                kind: row.text(0), route: row.isNull(1) ? nil : row.id(1), step: row.optionalInt(2),
                webhook: row.isNull(3) ? nil : row.id(3), at: row.timestamp(4))
        }
        return AlertTellings(tellings: tellings, dues: dues)
    }

    /// `tellings`, `silences`, `escalation` and `held`.
    func writeFields(to w: inout JSONWriter) {
        w.array("tellings", tellings) { w, telling in
            w.object { w in
                w.field("at", telling.at.description)
                w.field("event_id", telling.event.description)
                w.field("verdict", telling.verdict)
                w.field("reasons", telling.reasons)
                w.field("webhook_ids", telling.webhooks.map(\.description))
            }
        }
        w.field("silences", JSONValue.array(muting))
        w.array("escalation", dues.filter { $0.kind == "escalation" }) { w, due in
            w.object { w in
                w.field("route_id", due.route?.description)
                w.field("step", due.step)
                w.field("due_at", due.at.description)
            }
        }
        w.array("held", dues.filter { $0.kind == "held" }) { w, due in
            w.object { w in
                w.field("webhook_id", due.webhook?.description)
                w.field("until", due.at.description)
            }
        }
    }

    /// Silences and maintenance windows that hid it, each once.
    private var muting: [JSONValue] {
        var seen: Set<String> = []
        return tellings.flatMap { $0.reasons.asArray ?? [] }.filter { reason in
            guard let by = reason["by"]?.asString, let id = reason["id"]?.asString else { return false }
            return ["silence", "maintenance_window"].contains(by) && seen.insert(id).inserted
        }
    }
}
