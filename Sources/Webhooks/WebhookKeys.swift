import Access
package import Crypto
import HTTPClient
import Kernel

/// Opens what webhooks sign with. The seal keeps it open, so that closing the seal wipes it.
package final class WebhookKeys {
    /// With what one attempt is signed.
    struct Signers {
        let secrets: [HMACKey]
        let secretIDs: [WebhookSecretID]
        let signingKey: Ed25519.SigningKey
    }

    private let seal: Seal

    package init(seal: Seal) { self.seal = seal }

    /// Nothing can be signed: what is due waits.
    var isSealed: Bool { !seal.isOpen }

    func signers(for webhook: WebhookSnapshot.Entry, at now: Timestamp) throws -> Signers {
        let opened = try seal.opened()
        let live = webhook.secrets.filter { $0.signs(at: now) }
        let secrets = try live.map { secret in
            try opened.key(WebhookSecret.field(secret.id), sealed: secret.sealed) { try HMACKey($0) }
        }
        let signingKey = try opened.key(
            WebhookSecret.signingKeyField(webhook.id), sealed: webhook.signingKey
        ) { try Ed25519.SigningKey(seedAndPublicKey: $0) }
        return Signers(secrets: secrets, secretIDs: live.map(\.id), signingKey: signingKey)
    }

    // MARK: New ones

    /// A fresh secret: its text, for the one answer that shows it, and sealed.
    func makeSecret(_ id: WebhookSecretID, entropy: Entropy) throws -> (text: String, sealed: [UInt8]) {
        let bytes = entropy.bytes(WebhookSecret.freshBytes)
        return (
            WebhookSecret.text(bytes), try seal.opened().keyring.seal(bytes, for: WebhookSecret.field(id))
        )
    }

    func makeSigningKey(_ id: WebhookID) throws -> (publicKey: [UInt8], sealed: [UInt8]) {
        let key = try Ed25519.SigningKey()
        let sealed = try seal.opened().keyring.seal(key.exported(), for: WebhookSecret.signingKeyField(id))
        return (key.publicKey.bytes, sealed)
    }
}
