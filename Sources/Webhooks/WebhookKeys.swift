import Access
package import Crypto
import HTTPClient
import Kernel

/// Opens what webhooks sign with, and keeps it open: opening costs 56 µs and a page of locked memory.
package final class WebhookKeys {
    /// Each open key holds locked memory, of which a process has little (8 MiB by default); what is used less
    /// is opened again.
    static let openLimit = 128

    /// With what one attempt is signed.
    struct Signers {
        let secrets: [HMACKey]
        let secretIDs: [WebhookSecretID]
        let signingKey: Ed25519.SigningKey
    }

    private let keyring: () -> Keyring
    private var secrets: [WebhookSecretID: HMACKey] = [:]
    private var signingKeys: [WebhookID: Ed25519.SigningKey] = [:]

    /// - Parameter keyring: the one of the moment; a new generation means a new keyring.
    package init(keyring: @escaping () -> Keyring) { self.keyring = keyring }

    func signers(for webhook: WebhookSnapshot.Entry, at now: Timestamp) throws -> Signers {
        let live = webhook.secrets.filter { $0.signs(at: now) }
        return Signers(
            secrets: try live.map { try open($0) }, secretIDs: live.map(\.id),
            signingKey: try signingKey(of: webhook))
    }

    private func open(_ secret: WebhookSnapshot.Secret) throws -> HMACKey {
        if let key = secrets[secret.id] { return key }
        if secrets.count >= Self.openLimit { secrets.removeAll(keepingCapacity: true) }
        let key = try HMACKey(keyring().open(secret.sealed, for: WebhookSecret.field(secret.id)))
        secrets[secret.id] = key
        return key
    }

    private func signingKey(of webhook: WebhookSnapshot.Entry) throws -> Ed25519.SigningKey {
        if let key = signingKeys[webhook.id] { return key }
        if signingKeys.count >= Self.openLimit { signingKeys.removeAll(keepingCapacity: true) }
        let sealed = webhook.signingKey
        let key = try Ed25519.SigningKey(
            seedAndPublicKey: keyring().open(sealed, for: WebhookSecret.signingKeyField(webhook.id)))
        signingKeys[webhook.id] = key
        return key
    }

    // MARK: New ones

    /// A fresh secret: its text, for the one answer that shows it, and sealed.
    func makeSecret(_ id: WebhookSecretID, entropy: Entropy) throws -> (text: String, sealed: [UInt8]) {
        let bytes = entropy.bytes(WebhookSecret.freshBytes)
        return (WebhookSecret.text(bytes), try keyring().seal(bytes, for: WebhookSecret.field(id)))
    }

    func makeSigningKey(_ id: WebhookID) throws -> (publicKey: [UInt8], sealed: [UInt8]) {
        let key = try Ed25519.SigningKey()
        let sealed = try keyring().seal(key.exported(), for: WebhookSecret.signingKeyField(id))
        return (key.publicKey.bytes, sealed)
    }
}
