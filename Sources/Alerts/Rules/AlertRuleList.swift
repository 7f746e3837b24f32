import Access
import Events
import HTTPServer
import Kernel
import Postgres

/// A page of rules: filters, order and where it begins.
struct AlertRuleQuery {
    enum Sort: String, CaseIterable {
        case name
        case nameDescending = "-name"
        case createdAt = "created_at"
        case createdAtDescending = "-created_at"

        var isByName: Bool { self == .name || self == .nameDescending }
        var isDescending: Bool { self == .nameDescending || self == .createdAtDescending }
    }

    var text: String?
    var status: AlertRule.Status?
    var severity: Severity?
    var eventType: EventType?
    var owner: PrincipalID?
    /// Only those that it fired.
    var firedBy: EventID?
    var sort = Sort.createdAtDescending
    var after: Place?
    var limit = 50

    /// The rule that a page ended with.
    struct Place {
        let name: String
        let time: Timestamp
        let id: AlertRuleID
    }

    /// What `on` may hold to take the type: itself, and every area that it belongs to.
    fileprivate var patterns: [String]? {
        guard let name = eventType?.name else { return nil }
        if eventType == .marketClosed { return [EventPattern.market.text] }
        let parts = name.split(separator: ".")
        return [name] + (1..<parts.count).map { parts[..<$0].joined(separator: ".") + ".*" }
    }
}

extension AlertRuleStore {
    private static let ascending = Statement(
        "alert_rule_list",
        """
        select id, owner, status, status_reason, version, revision, created_at, updated_at, name, severity,
            event_types, condition, group_by, cooldown, labels, send_to, is_security, is_retroactive,
                course, advice, tests,
            (select max(last_at) from alert where alert.rule = alert_rule.id),
            (select json_build_object('pack', p.pack, 'rule', p.name, 'version', p.version)
                from rule_pack_rule p where p.rule = alert_rule.id)
        from alert_rule
        where ($1::text is null or strpos(lower(name), lower(normalize($1::text, NFC))) > 0)
            and ($2::text is null or status = $2) and ($3::text is null or severity = $3)
            and ($4::text[] is null or event_types && $4) and ($5::text is null or owner = $5)
            and ($11::uuid is null or exists (
                select from rule_firing f where f.rule = alert_rule.id and f.event = $11))
            and ($9::uuid is null
                or case when $6::boolean then (lower(name), id) > (lower($7::text), $9) else (created_at,
                    id) > ($8, $9) end)
        order by case when $6 then lower(name) end, case when not $6 then created_at end, id
        limit $10
        """)
    private static let descending = Statement(
        "alert_rule_list_descending",
        """
        select id, owner, status, status_reason, version, revision, created_at, updated_at, name, severity,
            event_types, condition, group_by, cooldown, labels, send_to, is_security, is_retroactive,
                course, advice, tests,
            (select max(last_at) from alert where alert.rule = alert_rule.id),
            (select json_build_object('pack', p.pack, 'rule', p.name, 'version', p.version)
                from rule_pack_rule p where p.rule = alert_rule.id)
        from alert_rule
        where ($1::text is null or strpos(lower(name), lower(normalize($1::text, NFC))) > 0)
            and ($2::text is null or status = $2) and ($3::text is null or severity = $3)
            and ($4::text[] is null or event_types && $4) and ($5::text is null or owner = $5)
            and ($11::uuid is null or exists (
                select from rule_firing f where f.rule = alert_rule.id and f.event = $11))
            and ($9::uuid is null
                or case when $6::boolean then (lower(name), id) < (lower($7::text), $9) else (created_at,
                    id) < ($8, $9) end)
        order by case when $6 then lower(name) end desc, case when not $6 then created_at end desc, id desc
        limit $10
        """)

    /// One rule more than the page holds, when there are more.
    nonisolated(nonsending) func list(_ query: AlertRuleQuery) async throws -> [AlertRule] {
        let rows = try await database.query(
            query.sort.isDescending ? Self.descending : Self.ascending, .text(query.text),
            .text(query.status?.rawValue), .text(query.severity?.rawValue), .textArray(query.patterns),
            .text(query.owner?.description), .bool(query.sort.isByName), .text(query.after?.name),
            .timestamp(query.after?.time), .id(query.after?.id), .int(query.limit + 1), .id(query.firedBy))
        return rows.compactMap { AlertRule($0) }
    }
}

extension AlertRuleQuery {
    /// Nil: it belongs to another list or order.
    func place(of cursor: Cursor) -> Place? {
        guard cursor.parts.count == 4, cursor.parts[0] == sort.rawValue, let time = Int64(cursor.parts[2]),
            let id = AlertRuleID(cursor.parts[3])
        else { return nil }
        return Place(name: cursor.parts[1], time: Timestamp(microseconds: time), id: id)
    }

    /// Where the next page begins.
    func cursor(behind rule: AlertRule) -> Cursor {
        Cursor([
            sort.rawValue, rule.content.name, String(rule.createdAt.microseconds),
            rule.id.description,
        ])
    }
}
