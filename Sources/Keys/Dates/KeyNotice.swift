import Events
import Kernel
import Postgres

/// The two things about keys that fall due, and where it is remembered what has been said.
enum KeyNotice {
    case rotation, expiry

    static let dueRotations = Statement(
        "key_rotation_notices_due",
        derived: [
            "select", KeyColumns.list,
            """
            from exchange_key where rotation_notice_at <= $1
            order by rotation_notice_at, id limit $2 for no key update skip locked
            """,
        ].joined(separator: " "))
    static let dueExpiries = Statement(
        "key_expiry_notices_due",
        derived: [
            "select", KeyColumns.list,
            """
            from exchange_key where expiry_notice_at <= $1
            order by expiry_notice_at, id limit $2 for no key update skip locked
            """,
        ].joined(separator: " "))
    private static let moveRotations = Statement(
        "key_rotation_notices_move",
        """
        update exchange_key set rotation_notice_at = next.at
        from unnest($1::uuid[], $2::timestamptz[]) as next (id, at) where exchange_key.id = next.id
        """)
    private static let moveExpiries = Statement(
        "key_expiry_notices_move",
        """
        update exchange_key set expiry_notice_at = next.at
        from unnest($1::uuid[], $2::timestamptz[]) as next (id, at) where exchange_key.id = next.id
        """)

    nonisolated(nonsending) func due(at now: Timestamp, in transaction: Transaction) async throws
        -> [ExchangeKey]
    {
        let statement = self == .rotation ? Self.dueRotations : Self.dueExpiries
        let rows = try await transaction.query(statement, .timestamp(now), .int(KeyJobs.stepRows))
        // Whoever uses a tampered key tells of it; here it would only keep the others waiting.
        return rows.compactMap { try? ExchangeKey(KeyRow($0)) }
    }

    func countdown(of key: ExchangeKey) -> Countdown? {
        self == .rotation ? key.rotationCountdown : key.expiryCountdown
    }

    func event(of key: ExchangeKey, at now: Timestamp) -> NewEvent? {
        guard let countdown = countdown(of: key), let stage = countdown.stage(at: now) else { return nil }
        switch self {
        case .rotation: return key.rotationDue(countdown, stage, at: now)
        case .expiry: return key.expiring(countdown, stage, at: now)
        }
    }

    nonisolated(nonsending) func moveOn(
        _ keys: [ExchangeKey], after now: Timestamp, in transaction: Transaction
    ) async throws {
        guard !keys.isEmpty else { return }
        let next = keys.map { countdown(of: $0)?.next(after: now) }
        let statement = self == .rotation ? Self.moveRotations : Self.moveExpiries
        _ = try await transaction.query(statement, .idArray(keys.map(\.id)), .optionalTimestampArray(next))
    }
}
