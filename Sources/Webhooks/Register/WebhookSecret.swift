import Crypto
import Access
import Kernel

/// What a webhook and its receiver share: `whsec_` and the base64 of 24 to 64 random bytes. Shown once,
/// stored sealed.
package enum WebhookSecret {
    package static let prefix = "whsec_"
    package static let publicKeyPrefix = "whpk_"
    package static let byteRange = 24...64
    /// As long as SHA-256's output: more adds nothing (RFC 2104, 3).
    static let freshBytes = 32

    /// The text form, for the one answer that shows it.
    package static func text(_ bytes: [UInt8]) -> String { prefix + Base64.encode(bytes) }

    package static func publicKeyText(_ bytes: [UInt8]) -> String { publicKeyPrefix + Base64.encode(bytes) }

    /// The bytes of a text form: standard alphabet, with padding, of a permitted length.
    package static func bytes(of text: String) -> [UInt8]? {
        guard text.hasPrefix(prefix), let bytes = Base64.decode(String(text.dropFirst(prefix.count))),
            byteRange.contains(bytes.count)
        else { return nil }
        return bytes
    }

    static func field(_ id: WebhookSecretID) -> SealedField {
        SealedField(table: "webhook_secret", id: id.uuid.bytes, field: "sealed")
    }

    static func signingKeyField(_ id: WebhookID) -> SealedField {
        SealedField(table: "webhook", id: id.uuid.bytes, field: "signing_key")
    }
}
