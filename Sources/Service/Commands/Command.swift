import CLinux
import EventLoop
import Glibc
import Kernel

/// The command line: `keybell <command> [options]`.
package enum Command {
    private struct Entry {
        let name: String
        let usage: String
        /// It hears of signals itself.
        var drains = false
        let run: @Sendable ([String]) async -> Int32
    }

    private static let entries: [Entry] = [
        Entry(
            name: "serve", usage: "serve [--env-file FILE]", drains: true, run: { await ServeCommand.run($0) }
        ),
        Entry(
            name: "check-config", usage: "check-config [--env-file FILE]",
            run: { await CheckConfigCommand.run($0) }
        ),
        Entry(name: "migrate", usage: "migrate [--env-file FILE]", run: { await MigrateCommand.run($0) }),
        Entry(name: "health", usage: "health [--url URL] [--ca FILE]", run: { await HealthCommand.run($0) }),
        Entry(
            name: "audit", usage: "audit verify --export FILE [--pin KEY]", run: { AuditCommand.run($0) }),
        Entry(
            name: "backup", usage: "backup FILE | backup verify FILE", run: { await BackupCommand.run($0) }),
        Entry(
            name: "restore", usage: "restore FILE [--replay EXPORT] [--env-file FILE]",
            run: { await RestoreCommand.run($0) }),
        Entry(
            name: "restore-drill", usage: "restore-drill [FILE] [--share FILE]…",
            run: { await RestoreDrillCommand.run($0) }),
        Entry(
            name: "shares", usage: "shares split|combine …",
            run: { SharesCommand.run($0) }),
        Entry(
            name: "root-key", usage: "root-key rotate --output FILE [--env-file FILE]",
            run: { await RootKeyCommand.run($0) }),
        Entry(
            name: "recover-owner", usage: "recover-owner --email ADDRESS [--name NAME] [--env-file FILE]",
            run: { await RecoverOwnerCommand.run($0) }),
        Entry(name: "unseal", usage: "unseal [--url URL]… [--ca FILE]", run: { await UnsealCommand.run($0) }),
        Entry(
            name: "import", usage: "import FILE… [--format F] [--url URL] …",
            run: { await ImportCommand.run($0) }),
        Entry(name: "version", usage: "version", run: { _ in say(Release.text) }),
    ]

    /// - Parameter arguments: without the program's name.
    /// - Returns: the exit code: 0 done, 1 failed, 2 not understood.
    package static func run(_ arguments: [String]) async -> Int32 {
        let name = arguments.first ?? "help"
        if ["help", "--help", "-h"].contains(name) { return say(help) }
        if name == "--version" { return await run(["version"]) }
        guard let entry = entries.first(where: { $0.name == name }) else {
            complain("keybell: there is no command \(name)\n\n\(help)")
            return 2
        }
        if !entry.drains {
            do {
                try Interruption.watch()
            } catch {
                complain("keybell: \(error)")
                return 1
            }
        }
        let code = await entry.run(Array(arguments.dropFirst()))
        await Interruption.yield()
        return code
    }

    private static var help: String {
        let lines = entries.map { "  keybell \($0.usage)" }.joined(separator: "\n")
        return """
            Keybell \(Release.version): keys, alerts and signals of a trading team

            \(lines)

            Settings: Docs/operations.md
            """
    }

    @discardableResult
    static func say(_ text: String) -> Int32 {
        write(to: 1, text)
        return 0
    }

    static func complain(_ text: String) { write(to: 2, text) }

    private static func write(to descriptor: Int32, _ text: String) {
        guard !Interruption.isOver else { return }
        let bytes = Array((text + "\n").utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}

/// `--name value` options, flags, and operands where a command takes them; anything else is not understood.
struct Options {
    struct Unknown: Error { let argument: String }

    private(set) var values: [String: String] = [:]
    private(set) var flags: Set<String> = []
    private(set) var operands: [String] = []

    init(
        _ arguments: [String], taking names: Set<String>, flags known: Set<String> = [],
        takesOperands: Bool = false
    ) throws(Unknown) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if known.contains(argument) {
                flags.insert(argument)
            } else if names.contains(argument), let value = rest.popFirst() {
                values[argument] = value
            } else if takesOperands, !argument.hasPrefix("-") {
                operands.append(argument)
            } else {
                throw Unknown(argument: argument)
            }
        }
    }
}
