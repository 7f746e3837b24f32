import Access
import Exchanges
import Keys

extension UseBatcher {
    /// Nil where a key's requests may overtake each other.
    nonisolated(nonsending) func turn(of id: ExchangeKeyID) async throws -> KeySenders.Turn? {
        guard let senders = book.senders else { return nil }
        if snapshots.known(id) == nil { try await acquaint(id) }
        guard let usable = snapshots.latest(id)?.usable, usable.key.exchange.wantsNonce else { return nil }
        if usable.nonceWindow >= KeySenders.harmlessWindow { return nil }
        return try await senders.turn(of: id)
    }
}
