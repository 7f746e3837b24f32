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
            throw TamperedKey(key)
        }
    }

    func seal(_ matter: CredentialMatter, of key: ExchangeKeyID, version: Int) throws -> [UInt8] {
        try keyring().seal(matter.bytes, for: Self.field(key, version))
    }

    /// Throws `TamperedKey` when the bytes were altered, or sealed for another key or version.
    func open(_ sealed: [UInt8], of key: ExchangeKey, version: Int) throws -> CredentialMatter {
        do {
            let opened = try keyring().open(sealed, for: Self.field(key.id, version))
            return try CredentialMatter(exchange: key.exchange, opened: opened)
        } catch SealingError.notAuthentic, SealingError.malformed, SealingError.unknownGeneration {
            throw TamperedKey(key, table: "key_version")
        }
    }

    /// That a rotation's new version was tested. Whoever writes to the database cannot make one.
    func testTag(of rotation: Rotation) throws -> [UInt8] {
        try keyring().stateTag(for: rotation.testBytes)
    }

    /// False also once its key-encryption key is gone: then it is tested again.
    func isTested(_ rotation: Rotation) throws -> Bool {
        guard let tag = rotation.testTag else { return false }
        return try keyring().isValid(tag: tag, for: rotation.testBytes)
    }

    /// The same for the same secret, whatever its key; tells nothing to whoever lacks our key.
    func fingerprint(of matter: CredentialMatter) throws -> [UInt8] {
        try matter.fingerprint(under: fingerprintKey())
    }

    func lastingTag(of bytes: [UInt8]) throws -> [UInt8] {
        LastingTag.code(over: bytes, by: try fingerprintKey())
    }

    /// As answers show it: `kf_` and 128 bits.
    static func text(ofFingerprint bytes: [UInt8]) -> String {
        "kf_" + Hex.encode(Array(bytes.prefix(16)))
    }

    private static func field(_ key: ExchangeKeyID, _ version: Int) -> SealedField {
        SealedField(table: "key_version", id: key.description, field: "credential", version: version)
    }
}
