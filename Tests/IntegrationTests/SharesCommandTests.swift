import Glibc
import TestSupport
import Testing

extension IntegrationTests {
    /// `keybell shares split` and `combine`, as people call them.
    @Suite final class SharesCommandTests {
        /// Bytes 00 to 1f.
        private static let rootKey = "kbroot1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K\n"
        private let folder: TestFolder
        private let keyFile: String

        init() throws {
            folder = try TestFolder()
            keyFile = folder.file("root.key")
            try folder.write(Self.rootKey, to: "root.key")
            chmod(keyFile, 0o600)
        }

        deinit { folder.remove() }

        @Test func `split writes private files, and any three of five give the key back`() async throws {
            let split = try await split(3, 5)
            #expect(split.shares.count == 5)
            for share in split.shares {
                #expect(mode(of: share) == 0o600)
                #expect(!split.output.contains(try text(of: share)), "shares are in the files only")
            }
            #expect(mode(of: folder.file("shares")) == 0o700)

            for chosen in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
                let files = chosen.map { split.shares[$0] }
                let made = folder.file("made-\(folder.nextNumber())")
                let (code, output) = try await combine(
                    ["--fingerprint", split.fingerprint, "--root-key-file", made] + files)
                #expect(code == 0, "\(output)")
                #expect(folder.read(String(made.dropFirst(folder.path.count + 1))) == Self.rootKey)
                #expect(mode(of: made) == 0o600)
            }
        }

        @Test func `without a file for the key the shares are only proven`() async throws {
            let split = try await split(2, 3)
            let (code, output) = try await combine(
                ["--fingerprint", split.fingerprint.uppercased()] + split.shares.suffix(2))
            #expect(code == 0)
            #expect(output.contains("Nothing was written"))
        }

        @Test
        func `too few shares, mistyped ones and those of another key are named, and nothing is written`()
            async throws
        {
            let split = try await split(2, 3)
            let made = folder.file("made.key")
            let key = ["--root-key-file", made]

            let few = try await combine(key + [split.shares[1]])
            #expect(few.code == 1 && few.output.contains("shares taken: 1, needed: 2"), "\(few.output)")

            try folder.write(String(try text(of: split.shares[0]).dropLast()) + "#\n", to: "mistyped")
            let mistyped = try await combine(key + [folder.file("mistyped"), split.shares[1]])
            #expect(mistyped.code == 1)
            #expect(
                mistyped.output.contains("mistyped: character 73 cannot be in a share"), "\(mistyped.output)")

            let other = try await combine(key + ["--fingerprint", "0011223344556677"] + split.shares)
            #expect(other.code == 1 && other.output.contains("shares 1, 2, 3 is false"), "\(other.output)")

            let twice = try await combine(key + [split.shares[0], split.shares[0]])
            #expect(twice.code == 1 && twice.output.contains("share 1 was given already"), "\(twice.output)")

            #expect(access(made, F_OK) != 0)
            #expect(
                try await combine(key + [folder.file("mistyped")] + split.shares).code == 0, "two are enough")
        }

        @Test func `no file is written over`() async throws {
            let split = try await split(2, 2)
            let (code, output) = try await combine(["--root-key-file", keyFile] + split.shares)
            #expect(code == 1 && output.contains("exists already"))
            #expect(folder.read("root.key") == Self.rootKey)
        }

        @Test func `what is not understood is exit code 2, and shares go into no pipe or log`() async throws {
            let key = ["--root-key-file", keyFile]
            let output = ["--output", folder.file("none")]
            for arguments in [
                [], ["mix"], ["split"], ["split", "--threshold", "1", "--shares", "1"] + key + output,
                ["split", "--threshold", "3", "--shares", "2"] + key + output,
                ["split", "--threshold", "2", "--shares", "17"] + key + output,
                ["split", "--threshold", "2", "--shares", "3"] + key,
                ["combine", "--fingerprint", "12"], ["combine", "--what"],
            ] {
                let (code, output) = try await shares(arguments)
                #expect(code == 2, "\(arguments)")
                #expect(output.contains("usage: keybell shares split"))
                #expect(!output.contains("kbshare1_A"))
            }
            #expect(access(folder.file("none"), F_OK) != 0)
        }

        @Test func `at a terminal shares are shown once, and are not shown when they are typed`() async throws
        {
            let terminal = try PseudoTerminal()
            let split = try await start(
                ["split", "--threshold", "2", "--shares", "3", "--root-key-file", keyFile], ">", terminal)
            var shown = ""
            let code = try await eventually("split ends") {
                shown += terminal.seen()
                return split.exitCode()
            }
            shown += terminal.seen()
            #expect(code == 0)
            let texts = shown.split { $0.isWhitespace }.filter { $0.hasPrefix("kbshare1_") }.map {
                String($0)
            }
            #expect(texts.count == 3)

            let made = folder.file("typed.key")
            let entry = try PseudoTerminal()
            let combine = try await start(["combine", "--root-key-file", made], "<", entry)
            try await asked("Share 1 (not shown)")
            #expect(!entry.echoes)
            try entry.type("\(texts[0].dropLast())?\n")
            try await asked("cannot be in a share")
            try entry.type("\(texts[2])\n")
            try await asked("Share 2 of 2 (not shown)")
            try entry.type("\(texts[1])\n")
            #expect(try await combine.exited() == 0)
            #expect(folder.read("typed.key") == Self.rootKey)
            #expect(entry.echoes, "the terminal is as it was")
            #expect(!entry.seen().contains("kbshare1_"))
            #expect(!(folder.read("terminal.log") ?? "").contains("kbshare1_"))
        }

        @Test func `Ctrl-C ends the asking, and the terminal shows again what is typed`() async throws {
            let terminal = try PseudoTerminal()
            let combine = try await start(["combine"], "<", terminal)
            try await asked("Share 1 (not shown)")
            try terminal.type("\u{3}")
            #expect(try await combine.exited() == 128 + SIGINT)
            #expect(terminal.echoes)
        }

        // MARK: Calls

        private func shares(_ arguments: [String]) async throws -> (code: Int32, output: String) {
            try await runToEnd([try RunningNode.binary(), "shares"] + arguments, in: folder)
        }

        private func combine(_ arguments: [String]) async throws -> (code: Int32, output: String) {
            try await shares(["combine"] + arguments)
        }

        private func split(
            _ threshold: Int, _ count: Int
        ) async throws -> (shares: [String], fingerprint: String, output: String) {
            let (code, output) = try await shares([
                "split", "--threshold", "\(threshold)", "--shares", "\(count)", "--root-key-file", keyFile,
                "--output", folder.file("shares"),
            ])
            guard code == 0 else { throw Impatience("split: \(code) \(output)") }
            let words = output.split { $0.isWhitespace }
            let set = try #require(words.drop { $0 != "Set" }.dropFirst().first).dropLast()
            let after = try #require(output.split(separator: "fingerprint is ", maxSplits: 1).last)
            let files = (1...count).map { folder.file("shares/keybell-share-\(set)-\($0)-of-\(count)") }
            return (files, String(after.prefix(16)), output)
        }

        /// With a terminal in the place of standard input or output; the rest goes into terminal.log.
        private func start(
            _ arguments: [String], _ direction: String, _ terminal: PseudoTerminal
        ) async throws -> TestProcess {
            let script = #"terminal="$1"; shift; exec "$@" "# + direction + #""$terminal""#
            return try await TestProcess(
                ["/bin/sh", "-c", script, "sh", terminal.path, try RunningNode.binary(), "shares"]
                    + arguments,
                log: folder.file("terminal.log"), ownSession: true)
        }

        private func asked(_ words: String) async throws {
            try await wait(until: words) { folder.read("terminal.log")?.contains(words) == true }
        }

        private func text(of path: String) throws -> String {
            let name = String(path.dropFirst(folder.path.count + 1))
            return String(try #require(folder.read(name)).dropLast())
        }

        private func mode(of path: String) -> UInt32 {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
        }
    }
}
