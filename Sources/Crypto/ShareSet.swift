/// What may be known of one splitting of the root key: enough to tell each share right or wrong by itself,
/// and the key that they give, but nothing of the key. Fit for the database.
package struct ShareSet: Sendable, Equatable {
    package let id: ShareSetID
    package let quorum: Quorum
    /// `RootKey.fingerprint()`.
    package let rootFingerprint: String
    /// `KeyShare.hash()` of shares 1 to `quorum.count`. A share is 32 uniformly random bytes, so that nobody
    /// finds it by trying.
    package let hashes: [[UInt8]]

    /// Nil when there is not one hash for each share.
    package init?(id: ShareSetID, quorum: Quorum, rootFingerprint: String, hashes: [[UInt8]]) {
        guard hashes.count == quorum.count, hashes.allSatisfy({ $0.count == SHA256.digestBytes }) else {
            return nil
        }
        self.id = id
        self.quorum = quorum
        self.rootFingerprint = rootFingerprint
        self.hashes = hashes
    }
}

/// Names one splitting: random, and the same in all its shares.
package struct ShareSetID: Sendable, Hashable {
    package static let byteCount = 8
    package let bytes: [UInt8]

    /// A fresh one.
    package init() { bytes = Randomness.bytes(Self.byteCount) }

    /// Nil unless there are 8 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }
}

extension ShareSetID: CustomStringConvertible {
    /// 16 hex digits.
    package var description: String { Hex.encode(bytes) }
}
