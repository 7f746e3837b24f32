import Access
import Events
import JSON
import Kernel
import Postgres

/// A rule as it is when it acts.
struct ActingRule {
    private static let find = Statement(
        "acting_rule_find",
        """
        select owner, editor, status, revision, name, course from alert_rule where id = $1
        """)
    private static let lock = Statement(
        "acting_rule_lock", "select revision from alert_rule where id = $1 for no key update")

    let id: AlertRuleID
    let owner: PrincipalID
    let editor: PrincipalID
    let isOn: Bool
    let revision: Int64
    let name: String
    let actions: RuleActions

    nonisolated(nonsending) static func find(
        _ id: AlertRuleID, in source: any Queryable
    ) async throws -> ActingRule? {
        guard let row = try await source.query(find, .id(id)).first, let owner = PrincipalID(row.text(0)),
            let status = AlertRule.Status(rawValue: row.text(2))
        else { return nil }
        let editor = row.optionalText(1).map { PrincipalID($0) } ?? owner
        guard let editor else { return nil }
        return ActingRule(
            id: id, owner: owner, editor: editor, isOn: status.isOn, revision: row.int64(3),
            name: row.text(4),
            actions: row.isNull(5) ? RuleActions() : RuleActions(stored: row.object(5)))
    }

    /// Its revision, which stays until the transaction is over; nil when it is gone.
    nonisolated(nonsending) static func lock(
        _ id: AlertRuleID, in transaction: Transaction
    ) async throws -> Int64? {
        try await transaction.query(lock, .id(id)).first?.int64(0)
    }

    /// All of them must be allowed to do what it does.
    var holders: [PrincipalID] { owner == editor ? [owner] : [owner, editor] }

    /// What a key says of why it is so.
    func reason(of run: ActionRun) -> String { "alert rule \"\(name)\" (\(id)), fired by \(run.event)" }

    /// What the trail has.
    func detail(of run: ActionRun, _ reach: DeedReach) -> JSONValue {
        var object = JSONObject()
        _ = object.append("name", .string(name))
        for (name, value) in place(of: run) { _ = object.append(name, value) }
        _ = object.append("changed", .number(JSONNumber(run.touched.count)))
        _ = object.append("matched", .number(JSONNumber(reach.matched)))
        return .object(object)
    }

    func event(_ type: EventType, _ run: ActionRun, _ more: [(String, JSONValue)]) -> NewEvent {
        let first: [(String, JSONValue)] = [
            ("rule_id", .string(id.description)), ("name", .string(name)),
            ("owner_id", .string(owner.description)),
        ]
        return NewEvent(type, subject: id, data: JSONObject(members: first + place(of: run) + more))
    }

    private func place(of run: ActionRun) -> [(String, JSONValue)] {
        [
            ("alert_id", .string(run.alert.description)), ("event_id", .string(run.event.description)),
            ("action", .string(run.action.form)),
            ("mode", run.action.mode.map { .string($0) } ?? .null),
        ]
    }
}
