import Synchronization

extension Seal {
    /// What an open seal gives. Immutable; a rotation makes another one. To be held for one use, not longer.
    package final class Opened: Sendable {
        package let root: RootKey
        package let keyring: Keyring
        /// Tells equal secrets apart from others; outlives every rotation.
        package let fingerprintKey: HMACKey
        /// Signs checkpoints of the audit trail; outlives every rotation.
        package let checkpointKey: Ed25519.SigningKey
        private let kept = Mutex<[SealedField: any AnyObject & Sendable]>([:])

        package init(
            root: RootKey, keyring: Keyring, fingerprintKey: HMACKey, checkpointKey: Ed25519.SigningKey
        ) {
            self.root = root
            self.keyring = keyring
            self.fingerprintKey = fingerprintKey
            self.checkpointKey = checkpointKey
        }

        /// Each kept key holds locked memory, of which a process has little (8 MiB by default); what is used
        /// less is opened again.
        package static let keptLimit = 256

        /// A key made of a sealed secret, kept as long as the seal stays open: opening costs 56 µs and a page
        /// of locked memory. Only for fields whose secret never changes.
        package func key<Key: AnyObject & Sendable>(
            _ field: SealedField, sealed: [UInt8], make: (borrowing Secret) throws -> Key
        ) throws -> Key {
            if let key = kept.withLock({ $0[field] }) as? Key { return key }
            let key = try make(keyring.open(sealed, for: field))
            kept.withLock { kept in
                if kept.count >= Self.keptLimit { kept.removeAll(keepingCapacity: true) }
                kept[field] = key
            }
            return key
        }
    }
}
