import Access
import Crypto
import EventLoop
import Kernel
import Synchronization

/// What people bring to a node, in its memory.
extension Custodian {
    /// Whether one more attempt is listened to.
    func admitsAttempt(from address: IPAddress?, at now: Timestamp) -> Bool {
        attempts.withLock { $0.take(from: address, at: now) }
    }

    func ceremonyOutline(at now: Timestamp) -> UnsealCeremony.Outline {
        ceremony.withLock { ceremony in
            ceremony.expire(at: now)
            return ceremony.outline
        }
    }

    func abortCeremony() { ceremony.withLock { $0.end() } }

    /// Off the loop: with false shares among them, thousands of choices are tried.
    /// - Parameters:
    ///   - id: of the ceremony, should this be its first share.
    ///   - isKnown: the database has this set.
    ///   - make: the collector for a set that no share came of yet.
    nonisolated(nonsending) func add(
        _ share: KeyShare, at now: Timestamp, id: CeremonyID, isKnown: Bool,
        make: @escaping @Sendable () -> ShareCollector
    ) async throws -> ShareCollector.Outcome {
        try await offLoop.run { [self] in
            try ceremony.withLock { ceremony throws(KeyShareError) in
                try ceremony.add(share, at: now, id: id, isKnown: isKnown, make: make)
            }
        }
    }
}
