import Access
import Crypto
package import EventLoop
package import Events
import Kernel
import Postgres

/// A rotation of the root key from outside the service: the new key goes into a file first, then the database
/// moves to it.
package struct OfflineRotation {
    package enum Mistake: Error, CustomStringConvertible {
        case noRootKey

        package var description: String { "there is no root key to rotate from: none in the settings" }
    }

    private let ledger: Ledger
    private let opening: Opening
    private let source: RootKeySource
    private let offLoop: OffLoop

    package init(ledger: Ledger, opening: Opening, source: RootKeySource, offLoop: OffLoop) {
        (self.ledger, self.opening, self.source, self.offLoop) = (ledger, opening, source, offLoop)
    }

    /// - Returns: the fingerprints of the old key and the new one.
    package nonisolated(nonsending) func run(into path: String) async throws -> (old: String, new: String) {
        let wrapped = try await KeyEncryptionKeys.read(ledger.database)
        guard let old = try source.load(opening: wrapped) else { throw Mistake.noRootKey }
        let new = try RootKey()
        let custodian = Custodian(
            seal: Seal(), source: source, opening: opening, node: ledger.newID(), offLoop: offLoop,
            metrics: Metrics())
        let context = Context.installation(now: ledger.clock.now(), requestID: "root-key rotate")
        try await ledger.change(context) { change in
            let step = RootKeyChange(custodian: custodian, change: change)
            let held = try await step.lock(under: old)
            try new.store(atFile: path)
            try await step.move(held, from: old, to: new, way: "file")
        }
        return (try old.fingerprint(), try new.fingerprint())
    }
}
