import Access
package import Events
import JSON
package import Jobs
import Kernel
import Postgres

/// Rules whose time is over, or nearly, and those that were in error and are not any more.
package struct RuleExpiry {
    /// So long before, it is told that a rule ends.
    static let warnedBefore: Period = .days(7)

    private static let expire = Statement(
        "alert_rule_expire",
        """
        with held as (
            select id from alert_rule
            where status in ('enabled', 'error', 'no_data') and (course ->> 'expires_at')::timestamptz <= $1
            order by id for no key update
        )
        update alert_rule r set status = 'expired', status_reason = 'its time is over', updated_at = $1,
            revision = r.revision + 1
        from held where r.id = held.id
        returning r.id, r.name, r.owner, r.course ->> 'expires_at'
        """)
    private static let calm = Statement(
        "alert_rule_calm",
        """
        with held as (
            select id from alert_rule where status = 'error' and failed_at <= $1 order by id for no key update
        )
        update alert_rule r set status = 'enabled', status_reason = null, failed_at = null,
            revision = r.revision + 1
        from held where r.id = held.id
        returning r.id
        """)
    private static let ending = Statement(
        "alert_rule_ending",
        """
        select id, name, owner, course ->> 'expires_at' from alert_rule
        where status in ('enabled', 'error', 'no_data')
            and (course ->> 'expires_at')::timestamptz between $1 and $2
        order by id
        """)
    private static let told = Statement(
        "alert_rule_ending_told",
        "select subject, data ->> 'expires_at' from event where type = $1 and subject = any ($2::text[])")

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var job: Job {
        Job(
            "rule-expiry",
            "Ends alert rules whose time is over, warns a week before, and takes back errors that are over.",
            every: .minutes(1)
        ) { run in
            let (ended, warned, calmed) = try await carryOut(run)
            var counts = JSONObject()
            _ = counts.append("expired", .number(JSONNumber(ended)))
            _ = counts.append("warned", .number(JSONNumber(warned)))
            _ = counts.append("calmed", .number(JSONNumber(calmed)))
            return counts
        }
    }

    private nonisolated(nonsending) func carryOut(_ run: JobRun) async throws -> (Int, Int, Int) {
        try await ledger.change(run.context) { change in
            let now = change.context.now
            let over = try await change.transaction.query(Self.expire, .timestamp(now)).map(Ending.init)
            for rule in over {
                change.emit(rule.event(.ruleExpired))
                change.audit("rules.expire", rule.id, detail: ["name": .string(rule.name)])
            }
            let calmed = try await change.transaction.query(
                Self.calm, .timestamp(now - RuleFailure.calmAfter)
            ).map { $0.id(0, as: AlertRuleKind.self) }
            for rule in calmed { change.audit("rules.update", rule, detail: ["status": "enabled"]) }
            if !over.isEmpty || !calmed.isEmpty { change.touchesConfiguration = true }
            let near = try await untold(at: now, in: change.transaction)
            for rule in near { change.emit(rule.event(.ruleExpiring)) }
            return (over.count, near.count, calmed.count)
        }
    }

    /// Once for each time that a rule is given.
    private nonisolated(nonsending) func untold(
        at now: Timestamp, in transaction: Transaction
    ) async throws -> [Ending] {
        let rows = try await transaction.query(
            Self.ending, .timestamp(now), .timestamp(now + Self.warnedBefore))
        let near = rows.map(Ending.init)
        guard !near.isEmpty else { return [] }
        let told = try await transaction.query(
            Self.told, .text(EventType.ruleExpiring.name), .textArray(near.map(\.id.description)))
        let known = Set(told.map { "\($0.text(0)) \($0.optionalText(1) ?? "")" })
        return near.filter { !known.contains("\($0.id) \($0.time)") }
    }

    private struct Ending {
        let id: AlertRuleID
        let name: String
        let owner: String
        let time: String

        init(_ row: Row) {
            (id, name, owner, time) = (row.id(0), row.text(1), row.text(2), row.text(3))
        }

        func event(_ type: EventType) -> NewEvent {
            NewEvent(
                type, subject: id,
                [
                    "rule_id": .string(id.description), "name": .string(name),
                    "owner_id": owner == AlertRule.installation ? .null : .string(owner),
                    "expires_at": .string(time),
                ])
        }
    }
}
