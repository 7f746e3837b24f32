import Access
import CLinux
import Crypto
import EventLoop
import Events
import Glibc
import Kernel
import Postgres
import Sealing

/// `keybell root-key rotate`: puts the installation under a fresh root key, which a file gets. For a root key
/// in the environment, which the service itself cannot change.
enum RootKeyCommand {
    static let usage = """
        usage: keybell root-key rotate --output FILE [--env-file FILE]

        Takes the settings of the service, its present root key among them, makes a fresh one, writes it
        into FILE (mode 0600, never over another), and moves the database to it. Nodes that run go on; give
        each the new key and start it again.
        """

    static func run(_ arguments: [String]) async -> Int32 {
        _ = klinux_set_not_dumpable()
        guard arguments.first == "rotate",
            let options = try? Options(
                Array(arguments.dropFirst()), taking: ["--output", "--env-file"]),
            let output = options.values["--output"]
        else {
            Command.complain(usage)
            return 2
        }
        do {
            let settings = try Settings.ofProcess(
                options.values["--env-file"].map { ["--env-file", $0] } ?? [])
            guard let url = settings.database else {
                Command.complain(
                    "keybell: this needs KEYBELL_DATABASE_URL; beside a private cluster use the service's "
                        + "own POST /v1/system/root-key/rotation")
                return 2
            }
            Command.say(try await rotate(settings, url, output))
            return 0
        } catch {
            Command.complain("keybell: \(error)")
            return 1
        }
    }

    private static func rotate(
        _ settings: Settings, _ url: DatabaseURL, _ output: String
    ) async throws -> String {
        let worker = try Worker()
        worker.start(name: "kb-root-key")
        defer { worker.stop() }
        let source = settings.rootKeySource
        return try await worker.run { worker in
            let offLoop = try OffLoop(threads: 1, limit: 16, name: "kb-offloop")
            defer { offLoop.stop() }
            let database = Database(url, reactor: worker.reactor, offLoop: offLoop)
            database.start(on: worker)
            defer { database.stop() }
            try await database.explainedReady()
            let ledger = Ledger(database: database, clock: .system, entropy: .system)
            let rotation = OfflineRotation(
                ledger: ledger, opening: Opening(states: .ofKeys, clock: .system), source: source,
                offLoop: offLoop)
            let (old, new) = try await rotation.run(into: output)
            return """
                The root key \(old) was replaced by \(new), which is in \(output).
                Give it to every node (KEYBELL_ROOT_KEY, or KEYBELL_ROOT_KEY_FILE) and start each again. Keep
                a copy apart from the backups. Shares of the old key give it no more: make new ones.
                """
        }
    }
}
