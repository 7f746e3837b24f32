/// Brings a database's schema to this program's. Any number of nodes may start at once: one migrates, the
/// others wait and find nothing left to do. Each migration is a transaction of its own.
package struct Migrator: Sendable {
    private let migrations: [Migration]

    package init(_ migrations: [Migration]) { self.migrations = migrations }

    /// Applies what is missing and answers the numbers applied.
    /// - Throws: `MigrationError`, or `PostgresError` when the database is lost.
    @discardableResult
    package nonisolated(nonsending) func run(_ connector: Connector) async throws -> [Int] {
        let connection = try await connector.plainConnection()
        defer { connection.close() }
        try await connection.run(Self.prologue)
        let known = try await withChecksums(connection)
        let pending = try MigrationPlan.pending(known, applied: try await applied(connection))
        for entry in pending { try await apply(entry.migration, entry.checksum, connection) }
        return pending.map(\.migration.number)
    }

    /// "keybell" in ASCII: the advisory lock's number. A migration may run long; waiting for another node
    /// ends.
    private static let prologue = """
        set lock_timeout = '10min';
        set statement_timeout = 0;
        set idle_in_transaction_session_timeout = 0;
        set client_min_messages = warning;
        select pg_advisory_lock(30228056870611052);
        create table if not exists schema_migration (
            number int not null constraint schema_migration_pkey primary key,
            name text not null,
            checksum text not null,
            applied_at timestamptz not null default now()
        );
        """

    private nonisolated(nonsending) func withChecksums(
        _ connection: PlainConnection
    ) async throws -> [(migration: Migration, checksum: String)] {
        var known: [(migration: Migration, checksum: String)] = []
        for migration in migrations {
            let text = hexadecimal(migration.sql.utf8)
            let rows = try await connection.run("select encode(sha256(decode('\(text)', 'hex')), 'hex')")
            known.append((migration, rows?.first?.text(0) ?? ""))
        }
        return known
    }

    private nonisolated(nonsending) func applied(_ connection: PlainConnection) async throws
        -> [AppliedMigration]
    {
        let rows = try await connection.run(
            "select number::text, name, checksum from schema_migration order by schema_migration.number")
        return (rows.map(Array.init) ?? []).map { row in
            AppliedMigration(number: Int(row.text(0)) ?? 0, name: row.text(1), checksum: row.text(2))
        }
    }

    private nonisolated(nonsending) func apply(
        _ migration: Migration, _ checksum: String, _ connection: PlainConnection
    ) async throws {
        // Names and checksums are letters and digits only: `MigrationPlan` saw to it.
        let record = """
            insert into schema_migration (number, name, checksum)
            values (\(migration.number), '\(migration.name)', '\(checksum)')
            """
        do {
            try await connection.run("begin")
            try await connection.run(migration.sql)
            try await connection.run(record)
            try await connection.run("commit")
        } catch {
            throw MigrationError.failed(number: migration.number, error)
        }
    }
}

/// Two lower-case digits a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
