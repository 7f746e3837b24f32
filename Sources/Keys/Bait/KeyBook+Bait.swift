import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Decoys: whoever uses one gives themselves away, and is not told.
extension KeyBook {
    /// In the transaction of the use. What the service does by itself is no use.
    func tellOfBait(_ key: ExchangeKey, _ operation: String, _ change: Change) {
        guard key.isDecoy, change.context.actor != .installation else { return }
        change.emit(key.decoyTouched(operation))
    }

    /// A refusal undid its transaction: whoever brought the secret of a decoy had it from somewhere.
    nonisolated(nonsending) func tellOfBait(behind refusal: Problem, _ context: Context) async throws {
        guard refusal.code == .duplicateSecret, let id = refusal.twin else { return }
        try await tellOfBait(whoseSecretCame: id, context)
    }

    /// Nothing was refused: an import only says that the secret is here already.
    nonisolated(nonsending) func tellOfBait(
        whoseSecretCame id: ExchangeKeyID, _ context: Context
    ) async throws {
        guard let key = try await decoy(id, in: ledger.database) else { return }
        try await ledger.record(context) { change in tellOfBait(key, "register", change) }
    }

    /// A secret that may stand under several keys, of which one may be a decoy. Whoever plants decoys knows.
    nonisolated(nonsending) func tellOfBait(
        besides version: KeyVersion, of key: ExchangeKey, _ change: Change
    ) async throws {
        let twin = try await KeyVersionStore.twin(
            of: version.fingerprint, notOf: key.id, version: version.number, in: change.transaction)
        guard !key.isDecoy, let twin, let other = try await decoy(twin.key, in: change.transaction) else {
            return
        }
        tellOfBait(other, "register", change)
    }

    private nonisolated(nonsending) func decoy(
        _ id: ExchangeKeyID, in source: any Queryable
    ) async throws -> ExchangeKey? {
        guard let row = try await KeyStore.find(id, in: source), let key = try? ExchangeKey(row) else {
            return nil
        }
        return key.isDecoy ? key : nil
    }
}

extension ExchangeKey {
    func decoyTouched(_ operation: String) -> NewEvent {
        event(.keyDecoyTouched, ["operation": .string(operation)])
    }
}

extension Problem {
    /// The key that has the secret already, of `duplicate_secret`.
    var twin: ExchangeKeyID? {
        members.first { $0.name == "key_id" }?.value.asString.flatMap { ExchangeKeyID($0) }
    }
}
