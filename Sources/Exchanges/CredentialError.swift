package import Crypto

/// What is wrong with what a person pasted: which field, and why. Carries nothing of the value.
package struct CredentialError: Error, Sendable, Equatable {
    package enum Field: String, Sendable { case apiKey = "api_key", secret, passphrase }

    package enum Reason: Sendable, Equatable {
        case missing
        /// This exchange knows no passphrase.
        case needless
        case tooShort(atLeast: Int)
        case tooLong(atMost: Int)
        case whiteSpace
        /// A control character, or one that is not ASCII.
        case characters
        case notBase64
        /// A key pair, or a text, where this exchange takes other kinds.
        case kind(found: Exchange.CredentialKind, taken: [Exchange.CredentialKind])
        /// The PEM of a key pair that cannot be read.
        case key(KeyRefusal)
        /// No memory for one more open secret.
        case unavailable
    }

    package let field: Field
    package let reason: Reason

    init(_ field: Field, _ reason: Reason) {
        (self.field, self.reason) = (field, reason)
    }
}

extension CredentialError {
    /// For people; follows the field's name.
    package var sentence: String {
        switch reason {
        case .missing: "is needed at this exchange"
        case .needless: "is not used at this exchange: leave it out"
        case .tooShort(let count): "must have at least \(count) characters"
        case .tooLong(let count): "must have at most \(count) characters"
        case .whiteSpace: "must not hold white space: was more than the value copied?"
        case .characters: "must hold printable ASCII characters only"
        case .notBase64: "must be base64, as this exchange shows it"
        case .kind(let found, let taken): Self.sentence(found, taken)
        case .key(let refusal): refusal.sentence
        case .unavailable: "cannot be opened now"
        }
    }

    private static func sentence(
        _ found: Exchange.CredentialKind, _ taken: [Exchange.CredentialKind]
    ) -> String {
        let name = { (kind: Exchange.CredentialKind) in
            switch kind {
            case .hmac: "an HMAC secret"
            case .ed25519: "an Ed25519 key"
            case .rsa: "an RSA key"
            case .p256: "a P-256 key"
            }
        }
        return "is \(name(found)); this exchange takes \(taken.map(name).joined(separator: " or "))"
    }
}
