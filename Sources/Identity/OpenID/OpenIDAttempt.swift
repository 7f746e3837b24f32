import Crypto
package import Kernel

/// A log-in on its way to the provider and back. The browser holds a secret in a cookie, the provider hands
/// the state back; nonce and code verifier come from both, so that nobody has to keep them.
package struct OpenIDAttempt: Sendable {
    /// How long somebody may take at the provider's page.
    static let lifetime: Period = .minutes(10)
    private static let secretBytes = 32

    private let browser: [UInt8]
    private let stateBytes: [UInt8]

    package init(_ entropy: Entropy) {
        (browser, stateBytes) = (entropy.bytes(Self.secretBytes), entropy.bytes(Self.secretBytes))
    }

    /// Nil unless both are what `cookie` and `state` gave, to the letter.
    package init?(cookie: String, state: String) {
        guard let browser = Self.secret(cookie), let state = Self.secret(state) else { return nil }
        (self.browser, stateBytes) = (browser, state)
    }

    private static func secret(_ text: String) -> [UInt8]? {
        guard let bytes = Base64.decode(text, alphabet: .url), bytes.count == secretBytes else { return nil }
        return bytes
    }

    package var cookie: String { Base64.encode(browser, alphabet: .url) }
    package var state: String { Base64.encode(stateBytes, alphabet: .url) }

    var browserHash: SecretHash { SecretHash(SHA256.hash(browser)) }
    var stateHash: SecretHash { SecretHash(SHA256.hash(stateBytes)) }

    /// Comes back in the ID token: it was made for this log-in.
    package var nonce: String { derived("nonce") }

    /// RFC 7636: whoever exchanges the code is whoever began. 43 characters, the fewest that it allows.
    package var verifier: String { derived("verifier") }

    package var challenge: String { Base64.encode(SHA256.hash(verifier), alphabet: .url) }

    private func derived(_ purpose: String) -> String {
        Base64.encode(HMAC.sha256(key: browser, Array(purpose.utf8) + stateBytes), alphabet: .url)
    }
}
