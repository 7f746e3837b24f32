import Access
package import Crypto
import Kernel

/// What seals keys: the tag over a key's state, the box around its credentials, the fingerprint of a secret.
/// Throws while the node is sealed.
package final class KeyCustody {
    private let keyring: () throws -> Keyring
    private let fingerprintKey: () throws -> HMACKey

    /// - Parameter keyring: the one of the moment; a new generation means a new keyring.
    package init(
        keyring: @escaping () throws -> Keyring, fingerprintKey: @escaping () throws -> HMACKey
    ) {
        self.keyring = keyring
        self.fingerprintKey = fingerprintKey
    }

    func tag(of key: ExchangeKey) throws -> [UInt8] { try keyring().stateTag(for: key.stateBytes) }

    /// Throws `TamperedKey` when the row is not as the service wrote it.
    func check(_ key: ExchangeKey, tag: [UInt8]?) throws {
        guard let tag, try keyring().isValid(tag: tag, for: key.stateBytes) else {
            throw TamperedKey(id: key.id, revision: key.revision)
        }
    }

    func seal(_ credential: borrowing Secret, of key: ExchangeKeyID, version: Int) throws -> [UInt8] {
        try keyring().seal(credential, for: Self.field(key, version))
    }

    func open(_ sealed: [UInt8], of key: ExchangeKeyID, version: Int) throws -> Secret {
        try keyring().open(sealed, for: Self.field(key, version))
    }

    /// The same for the same secret, whatever its key; tells nothing to whoever lacks our key.
    func fingerprint(of secret: [UInt8]) throws -> [UInt8] { try fingerprintKey().code(for: secret) }

    /// As answers show it: `kf_` and 128 bits.
    static func text(ofFingerprint bytes: [UInt8]) -> String {
        "kf_" + Hex.encode(Array(bytes.prefix(16)))
    }

    private static func field(_ key: ExchangeKeyID, _ version: Int) -> SealedField {
        SealedField(table: "key_version", id: key.description, field: "credential", version: version)
    }
}
