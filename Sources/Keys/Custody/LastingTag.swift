package import Crypto

/// A code over something of the installation's own that outlives every key-encryption key: under the key of
/// fingerprints, which is never rotated, and told apart from them by its first words.
package enum LastingTag {
    package static func code(over bytes: [UInt8], by key: HMACKey) -> [UInt8] {
        key.code(for: Array("keybell lasting tag 1".utf8), [0], bytes)
    }
}
