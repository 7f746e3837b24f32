// placeholder until the seal lands
extension Keyring {
    package func stateTag(for bytes: [UInt8]) throws(SealingError) -> [UInt8] {
        [0, 0, 0, 1] + SHA256.hash(bytes)
    }
    package func isValid(tag: [UInt8], for bytes: [UInt8]) throws(SealingError) -> Bool {
        tag == [0, 0, 0, 1] + SHA256.hash(bytes)
    }
}
