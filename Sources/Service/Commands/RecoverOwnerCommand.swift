import Alerts
import CLinux
import EventLoop
import Events
import Identity
import Kernel
import Postgres
import Sealing
import Webhooks

/// `keybell recover-owner`: the way back in when no owner can log in any more. Whoever runs it holds the
/// host, the database and the root key, and everybody is told.
enum RecoverOwnerCommand {
    static let usage = """
        usage: keybell recover-owner --email ADDRESS [--name NAME] [--env-file FILE]

        Makes the user with this address an active owner, or invites one under NAME; ends their sessions,
        access tokens, password and second factors, since whoever has them may be somebody else, and what
        they were denied; and shows a link that is good once, for an hour. It takes the settings of the
        service and its root key: with neither file nor environment, put it together first (keybell shares
        combine --root-key-file FILE) and name that file in KEYBELL_ROOT_KEY_FILE. Every webhook is told.
        """

    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    static func run(_ arguments: [String]) async -> Int32 {
        _ = klinux_set_not_dumpable()
        guard
            let options = try? Options(arguments, taking: ["--email", "--name", "--env-file"]),
            let email = options.values["--email"]
        else {
            Command.complain(usage)
            return 2
        }
        guard isAddress(email), isName(options.values["--name"] ?? "a") else {
            Command.complain(
                "keybell: --\(isAddress(email) ? "name" : "email") is not one that a user may have")
            return 2
        }
        do {
            let settings = try Settings.ofProcess(
                options.values["--env-file"].map { ["--env-file", $0] } ?? [])
            let name = options.values["--name"]
            let outcome = try await DatabaseHost.run(settings, name: "kb-recover") { worker, url, offLoop in
                try await recover(email, name, settings, url, offLoop, on: worker)
            }
            Command.say(told(outcome, settings))
            return 0
        } catch {
            Command.complain("keybell: \(error)")
            return 1
        }
    }

    private static func recover(
        _ email: String, _ name: String?, _ settings: Settings, _ url: DatabaseURL, _ offLoop: OffLoop,
        on worker: isolated Worker
    ) async throws -> OwnerRecovery.Outcome {
        let database = Database(url, reactor: worker.reactor, offLoop: offLoop)
        database.start(on: worker)
        defer { database.stop() }
        try await database.explainedReady()
        try await prove(settings, database)
        let ledger = Ledger(database: database, clock: .system, entropy: .system)
        tellEverybody(ledger, settings)
        return try await OwnerRecovery(ledger: ledger).carryOut(email: email, name: name)
    }

    /// Only who has the key that opens the installation's keys goes on.
    private nonisolated(nonsending) static func prove(
        _ settings: Settings, _ database: Database
    ) async throws {
        let wrapped = try await KeyEncryptionKeys.read(database)
        guard !wrapped.isEmpty else {
            throw Refused(description: "the service was never started on this database")
        }
        guard try settings.rootKeySource.load(opening: wrapped) != nil else {
            throw Refused(description: "the root key is needed: none in the settings, and no file")
        }
    }

    /// Alerts and deliveries are rows of the same transaction; a node that runs, or the next that starts,
    /// sends them.
    private static func tellEverybody(_ ledger: Ledger, _ settings: Settings) {
        let rights = PrincipalRights.reader(ledger.clock)
        let directory = WebhookDirectory(rights: rights, in: ledger.database)
        let outbox = WebhookOutbox(
            directory: directory, node: UUID(at: ledger.clock.now(), entropy: ledger.entropy),
            clock: ledger.clock, entropy: ledger.entropy)
        let engine = AlertEngine(
            ledger: ledger, rights: rights, receivers: directory, origin: settings.origin)
        ledger.react(
            outbox.reaction(adding: { events, transaction in
                try await engine.messages(for: events, in: transaction)
            }))
    }

    private static func told(_ outcome: OwnerRecovery.Outcome, _ settings: Settings) -> String {
        """
        \(outcome.isNew ? "Invited" : "Recovered"): \(outcome.name) (\(outcome.user)) is an owner.
        The link is good once, until \(outcome.expiresAt):
          \(settings.origin)/invitations#\(outcome.secret.text)
        or, by hand: POST /v1/invitations/accept {"token": "…"}
        \(outcome.isNew ? "" : "Their sessions, access tokens, password and second factors are gone. ")\
        \(denials(outcome))This is in the audit trail, and every webhook is told.
        """
    }

    private static func denials(_ outcome: OwnerRecovery.Outcome) -> String {
        if outcome.denials.isEmpty { return "" }
        let roles = outcome.denials.joined(separator: ", ")
        return "They were denied \(roles), which is over: an owner is denied nothing.\n"
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return text.utf8.count <= 254 && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
    }

    private static func isName(_ text: String) -> Bool {
        (1...100).contains(text.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}
