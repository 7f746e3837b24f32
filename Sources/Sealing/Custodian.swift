package import Access
package import Crypto
package import EventLoop
package import Kernel
import Synchronization

/// What the workers of one node share about its seal: the keys, where the root key comes from, and what
/// people are bringing.
package final class Custodian: Sendable {
    package let seal: Seal
    package let source: RootKeySource
    package let opening: Opening
    let node: NodeID
    let offLoop: OffLoop
    private let gauge: Counter
    let ceremony = Mutex(UnsealCeremony())
    let attempts = Mutex(AttemptBudgets())
    /// A fresh root key whose shares are being proven; in this memory and nowhere else.
    let proving = Mutex<RootKeyProof?>(nil)
    private let stale = Mutex(false)

    package init(
        seal: Seal, source: RootKeySource, opening: Opening, node: NodeID, offLoop: OffLoop, metrics: Metrics
    ) {
        self.seal = seal
        self.source = source
        self.opening = opening
        self.node = node
        self.offLoop = offLoop
        gauge = metrics.gauge("keybell_sealed", "1 while this node holds no keys.")
        gauge.set(seal.isOpen ? 0 : 1)
    }

    /// The root key was rotated elsewhere and this node does not have the new one: it works, until the next
    /// generation comes or it is restarted.
    package var isStale: Bool {
        get { stale.withLock { $0 } }
        set { stale.withLock { $0 = newValue } }
    }

    /// What node rows say: the generation sealed with, 0 while there is none.
    package var generation: Int { (try? seal.opened())?.keyring.currentGeneration ?? 0 }

    @discardableResult
    func open(with opened: Seal.Opened, ifEdition edition: Int? = nil) -> Bool {
        guard seal.open(with: opened, ifEdition: edition) else { return false }
        ceremony.withLock { $0.end() }
        gauge.set(0)
        return true
    }

    @discardableResult
    func close(ifEdition edition: Int? = nil) -> Bool {
        guard seal.close(ifEdition: edition) else { return false }
        proving.withLock { $0 = nil }
        gauge.set(1)
        return true
    }

    /// Forgets what was brought and has lapsed.
    func tidy(at now: Timestamp) {
        ceremony.withLock { $0.expire(at: now) }
        proving.withLock { proof in if let until = proof?.until, until <= now { proof = nil } }
    }

    /// The node's own root key, when it has one beside its memory.
    nonisolated(nonsending) func ownRootKey(
        opening wrapped: [WrappedKeyEncryptionKey]
    ) async throws -> RootKey? {
        let source = source
        return try await offLoop.run { try source.load(opening: wrapped) }
    }
}
