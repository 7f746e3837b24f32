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
        settings: SessionSettings = .init(),
        _ body: @Sendable (isolated Worker, Database) async throws -> Result
    ) async throws -> Result {
        let result = try await visit(settings: settings, body)
        // A test that throws keeps it for whoever looks into it, while the process lives.
        try await drop()
        return result
    }

    package func drop() async throws { try await ScratchCluster.shared.dropDatabase(url) }

    /// As `withDatabase`, but the database stays for others.
    package func visit<Result: Sendable>(
        settings: SessionSettings = .init(),
        _ body: @Sendable (isolated Worker, Database) async throws -> Result
    ) async throws -> Result {
        let worker = try Worker()
        worker.start(name: "test")
        defer { worker.stop() }
        return try await worker.run { worker in
            let database = open(on: worker, settings: settings)
            defer { database.stop() }
            try await database.ready(within: .seconds(60))
            return try await body(worker, database)
        }
    }

    /// A database on `worker`, connecting; the caller stops it.
    package func open(on worker: isolated Worker, settings: SessionSettings = .init()) -> Database {
        let database = Database(url, settings: settings, reactor: worker.reactor, offLoop: scratchOffLoop)
        database.start(on: worker)
        return database
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
