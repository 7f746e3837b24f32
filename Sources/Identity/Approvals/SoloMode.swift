import Access
import Events
import HTTPServer
package import JSON
package import Kernel
package import Postgres

/// A desk of one person: they may approve their own requests, after a while, and everybody is told.
package struct SoloMode: Equatable, Sendable {
    package var isOn: Bool
    package var delay: Period
    package var changedAt: Timestamp?
    package var changedBy: String?
    package var reason: String?
    package var revision: Int64
}

extension SoloMode {
    private static let read = Statement(
        "solo_mode_read",
        "select solo, solo_delay, changed_at, changed_by, reason, revision from approval_setting")
    private static let lock = Statement(
        "solo_mode_lock",
        """
        select solo, solo_delay, changed_at, changed_by, reason, revision from approval_setting
        for no key update
        """)
    private static let write = Statement(
        "solo_mode_write",
        """
        update approval_setting set solo = $1, solo_delay = $2, changed_at = $3, changed_by = $4, reason = $5,
            revision = revision + 1
        """)
    /// People who may decide about anything.
    private static let deciders = Statement(
        "solo_mode_deciders",
        """
        select count(*) from principal p where p.kind = 'user' and p.status = 'active' and exists (
            select from granted_to g left join role r on r.name = g.role
            where g.grantee = p.id and g.effect = 'allow' and g.scope = '{}'
                and (g.expires_at is null or g.expires_at > $2)
                and (g.role = any ($1) or r.permissions @> '{approvals:decide}'))
        """)

    package static nonisolated(nonsending) func read(in source: any Queryable) async throws -> SoloMode {
        try await one(read, in: source)
    }

    static nonisolated(nonsending) func lock(in transaction: Transaction) async throws -> SoloMode {
        try await one(lock, in: transaction)
    }

    private static nonisolated(nonsending) func one(
        _ statement: Statement, in source: any Queryable
    ) async throws -> SoloMode {
        guard let row = try await source.query(statement).first else { throw PostgresError.unavailable }
        return SoloMode(
            isOn: row.bool(0), delay: Period(microseconds: row.int64(1)),
            changedAt: row.optionalTimestamp(2), changedBy: row.optionalText(3),
            reason: row.optionalText(4), revision: row.int64(5))
    }

    nonisolated(nonsending) func write(in transaction: Transaction) async throws {
        _ = try await transaction.query(
            Self.write, .bool(isOn), .int64(delay.microseconds), .timestamp(changedAt), .text(changedBy),
            .text(reason))
    }

    /// How many people may decide about approvals.
    static nonisolated(nonsending) func deciders(
        at now: Timestamp, in transaction: Transaction
    ) async throws -> Int {
        let roles = BuiltInRole.allCases.filter { $0.permissions.contains(.approvalsDecide) }
        return try await transaction.query(
            deciders, .textArray(roles.map(\.rawValue)), .timestamp(now)
        ).first?.int(0) ?? 0
    }
}

extension SoloMode: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("enabled", isOn)
            w.field("delay", delay.description)
            w.field("reason", reason)
            w.field("changed_at", changedAt?.description)
            w.field("changed_by", changedBy)
            w.field("revision", revision)
        }
    }
}
