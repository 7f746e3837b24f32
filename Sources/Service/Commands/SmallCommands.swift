import EventLoop
import Kernel
import Postgres

/// `keybell check-config`: says what is wrong, all at once, and prints no secret.
enum CheckConfigCommand {
    static func run(_ arguments: [String]) async -> Int32 {
        do {
            let settings = try Settings.ofProcess(arguments, looking: Preflight.mistakes)
            Command.say("The configuration is fine.\n\(settings.summary)")
            var warnings = Preflight.warnings(of: settings)
            if let database = settings.database, let loss = await FailOver.warning(database) {
                warnings.append(loss)
            }
            for warning in warnings { Command.complain("Think again: \(warning).") }
            return 0
        } catch {
            Command.complain("keybell: the configuration cannot be used:\n\(error)")
            return 2
        }
    }
}

extension Settings {
    fileprivate var summary: String {
        """
          listens on     \(listen)\(tls == nil ? "" : " with TLS")
          event loops    \(loops)
          database       \(database.map { "\($0)" } ?? "its own, in \(privateCluster)")
          root key       \(rootKeyText == nil ? rootKeyFile : "from the environment")
          log            \(logLevel.rawValue), \(logFormat.rawValue)
        """
    }
}

/// `keybell migrate`: brings an existing database's schema up to this binary, and ends.
enum MigrateCommand {
    static func run(_ arguments: [String]) async -> Int32 {
        do {
            guard let url = try Settings.ofProcess(arguments).database else {
                Command.complain(
                    "keybell: migrate needs KEYBELL_DATABASE_URL; the private cluster migrates at start")
                return 2
            }
            let worker = try Worker()
            worker.start(name: "kb-migrate")
            defer { worker.stop() }
            let applied = try await worker.run { worker in try await migrate(url, on: worker) }
            Command.say(
                applied.isEmpty
                    ? "Nothing to do." : "Applied \(applied.map(String.init).joined(separator: ", ")).")
            return 0
        } catch {
            Command.complain("keybell: \(error)")
            return 1
        }
    }
    private static func migrate(_ url: DatabaseURL, on worker: isolated Worker) async throws -> [Int] {
        let offLoop = try OffLoop(threads: 1, limit: 16, name: "kb-offloop")
        defer { offLoop.stop() }
        let connector = Connector(
            url, settings: SessionSettings(), reactor: worker.reactor, offLoop: offLoop)
        let reasons = DatabaseReasons()
        reasons.hear(from: connector)
        return try await reasons.explaining { try await Migrator(Assets.migrations).run(connector) }
    }
}
