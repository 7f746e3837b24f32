import Audit
import Crypto
import EventLoop
import Kernel
import Keys
import Postgres
import Sealing

/// Restores a backup where it may be broken, and looks whether everything comes back.
struct RestoreDrill {
    struct Report: Sendable {
        let manifest: BackupManifest
        let inspection: KeyInspection
        let isTrailIntact: Bool
        let entries: Int64

        var isSound: Bool {
            inspection.broken.isEmpty && isTrailIntact && Int64(inspection.keys) == manifest.keys
        }

        var text: String {
            let broken = inspection.broken.map { "  \($0) does not open, or was tampered with" }
            return
                ([
                    "Restored the backup of \(manifest.madeAt) into a scratch cluster.",
                    "The installation's own keys opened.",
                    "\(inspection.keys) of \(manifest.keys) keys are there, "
                        + "\(inspection.secrets) secrets opened.",
                ] + broken + [
                    "The trail is \(isTrailIntact ? "intact" : "BROKEN"): \(entries) entries.",
                    isSound
                        ? "The drill succeeded: this backup brings everything back." : "The drill FAILED.",
                ]).joined(separator: "\n")
        }
    }

    let url: DatabaseURL
    let reactor: Reactor
    let offLoop: OffLoop
    let source: RootKeySource

    /// - Parameter root: from shares; nil takes the one of the settings.
    func run(
        _ file: BackupFile, _ root: RootKey?, on worker: isolated Worker
    ) async throws -> Report {
        let (manifest, _) = try await Restoring(
            url: url, reactor: reactor, offLoop: offLoop, clock: .system, entropy: .system
        ).run(file, replaying: nil, on: worker)
        let database = Database(url, reactor: reactor, offLoop: offLoop)
        database.start(on: worker)
        defer { database.stop() }
        try await database.ready()
        let wrapped = try await KeyEncryptionKeys.read(database)
        let (source, offLoop) = (source, offLoop)
        let key = try await offLoop.run { try root ?? source.load(opening: wrapped) }
        guard let key else {
            throw Restoring.Failure(description: "there is no root key, and no share was given")
        }
        let opened = try await database.transaction { transaction in
            try await Opening(states: .ofKeys, clock: .system).open(under: key, in: transaction)
        }
        let custody = KeyCustody(keyring: { opened.keyring }, fingerprintKey: { opened.fingerprintKey })
        var inspection = KeyInspection()
        try await inspection.run(database, custody)
        let verdict = try await DatabaseVerification(database).run(pin: nil)
        return Report(
            manifest: manifest, inspection: inspection, isTrailIntact: verdict.isIntact,
            entries: Int64(verdict.entries))
    }
}
