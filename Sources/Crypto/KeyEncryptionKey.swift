/// An opened key-encryption key: wraps the data keys of sealed bytes, and gives the key for tags over state.
final class KeyEncryptionKey: Sendable {
    /// A data key wrapped: nonce ‖ ciphertext ‖ tag.
    static let wrappedDataKeyBytes = AEAD.keyBytes + AEAD.overheadBytes

    let generation: UInt32
    let format: WrappedKeyEncryptionKey.Format
    let stateKey: HMACKey
    private let key: Secret
    private let associatedData: [UInt8]

    init(_ wrapped: WrappedKeyEncryptionKey, under root: RootKey) throws(SealingError) {
        format = try wrapped.format(under: root)
        key = try wrapped.unwrapped(under: root, format)
        generation = UInt32(wrapped.generation)
        associatedData = Array("keybell data key".utf8) + BigEndian.bytes(generation)
        do {
            stateKey = try HMACKey(HKDF.sha256(key: key, info: Array("keybell key state".utf8)))
        } catch { throw .crypto(error) }
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
