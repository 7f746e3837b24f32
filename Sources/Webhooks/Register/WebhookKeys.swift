import Access
package import Crypto
import HTTPClient
import JSON
import Kernel

/// Opens what webhooks sign with. The seal keeps it open, so that closing the seal wipes it.
package final class WebhookKeys {
    /// With what one attempt is signed.
    struct Signers {
        let secrets: [HMACKey]
        let secretIDs: [WebhookSecretID]
        let signingKey: Ed25519.SigningKey
    }

    /// What is opened for every attempt, kept open.
    private final class Headers: Sendable {
        let list: [OutgoingHeader]
        init(_ list: [OutgoingHeader]) { self.list = list }
    }

    private final class ClientKey: Sendable {
        let pem: [UInt8]
        init(_ pem: [UInt8]) { self.pem = pem }
    }

    let seal: Seal

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

    /// Its owner's own.
    func headers(for webhook: WebhookSnapshot.Entry) throws -> [OutgoingHeader] {
        guard let sealed = webhook.privates[.headers] else { return [] }
        return try seal.opened().key(sealed.field(.headers), sealed: sealed.sealed) { secret in
            let json = try secret.withBytes { bytes in try JSONValue.parse(Array(bytes)) }
            let members = json.asObject?.members ?? []
            return Headers(members.map { OutgoingHeader($0.name, $0.value.asString ?? "") })
        }.list
    }

    func clientCertificate(for webhook: WebhookSnapshot.Entry) throws -> OutgoingRequest.ClientCertificate? {
        guard let certificate = webhook.terms.certificate, let sealed = webhook.privates[.clientKey] else {
            return nil
        }
        let key = try seal.opened().key(sealed.field(.clientKey), sealed: sealed.sealed) { secret in
            ClientKey(secret.withBytes { Array($0) })
        }
        return OutgoingRequest.ClientCertificate(certificate: Array(certificate.pem.utf8), key: key.pem)
    }

    // MARK: New ones

    func seal(_ headers: [OutgoingHeader], entropy: Entropy, at now: Timestamp) throws -> WebhookPrivate? {
        if headers.isEmpty { return nil }
        let object = JSONObject(members: headers.map { ($0.name, .string($0.value)) })
        return try sealed(JSONValue.object(object).bytes, .headers, entropy, now)
    }

    func seal(_ clientKey: String, entropy: Entropy, at now: Timestamp) throws -> WebhookPrivate {
        try sealed(Array(clientKey.utf8), .clientKey, entropy, now)
    }

    private func sealed(
        _ bytes: [UInt8], _ purpose: WebhookPrivate.Purpose, _ entropy: Entropy, _ now: Timestamp
    ) throws -> WebhookPrivate {
        let id = UUID(at: now, entropy: entropy)
        let field = WebhookPrivate(id: id, sealed: []).field(purpose)
        return WebhookPrivate(id: id, sealed: try seal.opened().keyring.seal(bytes, for: field))
    }

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
