package import EventLoop
import Kernel
package import Postgres

/// A database of a test's own on the process's scratch cluster.
///
///     let scratch = try await ScratchDatabase.make(migrated: true)
///     try await scratch.withDatabase { database in
///         try await database.query(…)
///     }
package struct ScratchDatabase: Sendable {
    package let url: DatabaseURL

    package init(url: DatabaseURL) { self.url = url }

    /// - Parameter migrated: with the project's migrations applied; otherwise empty.
    package static func make(migrated: Bool = true) async throws -> ScratchDatabase {
        let template = migrated ? try await ScratchCluster.shared.migratedTemplate() : "template0"
        return ScratchDatabase(url: try await ScratchCluster.shared.makeDatabase(template: template))
    }

    /// Runs `body` on a worker of its own with the database connected, stops both and drops the database.
    package func withDatabase<Result: Sendable>(
        settings: SessionSettings = .patient, size: Database.Size = .patient,
        _ body: @Sendable (isolated Worker, Database) async throws -> Result
    ) async throws -> Result {
        let result = try await visit(settings: settings, size: size, body)
        // A test that throws keeps it for whoever looks into it, while the process lives.
        try await drop()
        return result
    }

    package func drop() async throws { try await ScratchCluster.shared.dropDatabase(url) }

    /// As `withDatabase`, but the database stays for others.
    package func visit<Result: Sendable>(
        settings: SessionSettings = .patient, size: Database.Size = .patient,
        _ body: @Sendable (isolated Worker, Database) async throws -> Result
    ) async throws -> Result {
        let worker = try Worker()
        worker.start(name: "test")
        defer { worker.stop() }
        return try await worker.run { worker in
            let database = open(on: worker, settings: settings, size: size)
            defer { database.stop() }
            try await database.ready(within: .seconds(60))
            return try await body(worker, database)
        }
    }

    /// A database on `worker`, connecting; the caller stops it.
    package func open(
        on worker: isolated Worker, settings: SessionSettings = .patient, size: Database.Size = .patient
    ) -> Database {
        let database = Database(
            url, settings: settings, size: size, reactor: worker.reactor, offLoop: scratchOffLoop)
        database.start(on: worker)
        return database
    }
}

/// For a machine that stands still now and then: nobody is sent away, and no session ends, because of it.
extension SessionSettings {
    package static var patient: SessionSettings {
        var settings = SessionSettings()
        settings.idleInTransactionTimeout = .seconds(60)
        settings.connectTimeout = .seconds(60)
        return settings
    }
}

extension Database.Size {
    package static var patient: Database.Size {
        var size = Database.Size()
        size.wait = .seconds(60)
        return size
    }
}

/// The files of Migrations/, found through this file's own path.
package func projectMigrations(_ path: String = #filePath) throws -> [Migration] {
    let root = path.split(separator: "/").dropLast(3).joined(separator: "/")
    let folder = "/\(root)/Migrations"
    return (folderEntries(folder) ?? []).sorted().compactMap { name in
        readWhole("\(folder)/\(name)").flatMap { Migration(fileName: name, sql: $0) }
    }
}
