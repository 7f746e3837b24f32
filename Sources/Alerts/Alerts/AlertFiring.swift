import Access
import Events
import JSON
import Kernel
import Postgres

/// One firing that an alert counts.
struct AlertFiring {
    /// Newest first, so behind it are older ones.
    struct Place {
        let at: Timestamp
        let event: EventID
    }

    let event: EventID
    let at: Timestamp
    /// A cooldown swallowed it.
    let isSuppressed: Bool

    /// What came first need not have happened first; older firings do not say whose they are.
    private static let list = Statement(
        "alert_firings",
        """
        select f.event, f.at, f.is_suppressed from alert a
        join rule_firing f on f.rule = a.rule and f.group_key = a.group_key
            and f.at between a.first_at - interval '1 hour' and a.last_at
            and (f.alert = a.id or f.alert is null and f.at >= a.first_at)
        where a.id = $1 and ($2::timestamptz is null or (f.at, f.event) < ($2, $3::uuid))
        order by f.at desc, f.event desc limit $4
        """)

    private static let why = Statement(
        "alert_firing_cause",
        """
        select cause from rule_firing where rule = $1 and event = $2 and at <= $3 and cause is not null
        order by at desc limit 1
        """)

    /// What made the alert's newest firing, where it took more than its event.
    nonisolated(nonsending) static func cause(
        of alert: Alert, in source: any Queryable
    ) async throws -> RuleCause? {
        guard let event = alert.event["id"]?.asString.flatMap({ EventID($0) }),
            let row = try await source.query(
                why, .id(alert.rule.id), .id(event), .timestamp(alert.lastAt)
            ).first
        else { return nil }
        return (try? JSONValue.parse(row.json(0))).map { RuleCause(stored: $0) }
    }

    nonisolated(nonsending) static func list(
        of alert: AlertID, before place: Place?, limit: Int, in source: any Queryable
    ) async throws -> [AlertFiring] {
        try await source.query(
            list, .id(alert), .timestamp(place?.at), .id(place?.event), .int(limit)
        ).map { AlertFiring(event: $0.id(0), at: $0.timestamp(1), isSuppressed: $0.bool(2)) }
    }

    var place: Place { Place(at: at, event: event) }
}

extension AlertFiring.Place: LosslessStringConvertible {
    init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let microseconds = Int64(parts[0]), let event = EventID(String(parts[1]))
        else { return nil }
        self.init(at: Timestamp(microseconds: microseconds), event: event)
    }

    var description: String { "\(at.microseconds) \(event)" }
}

extension AlertFiring: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("event_id", event.description)
            w.field("at", at.description)
            w.field("suppressed", isSuppressed)
        }
    }
}
