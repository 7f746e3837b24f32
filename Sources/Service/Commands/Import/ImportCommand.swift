import CLinux
import Crypto
import EventLoop
import Glibc
import HTTPClient
import KeyFiles

/// `keybell import FILE…`: moves keys out of other programs' files into the service.
enum ImportCommand {
    static func run(_ arguments: [String]) async -> Int32 {
        _ = klinux_set_not_dumpable()
        do {
            return try await run(ImportOptions(arguments))
        } catch let mistake as ImportOptions.Mistake {
            Command.complain("keybell: \(mistake.sentence)\n\n\(ImportOptions.usage)")
            return 2
        } catch {
            Command.complain("keybell: \(error)")
            return 1
        }
    }

    private static func run(_ options: ImportOptions) async throws -> Int32 {
        guard let found = try read(options) else { return 1 }
        var plan = ImportPlan(found, options.naming)
        guard !plan.candidates.isEmpty else {
            Command.say(ImportTable(plan.entries).text)
            Command.complain("keybell: there is nothing to register")
            return 1
        }
        guard let token = try token(options) else {
            Command.say(ImportTable(plan.entries).text)
            Command.complain("\nkeybell: nothing was registered: there is no access token (\(tokenSources))")
            return 1
        }
        let worker = try Worker()
        worker.start(name: "kb-import")
        defer { worker.stop() }
        let offLoop = try OffLoop(threads: 1, limit: 16, name: "kb-offloop")
        defer { offLoop.stop() }
        let asked = plan
        let verdicts = try await worker.run { worker in
            let service = ImportService(options, token: token, reactor: worker.reactor, threads: offLoop)
            return try await service.verdicts(on: asked.candidates)
        }
        for (number, verdict) in verdicts ?? [:] { plan.note(verdict, on: number) }
        Command.say(ImportTable(plan.entries).text)
        let wanted = plan.candidates
        guard !wanted.isEmpty else {
            Command.say("\nNothing is left to register.")
            return 0
        }
        guard try isConfirmed(wanted.count, options) else { return 1 }
        return try await worker.run { worker in
            let service = ImportService(options, token: token, reactor: worker.reactor, threads: offLoop)
            return try await register(wanted, service)
        }
    }
}

// MARK: - Reading

extension ImportCommand {
    /// What the files hold; nil when the password is not given.
    private static func read(_ options: ImportOptions) throws -> [FoundCredential]? {
        var reading = try KeyFileReading(
            ImportFiles.read(options.files, options.format), format: options.format)
        while reading.isLocked {
            guard let entry = try HiddenEntry.begin(on: 0) else {
                throw ImportFiles.Failure(
                    description: "hummingbot's password is asked for at a terminal, and there is none")
            }
            let password = try entry.line("hummingbot's password (not shown): ", TypedSecret.init)
            guard let password else { return nil }
            Command.complain("Opening \(reading.lockedValues) values, half a second each …")
            do throws(KeyFileReading.Mistake) {
                try reading.unlock(with: password.secret)
            } catch .wrongPassword {
                Command.complain("keybell: this password does not open the files")
            }
        }
        for file in reading.refused {
            Command.complain("keybell: \(Printable.text(file.file)) \(file.reason.sentence)")
        }
        return reading.found
    }

    private static func token(_ options: ImportOptions) throws -> String? {
        let typed: TypedSecret?
        if let file = options.tokenFile {
            typed = try ImportFiles.line(file)
        } else {
            typed = try HiddenEntry.begin(on: 0)?.line("Access token (not shown): ", TypedSecret.init)
        }
        return typed?.secret.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    private static let tokenSources = "--token-file, or typed at a terminal"

    private static func isConfirmed(_ count: Int, _ options: ImportOptions) throws -> Bool {
        let what = count == 1 ? "this key" : "these \(count) keys"
        if options.isConfirmed { return true }
        guard isatty(0) == 1 else {
            Command.complain("\nkeybell: nothing was registered: say --yes, or answer at a terminal")
            return false
        }
        let question = "\nRegister \(what) at \(options.service.text.dropLast())? [y/N] "
        _ = Glibc.write(2, question, question.utf8.count)
        let input = Input(0)
        var answer = [UInt8](repeating: 0, count: 64)
        let count = try answer.withUnsafeMutableBytes { try input.read(into: $0) }
        let word = String(decoding: answer[..<count], as: UTF8.self).lowercased().prefix { $0.isLetter }
        if word == "y" || word == "yes" { return true }
        Command.complain("keybell: nothing was registered")
        return false
    }
}

// MARK: - Registering

extension ImportCommand {
    private nonisolated(nonsending) static func register(
        _ entries: [ImportPlan.Entry], _ service: ImportService
    ) async throws -> Int32 {
        var (registered, refused) = (0, 0)
        var files: [String] = []
        Command.say("")
        for entry in entries {
            switch try await service.register(entry) {
            case .registered(let id, let status, let label):
                let name = label == entry.label ? "" : " (\(label))"
                Command.say(
                    "\(entry.number)  registered as \(Printable.text(id))\(name), \(Printable.text(status))")
                registered += 1
            case .present(let id):
                Command.say("\(entry.number)  already in Keybell: \(Printable.text(id))")
            case .refused(let why):
                Command.complain("\(entry.number)  refused: \(why)")
                refused += 1
                continue
            }
            if !files.contains(entry.found.place.file) { files.append(entry.found.place.file) }
        }
        if registered > 0 { Command.say(advice(registered, files)) }
        return refused == 0 ? 0 : 1
    }

    private static func advice(_ count: Int, _ files: [String]) -> String {
        """

        Registered: \(count). What to do next
        1. Probe them: a key is quarantined until Keybell has seen what it may do (POST /v1/keys/ID/verify).
        2. Rotate them: their secrets lay in files, so a rotation is open for each. Only a new secret is one
           that nobody else has read.
        3. Have the programs go through Keybell, then delete the secrets from
             \(files.map { Printable.text($0) }.joined(separator: "\n     "))
           and from their backups and their repository's history.
        """
    }
}
