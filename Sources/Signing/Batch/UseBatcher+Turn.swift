import Access
import Exchanges
import Keys

extension UseBatcher {
    /// Nil where a key's requests may overtake each other. What is slow is asked for before: whoever has the
    /// turn holds up all others, exits too.
    /// - Parameter prepare: what may take its time, too; not called where there is no turn.
    nonisolated(nonsending) func turn(
        of asked: UseRequest, prepare: (KeySnapshot, ReadUse) async throws -> Void
    ) async throws -> KeySenders.Turn? {
        guard let senders = book.senders else { return nil }
        let snapshot = try await permitted(asked)
        guard snapshot.wantsNonce else { return nil }
        if snapshot.usable.nonceWindow >= KeySenders.harmlessWindow { return nil }
        let read = ReadUse(asked, of: snapshot.usable)
        _ = await refresh(read, of: snapshot, asked)
        try await prepare(snapshot, read)
        return try await senders.turn(of: asked.key, first: snapshot.isExit(read.meaning))
    }
}

extension KeySnapshot {
    /// Orders of a key that may only reduce are exits, or are refused.
    func isExit(_ meaning: RequestMeaning) -> Bool {
        if meaning.operation == .cancel { return true }
        let orders = meaning.orders
        return !orders.isEmpty && (facts.status == .reduceOnly || orders.allSatisfy { $0.isExit })
    }
}
