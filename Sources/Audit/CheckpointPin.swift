import Access
import Crypto
import Kernel

/// Which key must have signed: without one, a trail that was forged as a whole with another key looks sound.
package enum CheckpointPin: Equatable, Sendable {
    case keyID(String)
    case publicKey([UInt8])

    /// A key id `kck_…`, or an Ed25519 public key in base64.
    package init?(_ text: String) {
        if let id = CheckpointKeyID(text) {
            self = .keyID(id.description)
        } else if let key = Base64.decode(text), key.count == Ed25519.publicKeyBytes {
            self = .publicKey(key)
        } else {
            return nil
        }
    }

    package init(_ key: CheckpointKey) { self = .publicKey(key.publicKey.bytes) }

    func matches(_ checkpoint: Checkpoint) -> Bool {
        switch self {
        case .keyID(let id): checkpoint.content.signedBy.description == id
        case .publicKey(let key): checkpoint.publicKey == key
        }
    }
}
