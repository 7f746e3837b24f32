package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// What is done again to keys after a restore, through the same rules as the first time.
extension KeyBook {
    /// Takes a key to a mode that an exported trail shows, when that is stricter than the one it has.
    /// - Returns: why nothing was done, for a person; nil when the key is as the trail says.
    package nonisolated(nonsending) func reapply(
        _ modeName: String, to id: ExchangeKeyID, reason: String?, _ change: Change
    ) async throws -> String? {
        guard let mode = KeyMode(rawValue: modeName) else { return "There is no mode \(modeName)." }
        let orders = try await StandingOrders.held(in: change.transaction)
        guard let row = try await KeyStore.lock(id, in: change.transaction) else {
            return "The key is not in the backup."
        }
        var key: ExchangeKey
        do {
            key = try checked(row)
        } catch is TamperedKey {
            // No use of it is admitted, and it must not keep the others from being stopped.
            return "The key's row was changed past this service: it is not used, and stays as it is."
        }
        guard mode > key.ownMode else { return nil }
        key.become(mode, under: orders.strictest(over: key), reason: reason, at: change.context.now)
        change.audit("keys.mode", id, detail: ["mode": .string(mode.rawValue), "replayed": true])
        change.emit(key.statusEvent)
        change.touchesAuthority = true
        if mode == .revoked {
            try await RotationStore.cancel(of: [id], at: change.context.now, in: change.transaction)
            _ = try await openDeletions(of: [key], change)
        }
        _ = try await update(key, change)
        return nil
    }
}
