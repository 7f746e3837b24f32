import EventLoop
import Postgres

/// Of several hosts one may fall, and another go on. What was acknowledged, revocations and records of uses
/// too, holds then if the server waits for a standby with every commit.
enum FailOver {
    private static let asked = "show synchronous_standby_names"

    /// - Parameter standbys: `synchronous_standby_names` of the server that takes writes.
    static func warning(_ database: DatabaseURL, standbys: String) -> String? {
        guard database.hosts.count > 1, standbys.isEmpty else { return nil }
        return "the database has several hosts and no synchronous_standby_names: what was acknowledged, "
            + "revocations too, may be lost when another host takes over"
    }

    /// The same, of a server that is asked now.
    static func warning(_ database: DatabaseURL) async -> String? {
        guard database.hosts.count > 1 else { return nil }
        do {
            return warning(database, standbys: try await standbys(of: database))
        } catch {
            return "whether a standby has what the database acknowledges could not be asked: \(error)"
        }
    }

    private static func standbys(of database: DatabaseURL) async throws -> String {
        let worker = try Worker()
        worker.start(name: "kb-standby")
        defer { worker.stop() }
        return try await worker.run { worker in
            let offLoop = try OffLoop(threads: 1, limit: 16, name: "kb-offloop")
            defer { offLoop.stop() }
            let connector = Connector(
                database, settings: SessionSettings(), reactor: worker.reactor, offLoop: offLoop)
            let connection = try await connector.explainedConnection()
            defer { connection.close() }
            return try await connection.run(asked)?.first?.text(0) ?? ""
        }
    }
}
