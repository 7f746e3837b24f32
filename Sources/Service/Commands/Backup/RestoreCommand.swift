import EventLoop
import Kernel
import Postgres

/// `keybell restore FILE [--replay EXPORT]`: into the empty database that the settings name.
enum RestoreCommand {
    static let usage = """
        usage: keybell restore FILE [--replay EXPORT] [--env-file FILE]

        Brings a backup into an empty database: all of it, or nothing. Sessions, what counts once and what
        waits for approvals are void. With an exported trail, what was taken away from people since the
        backup (access tokens, grants, ways in) is taken away again at once. Nothing is signed or revealed
        until an owner has confirmed the rest: GET /v1/system/restore, then
        POST /v1/system/restore/confirm.
        """

    static func run(_ arguments: [String]) async -> Int32 {
        guard
            let options = try? Options(
                arguments, taking: ["--env-file", "--replay"], takesOperands: true),
            options.operands.count == 1
        else {
            Command.complain(usage)
            return 2
        }
        do {
            let settings = try Settings.ofProcess(
                options.values["--env-file"].map { ["--env-file", $0] } ?? [])
            let file = BackupFile(path: options.operands[0])
            let export = options.values["--replay"]
            let (manifest, replay) = try await DatabaseHost.run(settings, name: "kb-restore") {
                worker, url, offLoop in
                try await Restoring(
                    url: url, reactor: worker.reactor, offLoop: offLoop, clock: .system, entropy: .system
                ).run(file, replaying: export, on: worker)
            }
            Command.say(told(manifest, replay))
            return 0
        } catch {
            Command.complain("keybell: \(error)")
            return 1
        }
    }

    private static func told(_ manifest: BackupManifest, _ replay: TrailSince?) -> String {
        var lines = ["Restored the backup of \(manifest.madeAt): \(manifest.keys) keys."]
        if let replay {
            let actions = replay.ordered
            let count = { (fate: RestoreAction.Fate) in actions.filter { $0.fate == fate }.count }
            lines += [
                "The trail shows \(actions.count) actions since:",
                "  \(count(.now)) done again now (access tokens, grants, people, webhooks), but for what was",
                "    somebody's last way in",
                "  \(count(.waiting)) wait for the confirmation (keys)",
                "  \(count(.left)) are left to you",
            ]
            if replay.isCut { lines.append("There are more than that: take a newer backup.") }
        } else {
            lines.append("Nothing was replayed: whatever was revoked since the backup is not revoked here.")
        }
        lines.append(
            """
            Sessions, open approvals, recovery codes, access tokens with a number of uses and every link that
            counts once are void. Start the service, unseal it, and look at GET /v1/system/restore; nothing
            is used before an owner calls POST /v1/system/restore/confirm.
            """)
        return lines.joined(separator: "\n")
    }
}
