import Access
import Kernel
import Postgres

/// A group of a rule that is well again by itself: its alert is resolved.
struct AlertRecovery {
    let rule: AlertRuleID
    /// The first half of the group's key.
    let group: UUID
    let at: Timestamp

    private static let resolve = Statement(
        "alert_recover",
        """
        with held as (
            select a.id, r.at from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::timestamptz[])
                as r (rule, low, high, at)
            join alert a on a.rule = r.rule and a.group_key between r.low and r.high and a.state = 'firing'
            order by a.rule, a.group_key for no key update of a
        )
        update alert set state = 'resolved', resolved_at = held.at, resolve_note = $5, revision = revision + 1
        from held where alert.id = held.id
        returning alert.id
        """)
    private static let note = "it is so no more"

    /// What readers and receivers are told of it. Alerts that somebody resolved before are left as they are.
    nonisolated(nonsending) static func write(
        _ recoveries: [AlertRecovery], _ engine: AlertEngine, in transaction: Transaction
    ) async throws -> AlertEngine.Written {
        guard !recoveries.isEmpty else { return AlertEngine.Written() }
        let lows = recoveries.map { $0.group.bytes + Array(repeating: 0, count: 16) }
        let highs = recoveries.map { $0.group.bytes + Array(repeating: 255, count: 16) }
        let rows = try await transaction.query(
            resolve, .idArray(recoveries.map(\.rule)), .byteaArray(lows), .byteaArray(highs),
            .timestampArray(recoveries.map(\.at)), .text(note))
        return try await engine.resolutions(of: rows.map { $0.id(0) }, in: transaction)
    }
}
