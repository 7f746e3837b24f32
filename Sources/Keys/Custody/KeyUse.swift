import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// What a credential is opened for.
enum KeyPurpose {
    /// Asking the exchange what the key may do; also in quarantine, for that is what ends it.
    case verify
    /// Showing the secret to a person.
    case reveal
    /// Deleting the key at the exchange, and looking whether it is gone: for versions that are to be deleted.
    case delete
    /// Asking the exchange about a version that is to take over, also while the key is stopped: that may be
    /// why it is rotated.
    case test

    var action: String {
        switch self {
        case .verify: "keys.verify"
        case .reveal: "keys.reveal"
        case .delete: "keys.delete"
        case .test: "keys.rotations.test"
        }
    }

    var verb: String { String(action.dropFirst("keys.".count)) }

    /// A sentence for the caller when the key's status forbids it.
    func refusal(_ status: KeyStatus) -> String? {
        switch (self, status) {
        case (.verify, .active), (.verify, .reduceOnly), (.verify, .quarantined): nil
        case (.reveal, .active), (.reveal, .reduceOnly), (.reveal, .quarantined): nil
        case (.test, .active), (.test, .reduceOnly), (.test, .quarantined), (.test, .suspended): nil
        // Decided by the version: `KeyBook.mayDelete`.
        case (.delete, _): nil
        case (_, .suspended): "The key is suspended."
        case (_, .revoked): "The key was revoked, which is for good."
        default: "The key is \(status.rawValue)."
        }
    }
}

/// Leave to use a credential once: committed to the trail before anything is opened, and good for a second.
struct KeyUse {
    let key: ExchangeKey
    let version: Int
    let matter: CredentialMatter
    let purpose: KeyPurpose
    /// Of exchanges that want one; from the counter that proxied requests take theirs from.
    let nonce: UInt64?
    let leave: Leave
}

extension KeyBook {
    /// Admits one use. Under the shared lock of authority no revocation can commit, so what is read here
    /// holds until the record is committed: a use begun after a revocation was acknowledged is refused.
    /// - Parameters:
    ///   - version: nil is the current one.
    ///   - note: what the record says beside the use itself; gets the version, too.
    nonisolated(nonsending) func admit(
        _ purpose: KeyPurpose, _ id: ExchangeKeyID, version: Int? = nil, _ context: Context,
        note: nonisolated(nonsending) (ExchangeKey, Int, Change) async throws -> JSONValue
    ) async throws -> KeyUse {
        // Before anything is asked of a database that may keep it waiting.
        let leave = Leave(by: ledger.clock)
        return try await change(context) { change in
            try await Authority.share(in: change.transaction)
            try await Authority.checkConfirmed(in: change.transaction)
            guard let row = try await KeyStore.find(id, in: change.transaction) else {
                throw Problem.notFound("key")
            }
            let key = try self.checked(row)
            if let refusal = purpose.refusal(key.status) { throw Problem(.conflict, refusal) }
            let number = try Self.number(version, of: key)
            if purpose == .delete { try await mayDelete(number, of: key, change) }
            guard
                let bytes = try await KeyVersionStore.credential(
                    of: id, version: number, in: change.transaction)
            else { throw Problem(.conflict, "Version \(number) is not there, or was destroyed.") }
            // Opened before the record commits, used after: what cannot be opened was not used.
            let matter = try self.custody.open(bytes, of: key, version: number)
            let nonce = try await Self.nonce(of: key, change)
            change.audit(purpose.action, id, detail: try await note(key, number, change))
            self.tellOfBait(key, purpose.verb, change)
            return KeyUse(
                key: key, version: number, matter: matter, purpose: purpose, nonce: nonce,
                leave: leave)
        }
    }

    /// The one way past a revocation. Whoever writes rows of deletions past the service still cannot have a
    /// version deleted that is in use: that stands under the key's tag.
    private nonisolated(nonsending) func mayDelete(
        _ number: Int, of key: ExchangeKey, _ change: Change
    ) async throws {
        let deletion = try await KeyDeletionStore.find(key.id, number, in: change.transaction)
        guard let deletion, deletion.isWaiting, key.ownMode == .revoked || number != key.currentVersion else {
            throw Problem(.conflict, "Version \(number) is not one that waits to be deleted at its exchange.")
        }
    }

    private static let nextNonce = Statement(
        "key_next_nonce",
        """
        insert into limit_counter (owner, clause, window_start, used)
        values ($1, 0, 'epoch', (extract(epoch from clock_timestamp()) * 1000000)::bigint)
        on conflict (owner, clause) do update set used = greatest(limit_counter.used + 1, excluded.used)
        returning used
        """)

    /// The next number of a key whose requests carry rising ones. Locked behind authority and before the
    /// trail, as batches do.
    private nonisolated(nonsending) static func nonce(
        of key: ExchangeKey, _ change: Change
    ) async throws -> UInt64? {
        guard key.exchange.wantsNonce else { return nil }
        let row = try await change.transaction.query(nextNonce, .text(key.id.description)).first
        return row.map { UInt64(max($0.int64(0), 0)) }
    }

    private static func number(_ version: Int?, of key: ExchangeKey) throws(Problem) -> Int {
        guard let number = version ?? key.currentVersion else {
            throw Problem(.conflict, "The key has no current version.")
        }
        return number
    }
}
