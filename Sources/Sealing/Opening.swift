package import Crypto
package import Kernel
package import Postgres

/// From a root key to the keys that hang on it. A new installation gets its first ones here, and one of a
/// version without custody is taken into it.
package struct Opening: Sendable {
    package enum Mistake: Error, Equatable, CustomStringConvertible {
        case missingKey(String)

        package var description: String {
            switch self {
            case .missingKey(let purpose):
                "the installation's key \"\(purpose)\" is missing from the database: restore table "
                    + "installation_key from a backup"
            }
        }
    }

    private let states: KeyStates
    private let clock: Clock

    package init(states: KeyStates, clock: Clock) {
        self.states = states
        self.clock = clock
    }

    /// Throws `SealingError.wrongRootKey` when the key is another installation's.
    package nonisolated(nonsending) func open(
        under root: RootKey, in transaction: Transaction
    ) async throws -> Seal.Opened {
        let wrapped = try await KeyEncryptionKeys.lock(in: transaction)
        let (keyring, isNew) = try await keyring(wrapped, root, transaction)
        let sealed = try await InstallationKeys.read(in: transaction)
        let open = { (purpose: InstallationKeys.Purpose) in
            guard let bytes = sealed[purpose] else { throw Mistake.missingKey(purpose.rawValue) }
            return try keyring.open(bytes, for: purpose.field)
        }
        let fingerprintKey = try HMACKey(open(.fingerprint))
        if isNew { try await states.begin(transaction, fingerprintKey) }
        return Seal.Opened(
            root: root, keyring: keyring, fingerprintKey: fingerprintKey,
            checkpointKey: try Ed25519.SigningKey(seed: open(.auditCheckpoint)))
    }

    /// - Returns: whether the installation got its own keys just now, too.
    private nonisolated(nonsending) func keyring(
        _ wrapped: [WrappedKeyEncryptionKey], _ root: RootKey, _ transaction: Transaction
    ) async throws -> (Keyring, isNew: Bool) {
        if wrapped.isEmpty { return (try await begin(root, transaction), true) }
        let keyring = try Keyring(opening: wrapped, under: root)
        if keyring.isInCustody { return (keyring, false) }
        return (try await takeIntoCustody(wrapped, root, transaction), true)
    }

    private nonisolated(nonsending) func begin(
        _ root: RootKey, _ transaction: Transaction
    ) async throws -> Keyring {
        let first = try WrappedKeyEncryptionKey.generate(generation: 1, under: root)
        let keyring = try Keyring(opening: [first], under: root)
        try await KeyEncryptionKeys.insert(first, in: transaction)
        try await InstallationKeys.make(keyring, root, at: clock.now(), in: transaction)
        try await RootKeyFingerprint.set(root, in: transaction)
        return keyring
    }

    /// From here on a key without a tag was tampered with, and the wrapping itself says so.
    private nonisolated(nonsending) func takeIntoCustody(
        _ wrapped: [WrappedKeyEncryptionKey], _ root: RootKey, _ transaction: Transaction
    ) async throws -> Keyring {
        // An installation that has these was in custody: its key-encryption keys come from an old backup.
        guard try await InstallationKeys.read(in: transaction).isEmpty else {
            throw SealingError.mixedCustody
        }
        let taken = try wrapped.map { key throws(SealingError) in try key.takenIntoCustody(under: root) }
        let keyring = try Keyring(opening: taken, under: root)
        try await KeyEncryptionKeys.update(taken, in: transaction)
        try await InstallationKeys.make(keyring, root, at: clock.now(), in: transaction)
        try await RootKeyFingerprint.set(root, in: transaction)
        try await states.tagAll(transaction, keyring)
        return keyring
    }
}
