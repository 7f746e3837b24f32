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
        guard refusal.code == .duplicateSecret,
            let id = refusal.members.first(where: { $0.name == "key_id" })?.value.asString
                .flatMap({ ExchangeKeyID($0) }),
            let row = try await KeyStore.find(id, in: ledger.database), let key = try? ExchangeKey(row),
            key.isDecoy
        else { return }
        try await ledger.record(context) { change in tellOfBait(key, "register", change) }
    }
}

extension ExchangeKey {
    func decoyTouched(_ operation: String) -> NewEvent {
        event(.keyDecoyTouched, ["operation": .string(operation)])
    }
}
