import Access
import Events
import JSON
import Kernel
import Postgres

/// Alerts that come and go: told once, and then only when it is over.
enum Flaps {
    /// Fires for so many a time within so long, having been well in between by itself.
    static let times = 4
    static let within: Period = .hours(1)
    /// Quiet for so long, it is over.
    static let quietFor: Period = .minutes(30)

    /// What a firing is of a group that may come and go.
    enum Verdict: Equatable {
        case begins(times: Int)
        case goesOn
    }

    private static let met = Statement(
        "alert_flap_met",
        """
        select k.rule, k.group_key,
            exists (select from alert_flap f where f.rule = k.rule and f.group_key = k.group_key),
            (select count(*) from alert a where a.rule = k.rule and a.group_key = k.group_key
                and a.state = 'resolved' and a.resolved_by is null
                and a.resolve_note = $4 and a.resolved_at > $3)
        from unnest($1::uuid[], $2::bytea[]) as k (rule, group_key)
        """)
    private static let keep = Statement(
        "alert_flap_keep",
        """
        insert into alert_flap (rule, group_key, since, last_at, alert)
        select f.rule, f.group_key, $4, $4, f.alert
        from unnest($1::uuid[], $2::bytea[], $3::uuid[]) as f (rule, group_key, alert)
        on conflict (rule, group_key) do update set last_at = excluded.last_at, alert = excluded.alert
        """)

    /// - Parameter groups: whose alerts are new and may be well again by themselves, with these alerts.
    nonisolated(nonsending) static func note(
        _ groups: [FiringGroup.Key: AlertID], at now: Timestamp, in transaction: Transaction
    ) async throws -> [FiringGroup.Key: Verdict] {
        guard !groups.isEmpty else { return [:] }
        let keys = groups.keys.sorted()
        let rows = try await transaction.query(
            met, .idArray(keys.map(\.rule)), .byteaArray(keys.map(\.group)), .timestamp(now - within),
            .text(AlertRecovery.Cause.isOver.rawValue))
        var verdicts: [FiringGroup.Key: Verdict] = [:]
        for row in rows {
            let key = FiringGroup.Key(rule: row.id(0), group: row.bytes(1))
            if row.bool(2) {
                verdicts[key] = .goesOn
            } else if row.int(3) + 1 >= times {
                verdicts[key] = .begins(times: row.int(3) + 1)
            }
        }
        let kept = keys.filter { verdicts[$0] != nil }
        guard !kept.isEmpty else { return [:] }
        _ = try await transaction.query(
            keep, .idArray(kept.map(\.rule)), .byteaArray(kept.map(\.group)),
            .idArray(kept.compactMap { groups[$0] }), .timestamp(now))
        return verdicts
    }

    private static let takeOver = Statement(
        "alert_flap_over",
        """
        delete from alert_flap where (rule, group_key) in (
            select rule, group_key from alert_flap where last_at <= $1 order by last_at
            for update skip locked limit $2)
        returning alert
        """)

    /// The newest alerts of groups that are quiet by now.
    nonisolated(nonsending) static func over(
        at now: Timestamp, limit: Int, in transaction: Transaction
    ) async throws -> [AlertID] {
        try await transaction.query(takeOver, .timestamp(now - quietFor), .int(limit)).map { $0.id(0) }
    }
}

extension AlertNotice {
    func flapping(_ times: Int) -> NewEvent {
        event(
            .alertFlapping,
            ["times": .number(JSONNumber(times)), "within": .string(Flaps.within.description)])
    }
}
