package import Access
import Events
import HTTPServer
import JSON
import Kernel
package import Postgres

/// Alerts as rows.
package struct AlertStore {
    private static let find = Statement(
        "alert_find",
        """
        select id, rule, rule_name, rule_version, severity, state, summary, labels, send_to, group_values,
            is_security,
            count, suppressed, is_quiet, first_at, last_at, event_type, event, acknowledged_at,
                acknowledged_by,
            acknowledge_note, resolved_at, resolved_by, resolve_note, revision, ack_until, ack_count,
            ack_severity, assignee, reopened_at, reopen_reason, is_told, send_to, told_to,
            tells_subscribers, untold, exists (select from alert_flap f where f.alert = alert.id),
            (select v.advice from alert_rule_version v
                where v.rule = alert.rule and v.version = alert.rule_version)
        from alert where id = any ($1::uuid[])
        """)
    private static let lock = Statement("alert_lock", "select id from alert where id = $1 for no key update")
    private static let mark = Statement(
        "alert_mark",
        """
        update alert set state = $2, acknowledged_at = $3, acknowledged_by = $4, acknowledge_note = $5,
            resolved_at = $6, resolved_by = $7, resolve_note = $8, revision = $9, ack_until = $10,
            ack_count = $11, ack_severity = $12, assignee = $13, reopened_at = $14, reopen_reason = $15
        where id = $1
        """)

    let database: Database
    let things: TargetSource

    package init(database: Database, things: TargetSource = .none) {
        (self.database, self.things) = (database, things)
    }

    /// As it is, with the eyes of whoever asks for it. Nil also when they may not see it.
    /// - Parameter permission: what they are about to do with it.
    nonisolated(nonsending) func find(
        _ id: AlertID, _ permission: Permission, for context: Context, in source: (any Queryable)? = nil
    ) async throws -> (alert: Alert, sight: AlertSight)? {
        let source = source ?? database
        guard let alert = try await find([id], in: source).first else { return nil }
        let sight = try await AlertSight(
            context, permission, of: things, [alert.thing].compactMap(\.self), in: source)
        return sight.sees(alert) ? (alert, sight) : nil
    }

    nonisolated(nonsending) func lock(
        _ id: AlertID, _ permission: Permission, for context: Context, in transaction: Transaction
    ) async throws -> (alert: Alert, sight: AlertSight)? {
        _ = try await transaction.query(Self.lock, .id(id))
        return try await find(id, permission, for: context, in: transaction)
    }

    nonisolated(nonsending) func mark(_ alert: Alert, in transaction: Transaction) async throws {
        _ = try await transaction.query(
            Self.mark, .id(alert.id), .text(alert.state.rawValue), .timestamp(alert.acknowledged?.mark.at),
            .text(alert.acknowledged?.mark.by), .text(alert.acknowledged?.mark.note),
            .timestamp(alert.resolved?.at), .text(alert.resolved?.by), .text(alert.resolved?.note),
            .int64(alert.revision), .timestamp(alert.acknowledged?.until),
            .int64(alert.acknowledged.map { Int64($0.count) }), .text(alert.acknowledged?.severity),
            .text(alert.assignee), .timestamp(alert.reopened?.at), .text(alert.reopened?.reason))
    }

    nonisolated(nonsending) func find(_ ids: [AlertID], in source: any Queryable) async throws -> [Alert] {
        try await source.query(Self.find, .idArray(ids)).map { Alert($0) }
    }
}

extension Alert {
    fileprivate init(_ row: Row) {
        self.init(
            id: row.id(0), rule: RuleReference(id: row.id(1), name: row.text(2), version: row.int(3)),
            severity: row.text(4), state: State(rawValue: row.text(5)) ?? .firing, summary: row.text(6),
            advice: row.optionalText(37), labels: row.object(7), sendTo: row.idArray(8), group: row.object(9),
            isSecurity: row.bool(10),
            count: row.int(11), suppressed: row.int(12), isQuiet: row.bool(13), firstAt: row.timestamp(14),
            lastAt: row.timestamp(15), eventType: row.text(16), event: row.object(17),
            acknowledged: Acknowledgement(row, from: 18, rest: 25), resolved: Mark(row, from: 21),
            revision: row.int64(24), assignee: row.optionalText(28),
            reopened: row.optionalTimestamp(29).map {
                Reopening(at: $0, reason: row.optionalText(30) ?? "")
            },
            audience: AlertAudience(row, from: 31),
            untold: row.isNull(35) ? nil : try? JSONValue.parse(row.json(35)), isFlapping: row.bool(36))
    }
}

extension Acknowledgement {
    /// - Parameters:
    ///   - first: of the mark.
    ///   - rest: of its end, and what the alert was like. One from before there were these never ends.
    init?(_ row: Row, from first: Int, rest: Int) {
        guard let mark = Alert.Mark(row, from: first) else { return nil }
        self.init(
            mark: mark, until: row.optionalTimestamp(rest), count: row.optionalInt(rest + 1) ?? .max / 4,
            severity: row.optionalText(rest + 2) ?? Severity.critical.rawValue)
    }
}

extension Alert.Mark {
    fileprivate init?(_ row: Row, from first: Int) {
        guard let at = row.optionalTimestamp(first) else { return nil }
        self.init(at: at, by: row.optionalText(first + 1), note: row.optionalText(first + 2))
    }
}
