import CLinux
import Crypto
import EventLoop
import Glibc
import Kernel
import Postgres

/// `keybell restore-drill`: proves that a backup and the key, or its shares, bring everything back, on a
/// database of its own that is thrown away.
enum RestoreDrillCommand {
    static let usage = """
        usage: keybell restore-drill [FILE] [--share FILE]… [--env-file FILE]

        Takes a backup (or FILE), restores it into a scratch cluster, opens it with the shares of the files,
        or with the root key of the settings, opens every secret, verifies every tag and the trail, and
        removes it all. Nothing of the service is touched. Exit code 0: all of it came back.
        """

    static func run(_ arguments: [String]) async -> Int32 {
        _ = klinux_set_not_dumpable()
        var shares: [String] = []
        var rest: [String] = []
        var remaining = arguments[...]
        while let argument = remaining.popFirst() {
            if argument == "--share", let file = remaining.popFirst() {
                shares.append(file)
            } else {
                rest.append(argument)
            }
        }
        guard let options = try? Options(rest, taking: ["--env-file"], takesOperands: true),
            options.operands.count <= 1
        else {
            Command.complain(usage)
            return 2
        }
        do {
            let settings = try Settings.ofProcess(
                options.values["--env-file"].map { ["--env-file", $0] } ?? [])
            return try await drill(settings, file: options.operands.first, shares: shares)
        } catch {
            Command.complain("keybell: the drill failed: \(error)")
            return 1
        }
    }

    private static func drill(_ settings: Settings, file: String?, shares: [String]) async throws -> Int32 {
        var template = Array("/tmp/keybell-drill-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError(call: "mkdtemp", code: errno) }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The scratch cluster's user must pass through; what lies in it is closed by itself.
        chmod(folder, 0o711)
        let ticket = Interruption.undo { removeTree(folder) }
        defer {
            Interruption.withdraw(ticket)
            removeTree(folder)
        }
        let path = file ?? "\(folder)/backup"
        if file == nil {
            let manifest = try await BackupCommand.write(path, settings)
            Command.say(
                "Took a backup: \(manifest.keys) keys, \(manifest.auditEntries) entries of the trail.")
        }
        var root: RootKey?
        if !shares.isEmpty {
            var gathering = ShareGathering(fingerprint: nil)
            guard
                let key = gathering.takeAll(
                    try shares.map { (place: $0, shares: try ShareFiles.read($0)) })
            else { return 1 }
            root = key
        }
        let held = root
        let scratch = settings.withOwnCluster(in: "\(folder)/data")
        let report = try await DatabaseHost.run(scratch, name: "kb-drill") { worker, url, offLoop in
            try await RestoreDrill(
                url: url, reactor: worker.reactor, offLoop: offLoop, source: settings.rootKeySource
            ).run(BackupFile(path: path), held, on: worker)
        }
        Command.say(report.text)
        return report.isSound ? 0 : 1
    }
}

extension Settings {
    /// The same, on a private cluster in another folder.
    fileprivate func withOwnCluster(in folder: String) -> Settings {
        var settings = self
        (settings.database, settings.dataFolder) = (nil, folder)
        return settings
    }
}
