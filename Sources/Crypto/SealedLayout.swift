/// Where things stand in sealed bytes:
///
///     format 1 │ generation 4 │ wrapped data key 60 │ nonce 12 │ ciphertext n │ tag 16
///
/// The wrapped data key is itself nonce ‖ ciphertext ‖ tag and authenticates the generation; the last three
/// authenticate the field and the format.
struct SealedLayout {
    static let format: UInt8 = 1
    static let generationBytes = 4
    private static let dataKeyStart = 1 + generationBytes
    private static let boxStart = dataKeyStart + KeyEncryptionKey.wrappedDataKeyBytes
    /// What sealing adds to a plaintext.
    static let overheadBytes = boxStart + AEAD.overheadBytes

    let generation: UInt32
    let plaintextBytes: Int

    init(_ sealed: [UInt8]) throws(SealingError) {
        guard sealed.count >= Self.overheadBytes, sealed[0] == Self.format else { throw .malformed }
        guard sealed.count - Self.overheadBytes <= Keyring.maximumPlaintextBytes else { throw .tooLong }
        generation = BigEndian.uint32(sealed[1..<Self.dataKeyStart])
        plaintextBytes = sealed.count - Self.overheadBytes
    }

    static func header(generation: UInt32, dataKey: [UInt8]) -> [UInt8] {
        [format] + BigEndian.bytes(generation) + dataKey
    }

    func wrappedDataKey(in sealed: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: sealed[Self.dataKeyStart..<Self.boxStart])
    }

    func box(in sealed: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: sealed[Self.boxStart...])
    }
}
