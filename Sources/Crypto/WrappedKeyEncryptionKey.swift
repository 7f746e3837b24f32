/// A key-encryption key as the database stores it: wrapped by the root key.
package struct WrappedKeyEncryptionKey: Sendable, Hashable {
    /// What the wrapping authenticates beside the generation.
    package enum Format: CaseIterable, Sendable {
        /// Of an installation whose keys all carry a tag over their state: one without was tampered with.
        case inCustody
        /// By versions that knew no such tags. The first opening takes the installation into custody.
        case beforeCustody
    }

    /// Counted from 1.
    package let generation: Int
    /// nonce ‖ ciphertext ‖ tag, 60 bytes.
    package let bytes: [UInt8]

    package init(generation: Int, bytes: [UInt8]) {
        self.generation = generation
        self.bytes = bytes
    }

    /// A fresh key of the given generation.
    package static func generate(
        generation: Int, under root: RootKey, format: Format = .inCustody
    ) throws(SealingError) -> WrappedKeyEncryptionKey {
        let key: Secret
        do { key = try Secret(randomBytes: AEAD.keyBytes) } catch { throw .crypto(error) }
        return try wrap(key, generation: generation, under: root, format)
    }

    /// The same key under another root key: what changing the root key does, without touching a ciphertext.
    package func rewrapped(
        from old: RootKey, to new: RootKey
    ) throws(SealingError) -> WrappedKeyEncryptionKey {
        let (format, generation) = (try format(under: old), generation)
        return try withKey(under: old, format) { key throws(SealingError) in
            try Self.wrap(key, generation: generation, under: new, format)
        }
    }

    /// The same key, in custody.
    package func takenIntoCustody(under root: RootKey) throws(SealingError) -> WrappedKeyEncryptionKey {
        let generation = generation
        return try withKey(under: root, format(under: root)) { key throws(SealingError) in
            try Self.wrap(key, generation: generation, under: root, .inCustody)
        }
    }

    /// As what it opens; throws `wrongRootKey` when it does not.
    func format(under root: RootKey) throws(SealingError) -> Format {
        for format in Format.allCases {
            do throws(SealingError) {
                return try withKey(under: root, format) { _ in format }
            } catch .wrongRootKey {
                continue
            }
        }
        throw .wrongRootKey(generation: generation)
    }

    func withKey<Result>(
        under root: RootKey, _ format: Format, _ body: (borrowing Secret) throws(SealingError) -> Result
    ) throws(SealingError) -> Result {
        try body(unwrapped(under: root, format))
    }

    func unwrapped(under root: RootKey, _ format: Format) throws(SealingError) -> Secret {
        let associated = try Self.associatedData(generation, format)
        guard bytes.count == AEAD.keyBytes + AEAD.overheadBytes else { throw .malformed }
        do throws(CryptoError) {
            return try AEAD.open(bytes, key: root.derive(Self.wrappingPurpose), associatedData: associated)
        } catch .notAuthentic {
            throw .wrongRootKey(generation: generation)
        } catch { throw .crypto(error) }
    }
}

extension WrappedKeyEncryptionKey {
    private static func wrap(
        _ key: borrowing Secret, generation: Int, under root: RootKey, _ format: Format
    ) throws(SealingError) -> WrappedKeyEncryptionKey {
        let associated = try associatedData(generation, format)
        do throws(CryptoError) {
            let wrapping = try root.derive(wrappingPurpose)
            let bytes = try key.withBytes { key throws(CryptoError) in
                try wrapping.withBytes { wrapping throws(CryptoError) in
                    try AEAD.seal(key, key: wrapping, associatedData: associated)
                }
            }
            return WrappedKeyEncryptionKey(generation: generation, bytes: bytes)
        } catch { throw SealingError(error) }
    }

    /// The root key itself encrypts nothing: one key, one algorithm.
    private static let wrappingPurpose = "key encryption key"

    private static func associatedData(_ generation: Int, _ format: Format) throws(SealingError) -> [UInt8] {
        guard let number = UInt32(exactly: generation), number > 0 else {
            throw .invalidGeneration(generation)
        }
        let label =
            switch format {
            case .inCustody: "keybell kek in custody"
            case .beforeCustody: "keybell kek"
            }
        return Array(label.utf8) + BigEndian.bytes(number)
    }
}
