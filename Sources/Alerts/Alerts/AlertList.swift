import Access
import Events
import HTTPServer
import Kernel
import Postgres

/// A page of alerts: filters, order and where it begins.
struct AlertQuery {
    enum Sort: String, CaseIterable {
        case firstAt = "first_at"
        case firstAtDescending = "-first_at"
        case lastAt = "last_at"
        case lastAtDescending = "-last_at"

        fileprivate var statement: Statement {
            switch self {
            case .firstAt: AlertStore.byFirst
            case .firstAtDescending: AlertStore.byFirstDescending
            case .lastAt: AlertStore.byLast
            case .lastAtDescending: AlertStore.byLastDescending
            }
        }
    }

    var state: Alert.State?
    var severity: Severity?
    var rule: AlertRuleID?
    var isAcknowledged: Bool?
    var assignee: PrincipalID?
    var isTold: Bool?
    /// Of `last_at`.
    var from: Timestamp?
    var to: Timestamp?
    var sort = Sort.lastAtDescending
    var after: Place?
    var limit = 50

    /// The alert that a page ended with.
    struct Place {
        let time: Timestamp
        let id: AlertID
    }
}

extension AlertStore {
    fileprivate static let byFirst = Statement(
        "alert_list_first",
        """
        select id from alert
        where ($1::text is null or state = $1) and ($2::text is null or severity = $2)
            and ($3::uuid is null or rule = $3) and ($4::boolean is null or (acknowledged_at is not null)
                = $4)
            and ($15::text is null or assignee = $15) and ($16::boolean is null or is_told = $16)
            and ($5::timestamptz is null or last_at >= $5) and ($6::timestamptz is null or last_at < $6)
            and case when thing is null or not $12 then
                    event_type = any ($7::text[]) or $8 and event_type like 'custom.%'
                else ($13::jsonb ->> case when event_type like 'custom.%' then 'custom' else event_type end)
                    || ' ' || thing = any ($14::text[]) end
            and ($10::uuid is null or (first_at, id) > ($9::timestamptz, $10))
        order by first_at, id limit $11
        """)
    fileprivate static let byFirstDescending = Statement(
        "alert_list_first_descending",
        """
        select id from alert
        where ($1::text is null or state = $1) and ($2::text is null or severity = $2)
            and ($3::uuid is null or rule = $3) and ($4::boolean is null or (acknowledged_at is not null)
                = $4)
            and ($15::text is null or assignee = $15) and ($16::boolean is null or is_told = $16)
            and ($5::timestamptz is null or last_at >= $5) and ($6::timestamptz is null or last_at < $6)
            and case when thing is null or not $12 then
                    event_type = any ($7::text[]) or $8 and event_type like 'custom.%'
                else ($13::jsonb ->> case when event_type like 'custom.%' then 'custom' else event_type end)
                    || ' ' || thing = any ($14::text[]) end
            and ($10::uuid is null or (first_at, id) < ($9::timestamptz, $10))
        order by first_at desc, id desc limit $11
        """)
    fileprivate static let byLast = Statement(
        "alert_list_last",
        """
        select id from alert
        where ($1::text is null or state = $1) and ($2::text is null or severity = $2)
            and ($3::uuid is null or rule = $3) and ($4::boolean is null or (acknowledged_at is not null)
                = $4)
            and ($15::text is null or assignee = $15) and ($16::boolean is null or is_told = $16)
            and ($5::timestamptz is null or last_at >= $5) and ($6::timestamptz is null or last_at < $6)
            and case when thing is null or not $12 then
                    event_type = any ($7::text[]) or $8 and event_type like 'custom.%'
                else ($13::jsonb ->> case when event_type like 'custom.%' then 'custom' else event_type end)
                    || ' ' || thing = any ($14::text[]) end
            and ($10::uuid is null or (last_at, id) > ($9::timestamptz, $10))
        order by last_at, id limit $11
        """)
    fileprivate static let byLastDescending = Statement(
        "alert_list_last_descending",
        """
        select id from alert
        where ($1::text is null or state = $1) and ($2::text is null or severity = $2)
            and ($3::uuid is null or rule = $3) and ($4::boolean is null or (acknowledged_at is not null)
                = $4)
            and ($15::text is null or assignee = $15) and ($16::boolean is null or is_told = $16)
            and ($5::timestamptz is null or last_at >= $5) and ($6::timestamptz is null or last_at < $6)
            and case when thing is null or not $12 then
                    event_type = any ($7::text[]) or $8 and event_type like 'custom.%'
                else ($13::jsonb ->> case when event_type like 'custom.%' then 'custom' else event_type end)
                    || ' ' || thing = any ($14::text[]) end
            and ($10::uuid is null or (last_at, id) < ($9::timestamptz, $10))
        order by last_at desc, id desc limit $11
        """)

    /// One alert more than the page holds, when there are more; only what the caller may see.
    nonisolated(nonsending) func list(
        _ query: AlertQuery, for sight: AlertSight
    ) async throws -> [Alert] {
        let filters: [Parameter] = [
            .text(query.state?.rawValue), .text(query.severity?.rawValue), .id(query.rule),
            .bool(query.isAcknowledged), .timestamp(query.from), .timestamp(query.to),
            .textArray(sight.types), .bool(sight.seesCustom), .timestamp(query.after?.time),
            .id(query.after?.id),
            .int(query.limit + 1), .bool(sight.isScoped),
        ]
        let rows = try await database.report(
            query.sort.statement,
            parameters: filters + sight.seen.parameters + [
                .text(query.assignee?.description), .bool(query.isTold),
            ])
        let ids: [AlertID] = rows.map { $0.id(0) }
        var alerts: [AlertID: Alert] = [:]
        for alert in try await find(ids, in: database) { alerts[alert.id] = alert }
        return ids.compactMap { alerts[$0] }
    }
}

extension AlertQuery {
    /// Nil: it belongs to another list or order.
    func place(of cursor: Cursor) -> Place? {
        guard cursor.parts.count == 3, cursor.parts[0] == sort.rawValue, let time = Int64(cursor.parts[1]),
            let id = AlertID(cursor.parts[2])
        else { return nil }
        return Place(time: Timestamp(microseconds: time), id: id)
    }

    /// Where the next page begins.
    func cursor(behind alert: Alert) -> Cursor {
        let isByFirst = sort == .firstAt || sort == .firstAtDescending
        let time = isByFirst ? alert.firstAt : alert.lastAt
        return Cursor([sort.rawValue, String(time.microseconds), alert.id.description])
    }
}
