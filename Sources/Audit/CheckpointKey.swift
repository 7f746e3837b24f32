package import Access
package import Crypto
import Kernel

/// The key that signs checkpoints: the same at every start with the same root key.
package struct CheckpointKey: Sendable {
    package let id: CheckpointKeyID
    package let publicKey: Ed25519.PublicKey
    private let key: Ed25519.SigningKey

    package init(_ root: RootKey) throws(CryptoError) {
        key = try Ed25519.SigningKey(seed: root.derive("audit checkpoint"))
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
