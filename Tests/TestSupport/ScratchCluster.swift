import CLinux
import EventLoop
import Glibc
import Kernel
import Postgres

/// One throw-away PostgreSQL per test process: started when first wanted, never synced to disk, ended with
/// the process, however that ends.
///
/// It has a loop of its own: a default actor runs where its last caller prefers to, which may be the stopped
/// loop of another test.
actor ScratchCluster {
    static let shared = ScratchCluster()

    nonisolated let home: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { home.unownedExecutor }
    private var started: Task<DatabaseURL, any Error>?
    private var templated: Task<Void, any Error>?
    private var databases = 0

    private init() {
        do {
            home = try Worker()
        } catch {
            preconditionFailure("no loop for the scratch cluster: \(error)")
        }
        home.start(name: "scratch")
    }

    /// The cluster's own database, as its superuser.
    func url() async throws -> DatabaseURL {
        if let started { return try await started.value }
        let task = Task { try await Self.start() }
        started = task
        return try await task.value
    }

    func makeDatabase(template: String) async throws -> DatabaseURL {
        var url = try await url()
        databases += 1
        let name = "scratch_\(databases)"
        // In memory, and never synced, files are copied in a third of the time that their blocks take
        // through the log.
        try await execute("create database \(name) template \(template) strategy file_copy")
        url.database = name
        return url
    }

    /// `migrated`, with the project's migrations, made once.
    func migratedTemplate() async throws -> String {
        if templated == nil {
            templated = Task {
                var url = try await self.url()
                try await self.execute("create database migrated")
                url.database = "migrated"
                try await Self.migrate(url)
            }
        }
        try await templated?.value
        return "migrated"
    }

    private static func migrate(_ url: DatabaseURL) async throws {
        let migrations = try projectMigrations()
        let worker = try Worker()
        worker.start(name: "migrate")
        defer { worker.stop() }
        _ = try await worker.run { worker in
            let connector = Connector(
                url, settings: .patient, reactor: worker.reactor, offLoop: scratchOffLoop)
            try await Migrator(migrations).run(connector)
        }
    }

    /// 700 databases of 10 MB would keep the disk busy with what nobody reads again.
    func dropDatabase(_ url: DatabaseURL) async throws {
        guard let name = url.database, name.hasPrefix("scratch_") else { return }
        try await execute("drop database if exists \(name) with (force)")
    }

    private func execute(_ sql: String) async throws {
        let url = try await url()
        let worker = try Worker()
        worker.start(name: "scratch")
        defer { worker.stop() }
        try await worker.run { worker in
            // Copying a database waits for a checkpoint, and that for a busy disk.
            var settings = SessionSettings.patient
            settings.statementTimeout = .minutes(5)
            settings.lockTimeout = .minutes(5)
            let connector = Connector(
                url, settings: settings, reactor: worker.reactor, offLoop: scratchOffLoop)
            let connection = try await connector.plainConnection()
            defer { connection.close() }
            try await connection.run(sql)
        }
    }

    private static func start() async throws -> DatabaseURL {
        sweepLeftovers()
        return try await scratchOffLoop.run { try ScratchServer.start() }
    }

    /// Folders of test processes that crashed; their servers died with them.
    private static func sweepLeftovers() {
        for home in ScratchServer.homes {
            for name in folderEntries(home) ?? [] where name.hasPrefix(ScratchServer.prefix) {
                guard let pid = pid_t(name.dropFirst(ScratchServer.prefix.count)), kill(pid, 0) != 0,
                    errno == ESRCH
                else { continue }
                ScratchServer.removeFolder("\(home)/\(name)")
            }
        }
    }
}
