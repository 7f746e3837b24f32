import EventLoop
import Glibc
import Kernel
import Postgres

/// Takes a backup of a running service, or of one that stands still: one consistent moment of the database,
/// and no key that opens it.
struct Backup {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the dump holds, seen at the same moment.
    private static let facts = """
        select (select max(number)::text from schema_migration), (select count(*)::text from exchange_key),
            (select coalesce(sum(sequence), 0)::text from audit_lane),
            (select coalesce(max(number), 0)::text from audit_checkpoint)
        """

    let url: DatabaseURL
    let reactor: Reactor
    let offLoop: OffLoop
    let clock: Clock

    nonisolated(nonsending) func write(to path: String) async throws -> BackupManifest {
        guard access(path, F_OK) != 0 else { throw Failure(description: "\(path) is there already") }
        guard let programs = ClientPrograms(for: url) else { throw PrivateClusterError.noPrograms }
        let connector = Connector(url, settings: Self.patient, reactor: reactor, offLoop: offLoop)
        let connection = try await connector.explainedConnection()
        defer { connection.close() }
        // Held open while pg_dump works: both see the same moment.
        _ = try await connection.run("begin isolation level repeatable read read only")
        guard let snapshot = try await connection.run("select pg_export_snapshot()")?.first?.text(0),
            let facts = try await connection.run(Self.facts)?.first
        else { throw PostgresError.unavailable }
        let numbers = (0..<4).map { Int64(facts.optionalText($0) ?? "") ?? 0 }
        let madeAt = clock.now()
        return try await offLoop.run {
            let draft = "\(path).\(getpid()).draft"
            let ticket = Interruption.undo { unlink(draft) }
            defer {
                unlink(draft)
                Interruption.withdraw(ticket)
            }
            try SecretFile.write("", to: draft)
            try programs.dump(snapshot: snapshot, to: draft)
            return try BackupFile.seal(draft, as: path) { bytes, digest in
                BackupManifest(
                    version: Release.version, madeAt: madeAt, migrations: Int(numbers[0]), keys: numbers[1],
                    auditEntries: numbers[2], checkpoint: numbers[3], dumpBytes: bytes, digest: digest)
            }
        }
    }

    /// A dump takes as long as it takes.
    private static var patient: SessionSettings {
        var settings = SessionSettings()
        settings.applicationName = "keybell-backup"
        settings.statementTimeout = .milliseconds(0)
        settings.idleInTransactionTimeout = .milliseconds(0)
        return settings
    }
}
