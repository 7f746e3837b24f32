import Access
import Kernel
import Postgres

/// A group of a rule that is well again by itself, or that nobody watches any more: its alert is resolved.
struct AlertRecovery {
    /// What people read of it.
    enum Cause: String {
        case isOver = "it is so no more"
        case changed = "its rule was changed"
        case disabled = "its rule was disabled"
        case deleted = "its rule was deleted"
        case expired = "its rule's time is over"
        case evicted = "its rule has more groups than are kept"
    }

    let rule: AlertRuleID
    /// The first half of the group's key.
    let group: UUID
    let at: Timestamp
    let cause: Cause

    init(_ key: StateKey, at: Timestamp, because cause: Cause) {
        (rule, group, self.at, self.cause) = (key.rule, key.group, at, cause)
    }

    private static let resolve = Statement(
        "alert_recover",
        """
        with held as (
            select a.id, r.at, r.note
            from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::timestamptz[], $5::text[])
                as r (rule, low, high, at, note)
            join alert a on a.rule = r.rule and a.group_key between r.low and r.high and a.state = 'firing'
            order by a.rule, a.group_key for no key update of a
        )
        update alert set state = 'resolved', resolved_at = held.at, resolve_note = held.note,
            revision = revision + 1
        from held where alert.id = held.id
        returning alert.id
        """)

    /// What readers and receivers are told of it. Alerts that somebody resolved before are left as they are.
    nonisolated(nonsending) static func write(
        _ recoveries: [AlertRecovery], _ engine: AlertEngine, in transaction: Transaction
    ) async throws -> AlertEngine.Written {
        guard !recoveries.isEmpty else { return AlertEngine.Written() }
        let lows = recoveries.map { $0.group.bytes + Array(repeating: 0, count: 16) }
        let highs = recoveries.map { $0.group.bytes + Array(repeating: 255, count: 16) }
        let rows = try await transaction.query(
            resolve, .idArray(recoveries.map(\.rule)), .byteaArray(lows), .byteaArray(highs),
            .timestampArray(recoveries.map(\.at)), .textArray(recoveries.map(\.cause.rawValue)))
        return try await engine.resolutions(of: rows.map { $0.id(0) }, in: transaction)
    }
}

extension AlertRecovery.Cause {
    /// - Parameter status: of the rule, as it is now; nil when it is gone.
    init(ruleNow status: String?) {
        guard let status else {
            self = .deleted
            return
        }
        switch AlertRule.Status(rawValue: status) {
        case .disabled: self = .disabled
        case .expired: self = .expired
        default: self = .changed
        }
    }
}
