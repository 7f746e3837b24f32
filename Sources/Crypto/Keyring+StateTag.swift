/// A tag over what decides about a key's use, so that a write past the service is found: generation (4 bytes,
/// most significant first) and HMAC-SHA256 under a key derived from that generation's key-encryption key.
extension Keyring {
    package static let stateTagBytes = SealedLayout.generationBytes + SHA256.digestBytes

    package func stateTag(for bytes: [UInt8]) -> [UInt8] {
        BigEndian.bytes(current.generation) + current.stateKey.code(for: bytes)
    }

    /// False also for a generation that is not loaded.
    package func isValid(tag: [UInt8], for bytes: [UInt8]) -> Bool {
        guard tag.count == Self.stateTagBytes,
            let key = keys[BigEndian.uint32(tag[..<SealedLayout.generationBytes])]
        else { return false }
        return key.stateKey.isValid(Array(tag[SealedLayout.generationBytes...]), for: bytes)
    }
}
