import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Deletes keys at their exchange, and looks whether they are refused there. Every request is admitted and
/// recorded by itself.
struct KeyDeleter {
    /// How long a claimed deletion may take before another node takes it.
    private static let claimLength: Period = .minutes(10)

    let book: KeyBook
    let prober: KeyProber

    /// The one that waits longest, if it is time. A request to delete is noted before anything leaves:
    /// whoever comes after a kill looks first.
    nonisolated(nonsending) func claim() async throws -> (deletion: KeyDeletion, step: KeyDeletion.Step)? {
        let now = book.ledger.clock.now()
        return try await book.ledger.database.transaction { transaction in
            guard let deletion = try await KeyDeletionStore.due(at: now, in: transaction) else { return nil }
            return try await claim(deletion, in: transaction)
        }
    }

    /// A certain one, whether or not it is time; nil when it waits for nothing.
    nonisolated(nonsending) func claim(
        _ key: ExchangeKeyID, _ version: Int
    ) async throws -> (deletion: KeyDeletion, step: KeyDeletion.Step)? {
        try await book.ledger.database.transaction { transaction in
            guard let deletion = try await KeyDeletionStore.lock(key, version, in: transaction),
                deletion.isWaiting
            else { return nil }
            return try await claim(deletion, in: transaction)
        }
    }

    private nonisolated(nonsending) func claim(
        _ found: KeyDeletion, in transaction: Transaction
    ) async throws -> (deletion: KeyDeletion, step: KeyDeletion.Step) {
        var deletion = found
        let now = book.ledger.clock.now()
        let step = deletion.step
        if step == .send { deletion.willSend(at: now) }
        deletion.dueAt = now + Self.claimLength
        try await KeyDeletionStore.update(deletion, in: transaction)
        return (deletion, step)
    }

    nonisolated(nonsending) func work(
        _ deletion: KeyDeletion, _ step: KeyDeletion.Step, _ context: Context
    ) async throws {
        switch step {
        case .send: try await send(deletion, context)
        case .look: _ = try await look(deletion, context)
        }
    }

    private nonisolated(nonsending) func send(_ deletion: KeyDeletion, _ context: Context) async throws {
        let use = try await book.admit(.delete, deletion.key, version: deletion.version, context) { _, _, _ in
            Self.note(deletion, .send)
        }
        let refusal = try await prober.delete(use)
        _ = try await book.changeDeletion(deletion.key, deletion.version, context) { deletion, change in
            deletion.heard(refusal, at: change.context.now)
        }
    }

    /// Asks whether the exchange still takes the key.
    nonisolated(nonsending) func look(
        _ deletion: KeyDeletion, _ context: Context
    ) async throws -> KeyDeletion {
        let (_, seen) = try await book.look(
            .delete, deletion.key, version: deletion.version, by: prober, context
        ) { _, _ in Self.note(deletion, .look) }
        // The use was the repeatable effect; what it told is written whenever it comes.
        var claimless = context
        claimless.idempotency = nil
        return try await book.changeDeletion(deletion.key, deletion.version, claimless) { current, _ in
            current.saw(seen, since: deletion)
        }
    }

    private static func note(_ deletion: KeyDeletion, _ step: KeyDeletion.Step) -> JSONValue {
        ["version": .number(JSONNumber(Int64(deletion.version))), "step": .string(step.rawValue)]
    }
}
