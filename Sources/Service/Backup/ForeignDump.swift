import Kernel
import Postgres

/// A dump that came back past `keybell restore`: by pg_restore, onto another server or in the place of what
/// was there. What was revoked since it was taken is not revoked in it, and nothing else would tell.
enum ForeignDump {
    /// A dump carries neither the server's identifier nor the number that PostgreSQL gives to a table. Where
    /// a restore waits already, it waits for all of it.
    private static let find = Statement(
        "foreign_dump_find",
        """
        select i.bootstrapped_at is not null and a.restored_at is null
            and (i.system_identifier <> c.system_identifier
                or i.relation is distinct from 'installation'::regclass::oid::bigint),
            (select max(last_seen_at) from node)
        from installation i, authority a, pg_control_system() c
        for no key update of i
        """)
    private static let settle = Statement(
        "foreign_dump_settle",
        """
        update installation set relation = 'installation'::regclass::oid::bigint
        where relation is distinct from 'installation'::regclass::oid::bigint
        """)

    /// At every start, before the era of events is looked at. True: one was found, and nothing is used from
    /// now on until an owner confirms it.
    nonisolated(nonsending) static func check(
        _ database: Database, at now: Timestamp, entropy: Entropy
    ) async throws -> Bool {
        try await database.transaction { transaction in
            guard let row = try await transaction.query(find).first else { return false }
            _ = try await transaction.query(settle)
            guard row.bool(0) else { return false }
            // Nodes say every two seconds that they live: that is as old as the dump.
            try await RestoreStore.mark(
                UUID(at: now, entropy: entropy), backupAt: row.optionalTimestamp(1) ?? now, replay: nil,
                at: now, in: transaction)
            return true
        }
    }
}
