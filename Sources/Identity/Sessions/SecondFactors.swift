package import Access
package import Events
package import JSON
package import Kernel
import Postgres

/// The room of factors, as log-in sees it.
package struct SecondFactors {
    /// One that the user may answer with.
    package struct Offer {
        package let kind: String
        /// What a browser needs for it, as a passkey's challenge.
        package let options: JSONValue?

        package init(kind: String, options: JSONValue? = nil) { (self.kind, self.options) = (kind, options) }
    }

    package enum Answer {
        case totp(String)
        case recoveryCode(String)
        /// What the browser gave (WebAuthn level 2, 5.2).
        case passkey(JSONValue)
    }

    /// Which log-in, of whom. A challenge is kept under its id.
    package struct Claim {
        package let user: UserID
        package let pending: UUID
    }

    /// Which factors somebody has: empty for nobody's. Called in the transaction that keeps the pending
    /// log-in.
    package var offers: nonisolated(nonsending) (Claim, Change) async throws -> [Offer]
    /// The factor's name where the answer is right, and used up with it; nil where it is wrong. What it
    /// notes down is kept either way.
    package var check: nonisolated(nonsending) (Answer, Claim, Change) async throws -> String?

    package init(
        offers: nonisolated(nonsending) @escaping (Claim, Change) async throws -> [Offer],
        check: nonisolated(nonsending) @escaping (Answer, Claim, Change) async throws -> String?
    ) {
        (self.offers, self.check) = (offers, check)
    }

    /// Nobody has any.
    package static var none: SecondFactors {
        SecondFactors(offers: { _, _ in [] }, check: { _, _, _ in nil })
    }
}
