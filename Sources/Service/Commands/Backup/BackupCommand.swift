import EventLoop
import Kernel
import Postgres

/// `keybell backup FILE`, and `keybell backup verify FILE`.
enum BackupCommand {
    static let usage = """
        usage: keybell backup FILE [--env-file FILE]
               keybell backup verify FILE

        Writes one consistent moment of the database into FILE (mode 0600, never over another), while the
        service goes on. The root key is not in it: keep that, or its shares, apart. verify reads every byte.
        """

    static func run(_ arguments: [String]) async -> Int32 {
        guard let options = try? Options(arguments, taking: ["--env-file"], takesOperands: true) else {
            return misunderstood()
        }
        do {
            switch options.operands.count {
            case 1:
                let settings = try Settings.ofProcess(
                    options.values["--env-file"].map { ["--env-file", $0] } ?? [])
                Command.say(told(try await write(options.operands[0], settings), options.operands[0]))
            case 2 where options.operands[0] == "verify":
                let path = options.operands[1]
                Command.say(told(try BackupFile(path: path).verified(), path))
            default: return misunderstood()
            }
            return 0
        } catch {
            Command.complain("keybell: \(error)")
            return 1
        }
    }

    static func write(_ path: String, _ settings: Settings) async throws -> BackupManifest {
        try await DatabaseHost.run(settings, name: "kb-backup") { worker, url, offLoop in
            try await Backup(url: url, reactor: worker.reactor, offLoop: offLoop, clock: .system)
                .write(to: path)
        }
    }

    private static func misunderstood() -> Int32 {
        Command.complain(usage)
        return 2
    }

    private static func told(_ manifest: BackupManifest, _ path: String) -> String {
        """
        \(path): whole, \(manifest.dumpBytes) bytes, of \(manifest.madeAt)
          \(manifest.keys) keys, \(manifest.auditEntries) entries of the trail, Keybell \(manifest.version)
          sha256 \(manifest.digest)
        Only the root key, or enough of its shares, opens it. Export the trail too (GET /v1/audit/export): a
        restore replays from it what was revoked since.
        """
    }
}
