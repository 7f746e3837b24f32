import Crypto
import EventLoop
import Glibc

/// `keybell shares split`. Shares go to a terminal or into files, never into a pipe that may end in a log.
enum SplitCommand {
    static func run(_ arguments: [String]) -> Int32 {
        let names: Set = ["--threshold", "--shares", "--root-key-file", "--env-file", "--output"]
        guard let options = try? Options(arguments, taking: names) else {
            return SharesCommand.misunderstood("shares split: an option is not understood")
        }
        let numbers = ["--threshold", "--shares"].map { options.values[$0].flatMap { Int($0) } ?? 0 }
        guard let quorum = Quorum(threshold: numbers[0], count: numbers[1]) else {
            return SharesCommand.misunderstood(
                "--threshold and --shares must be numbers from 2 to 16, the threshold not above the shares")
        }
        let folder = options.values["--output"]
        guard folder != nil || isatty(1) == 1 else {
            return SharesCommand.misunderstood("standard output is no terminal: say where with --output DIR")
        }
        do {
            let (set, shares) = try rootKey(options).split(quorum)
            if let folder {
                try ShareFiles.write(shares, into: folder)
                Command.say("Wrote \(shares.count) files with mode 0600 into \(folder).")
            } else {
                for share in shares { try show(share) }
            }
            Command.say(advice(set))
            return 0
        } catch let mistakes as SettingsMistakes {
            return SharesCommand.misunderstood("the configuration cannot be used:\n\(mistakes)")
        } catch {
            return SharesCommand.failed(error)
        }
    }

    /// What the service would use; never made here, since a key that seals nothing needs no shares.
    private static func rootKey(_ options: Options) throws -> RootKey {
        if let path = options.values["--root-key-file"] { return try RootKey.load(fromFile: path) }
        let settings = try Settings.ofProcess(
            options.values["--env-file"].map { ["--env-file", $0] } ?? [])
        guard let text = settings.rootKeyText else { return try RootKey.load(fromFile: settings.rootKeyFile) }
        return try RootKey(text: text)
    }

    private static func show(_ share: KeyShare) throws {
        Command.say("Share \(share.index) of \(share.quorum.count):")
        let count = try share.withTextLine { Glibc.write(1, $0.baseAddress, $0.count) }
        guard count == KeyShare.textBytes + 1 else { throw SystemError(call: "write", code: errno) }
    }

    private static func advice(_ set: ShareSet) -> String {
        """

        Set \(set.id): any \(set.quorum.threshold) of these \(set.quorum.count) shares give the root key back.
        The key's fingerprint is \(set.rootFingerprint): note it, it is no secret.

        What to do next
        1. Give each share to another person: on paper or in a vault of their own, never two in one place,
           never by chat or mail. Then clear this terminal, or delete the files.
        2. Prove that they work, each holder typing their own; this writes nothing:
             keybell shares combine --fingerprint \(set.rootFingerprint)
        3. To have the key back on a machine:
             keybell shares combine --fingerprint \(set.rootFingerprint) --root-key-file FILE
        Shares of earlier sets still give the same key: have their holders destroy them.
        """
    }
}
