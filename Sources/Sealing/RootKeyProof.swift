import Crypto
import Kernel

/// A fresh root key whose keepers show, share by share, that they have it.
struct RootKeyProof: Sendable {
    /// A ceremony with people; after that the key is forgotten.
    static let lifetime: Period = .hours(1)

    let key: RootKey
    let set: ShareSet
    let until: Timestamp
    private var collector: ShareCollector

    init(_ key: RootKey, _ set: ShareSet, at now: Timestamp) {
        self.key = key
        self.set = set
        until = now + Self.lifetime
        collector = ShareCollector(set: set)
    }

    var indices: [Int] { collector.indices.sorted() }

    /// True once the quorum has shown that it holds the key.
    mutating func prove(_ share: KeyShare) throws(KeyShareError) -> Bool {
        guard case .combined = try collector.add(share) else { return false }
        return true
    }
}
