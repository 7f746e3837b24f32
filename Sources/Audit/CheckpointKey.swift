package import Access
package import Crypto
import Kernel

/// The key that signs checkpoints: one as long as the installation lives.
package struct CheckpointKey: Sendable {
    package let id: CheckpointKeyID
    package let publicKey: Ed25519.PublicKey
    private let key: Ed25519.SigningKey

    package init(_ key: Ed25519.SigningKey) {
        self.key = key
        publicKey = key.publicKey
        id = publicKey.checkpointKeyID
    }

    package func sign(_ content: Checkpoint.Content) -> Checkpoint {
        let body = content.bytes
        return Checkpoint(
            content: content, body: body, publicKey: publicKey.bytes, signature: key.signature(for: body))
    }
}

extension Ed25519.PublicKey {
    /// `kck_` and the first 128 bits of the key's SHA-256.
    package var checkpointKeyID: CheckpointKeyID {
        SHA256.hash(bytes).withUnsafeBytes { digest in
            CheckpointKeyID(UUID(bytes: UnsafeRawBufferPointer(rebasing: digest[..<16])))
        }
    }
}
