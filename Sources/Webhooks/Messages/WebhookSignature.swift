package import Crypto
package import Kernel

/// Standard Webhooks (https://www.standardwebhooks.com): what a receiver verifies. Over `id.timestamp.body`,
/// with the timestamp of this attempt in Unix seconds.
package enum WebhookSignature {
    package static let idHeader = "webhook-id"
    package static let timestampHeader = "webhook-timestamp"
    package static let signatureHeader = "webhook-signature"

    /// `v1`: HMAC-SHA256 under the decoded bytes of the secret.
    package static func v1(_ key: HMACKey, id: String, at time: Timestamp, body: [UInt8]) -> String {
        "v1," + Base64.encode(key.code(for: prefix(id, time), body))
    }

    /// `v1a`: Ed25519.
    package static func v1a(
        _ key: Ed25519.SigningKey, id: String, at time: Timestamp, body: [UInt8]
    ) -> String {
        "v1a," + Base64.encode(key.signature(for: prefix(id, time) + body))
    }

    /// The header's value: exactly one space between signatures and none at the end, on which two of the
    /// official libraries crash.
    package static func header(
        secrets: [HMACKey], signingKey: Ed25519.SigningKey?, id: String, at time: Timestamp, body: [UInt8]
    ) -> String {
        var signatures = secrets.map { v1($0, id: id, at: time, body: body) }
        if let signingKey { signatures.append(v1a(signingKey, id: id, at: time, body: body)) }
        return signatures.joined(separator: " ")
    }

    private static func prefix(_ id: String, _ time: Timestamp) -> [UInt8] {
        Array("\(id).\(time.seconds).".utf8)
    }
}
