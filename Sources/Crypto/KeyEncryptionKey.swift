/// A key-encryption key as the database stores it: wrapped by the root key.
package struct WrappedKeyEncryptionKey: Sendable, Hashable {
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
        generation: Int, under root: RootKey
    ) throws(SealingError) -> WrappedKeyEncryptionKey {
        try wrap(randomKey(), generation: generation, under: root)
    }

    /// The same key under another root key: what changing the root key does, without touching a ciphertext.
    package func rewrapped(
        from old: RootKey, to new: RootKey
    ) throws(SealingError) -> WrappedKeyEncryptionKey {
        try Self.wrap(unwrapped(under: old), generation: generation, under: new)
    }

    private static func wrap(
        _ key: borrowing Secret, generation: Int, under root: RootKey
    ) throws(SealingError) -> WrappedKeyEncryptionKey {
        let associated = try associatedData(generation)
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

    func unwrapped(under root: RootKey) throws(SealingError) -> Secret {
        let associated = try Self.associatedData(generation)
        guard bytes.count == AEAD.keyBytes + AEAD.overheadBytes else { throw .malformed }
        do throws(CryptoError) {
            return try AEAD.open(bytes, key: root.derive(Self.wrappingPurpose), associatedData: associated)
        } catch .notAuthentic {
            throw .wrongRootKey(generation: generation)
        } catch { throw .crypto(error) }
    }

    private static func randomKey() throws(SealingError) -> Secret {
        do { return try Secret(randomBytes: AEAD.keyBytes) } catch { throw .crypto(error) }
    }

    /// The root key itself encrypts nothing: one key, one algorithm.
    private static let wrappingPurpose = "key encryption key"

    private static func associatedData(_ generation: Int) throws(SealingError) -> [UInt8] {
        guard let number = UInt32(exactly: generation), number > 0 else {
            throw .invalidGeneration(generation)
        }
        return Array("keybell kek".utf8) + BigEndian.bytes(number)
    }
}

/// An opened key-encryption key: wraps the data keys of sealed bytes.
final class KeyEncryptionKey: Sendable {
    /// A data key wrapped: nonce ‖ ciphertext ‖ tag.
    static let wrappedDataKeyBytes = AEAD.keyBytes + AEAD.overheadBytes

    let generation: UInt32
    private let key: Secret
    private let associatedData: [UInt8]

    init(_ wrapped: WrappedKeyEncryptionKey, under root: RootKey) throws(SealingError) {
        key = try wrapped.unwrapped(under: root)
        generation = UInt32(wrapped.generation)
        associatedData = Array("keybell data key".utf8) + BigEndian.bytes(generation)
    }

    func wrap(_ dataKey: UnsafeRawBufferPointer) throws(CryptoError) -> [UInt8] {
        try key.withBytes { key throws(CryptoError) in
            try AEAD.seal(dataKey, key: key, associatedData: associatedData)
        }
    }

    func unwrap(
        _ wrapped: UnsafeRawBufferPointer, into dataKey: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        try key.withBytes { key throws(CryptoError) in
            try AEAD.open(wrapped, key: key, associatedData: associatedData, into: dataKey)
        }
    }
}
