import Access
import Audit
import EventLoop
import Glibc
import Kernel
import Postgres

/// Brings a backup into an empty database. What was done since the backup is confirmed by an owner before
/// anything is used again.
struct Restoring {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let countOfTables = """
        select count(*)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'S') and c.relname <> 'restore_unfinished'
        """
    /// Stands until the restore is whole; a service does not start beside it. One that stands alone is of a
    /// restore that brought nothing.
    private static let begin =
        "create table if not exists restore_unfinished (begun_at timestamptz default now() not null)"
    private static let end = "drop table restore_unfinished"

    let url: DatabaseURL
    let reactor: Reactor
    let offLoop: OffLoop
    let clock: Clock
    let entropy: Entropy

    /// - Parameter export: an exported trail that reaches past the backup; nil without one.
    func run(
        _ file: BackupFile, replaying export: String?, on worker: isolated Worker
    ) async throws -> (manifest: BackupManifest, replay: TrailSince?) {
        let manifest = try await offLoop.run { try file.verified() }
        guard manifest.migrations <= Assets.migrations.map(\.number).max() ?? 0 else {
            throw Failure(
                description: "the backup is of Keybell \(manifest.version), which is newer than this program")
        }
        try await checkTrail(export)
        guard let programs = ClientPrograms(for: url) else { throw PrivateClusterError.noPrograms }
        let connector = Connector(url, settings: SessionSettings(), reactor: reactor, offLoop: offLoop)
        try await claim(connector)
        try await offLoop.run { try programs.restore(from: file.path) }
        _ = try await Migrator(Assets.migrations).run(connector)
        let database = Database(url, reactor: reactor, offLoop: offLoop, entropy: entropy)
        database.start(on: worker)
        defer { database.stop() }
        try await database.ready()
        let replay = try await read(export, database)
        let (id, now) = (UUID(at: clock.now(), entropy: entropy), clock.now())
        try await database.transaction { transaction in
            try await RestoreStore.mark(
                id, backupAt: manifest.madeAt, replay: replay, at: now, in: transaction)
        }
        let connection = try await connector.plainConnection()
        defer { connection.close() }
        try await connection.run(Self.end)
        return (manifest, replay)
    }

    private nonisolated(nonsending) func claim(_ connector: Connector) async throws {
        let connection = try await connector.explainedConnection()
        defer { connection.close() }
        guard try await connection.run(Self.countOfTables)?.first?.text(0) == "0" else {
            let isUnfinished = try await UnfinishedRestore.isThere(connection)
            throw Failure(
                description: isUnfinished
                    ? UnfinishedRestore.sentence
                    : "the database is not empty: restore into a fresh one (another data folder, or another "
                        + "database), then point the service there")
        }
        try await connection.run(Self.begin)
    }

    /// As a whole, before a line of it is believed or anything is written.
    private nonisolated(nonsending) func checkTrail(_ export: String?) async throws {
        guard let export else { return }
        try await offLoop.run {
            let report: AuditReport
            do {
                report = try TrailFile(path: export).verify()
            } catch {
                throw Failure(description: "\(export) is no trail to replay: \(error)")
            }
            guard report.exitCode == 0 else {
                throw Failure(
                    description: "\(export) is not sound, so nothing of it is replayed:\n\(report.text)")
            }
            // What was left out could be what took authority away, and nothing would tell.
            guard report.verdict.isComplete else {
                throw Failure(
                    description: "\(export) is a part of the trail: export all of it, without from and to")
            }
        }
    }

    private nonisolated(nonsending) func read(
        _ export: String?, _ database: Database
    ) async throws -> TrailSince? {
        guard let export else { return nil }
        let heads = try await RestoreStore.heads(in: database)
        let pin = try await RestoreStore.signer(in: database)
        return try await offLoop.run {
            var since = TrailSince(heads: heads)
            let report = try TrailFile(path: export).verify(pin: pin) { entry in since.take(entry) }
            // Whoever has a backup could write a trail that goes on from it, but not sign it.
            let forgery = "its newest checkpoint is signed by another key than the backup's"
            let fault = since.fault(report.verdict.checkpoint) ?? (report.exitCode == 0 ? nil : forgery)
            guard let fault else { return since }
            throw Failure(
                description: "\(export) is not replayed: \(fault).\nDrop the database (or the data folder), "
                    + "and restore again with the right trail")
        }
    }
}

/// Why a service does not start: a restore into its database was cut short.
enum UnfinishedRestore {
    static let sentence = """
        a restore into this database was not finished: drop the database (or the data folder), restore again
        """

    nonisolated(nonsending) static func isThere(_ connector: Connector) async throws -> Bool {
        let connection = try await connector.plainConnection()
        defer { connection.close() }
        return try await isThere(connection)
    }

    nonisolated(nonsending) static func isThere(_ connection: PlainConnection) async throws -> Bool {
        try await connection.run("select to_regclass('restore_unfinished')::text")?.first?
            .optionalText(0) != nil
    }
}
