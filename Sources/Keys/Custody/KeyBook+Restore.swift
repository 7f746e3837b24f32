package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// The last word of an exported trail about a key.
package struct ReplayedMode {
    let key: ExchangeKeyID
    /// Nil: the trail says what we do not know.
    let mode: KeyMode?
    let reason: String?

    package init(_ key: ExchangeKeyID, mode: String, reason: String?) {
        (self.key, self.mode, self.reason) = (key, KeyMode(rawValue: mode), reason)
    }
}

/// What is done again to keys after a restore, through the same rules as the first time.
extension KeyBook {
    /// Takes keys, each of them once, to modes that are stricter than the ones they have; as many as one call
    /// may have revoked.
    /// - Returns: why nothing was done about a key, for a person; none of those that are as the trail says.
    package nonisolated(nonsending) func reapply(
        _ modes: [ReplayedMode], _ change: Change
    ) async throws -> [ExchangeKeyID: String] {
        guard !modes.isEmpty else { return [:] }
        let orders = try await StandingOrders.held(in: change.transaction)
        let rows = try await KeyStore.lock(modes.map(\.key), in: change.transaction)
        let found = Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0) })
        var notes: [ExchangeKeyID: String] = [:]
        var changed: [ExchangeKey] = []
        for wish in modes {
            guard let row = found[wish.key] else {
                notes[wish.key] = "The key is not in the backup."
                continue
            }
            do {
                guard let mode = wish.mode else { throw UnknownMode() }
                let key = try checked(row)
                if let next = key.replaying(mode, wish.reason, under: orders, change) { changed.append(next) }
            } catch is TamperedKey {
                // No use of it is admitted, and it must not keep the others from being stopped.
                notes[wish.key] =
                    "The key's row was changed past this service: it is not used, and stays as it is."
            } catch is UnknownMode {
                notes[wish.key] = "The trail names a mode that there is not."
            }
        }
        try await write(changed, change)
        return notes
    }

    private struct UnknownMode: Error {}

    private nonisolated(nonsending) func write(_ changed: [ExchangeKey], _ change: Change) async throws {
        guard !changed.isEmpty else { return }
        change.touch(keys: changed.map(\.id))
        try await KeySweep(book: self, change: change).write(changed)
        let revoked = changed.filter { $0.ownMode == .revoked }
        try await RotationStore.cancel(
            of: revoked.map(\.id), at: change.context.now, in: change.transaction)
        _ = try await openDeletions(of: revoked, change)
    }
}

extension ExchangeKey {
    /// Nil when it is as strict already.
    fileprivate func replaying(
        _ mode: KeyMode, _ reason: String?, under orders: [StandingOrder], _ change: Change
    ) -> ExchangeKey? {
        guard mode > ownMode else { return nil }
        var next = self
        next.become(mode, under: orders.strictest(over: self), reason: reason, at: change.context.now)
        change.audit("keys.mode", id, detail: ["mode": .string(mode.rawValue), "replayed": true])
        change.emit(next.statusEvent)
        return next
    }
}
