import Access
package import HTTPServer
import JSON

/// Why a request that must be signed does not count as signed. Whoever sent it is told: what is said is about
/// their own request alone.
package struct SignatureFault: Error, Equatable, Sendable {
    package enum Reason: String, CaseIterable, Sendable {
        /// There is no signature of this access token.
        case missing
        /// A field is no structured field, or is larger than ours may be.
        case malformed
        /// Two signatures of the token, or a field that stands twice.
        case ambiguous
        /// A component that must be covered is not, or a covered one is not in the request.
        case component
        /// A component, or a parameter of one, that this service does not know.
        case unsupported
        /// A parameter of the signature is missing or wrong.
        case parameter
        /// `created` is too far from this node's clock.
        case clock
        /// The body is not what Content-Digest says.
        case digest
        /// It does not verify.
        case wrong
        /// Its nonce was used before.
        case replayed
    }

    package let reason: Reason
    package let detail: String

    package init(_ reason: Reason, _ detail: String) { (self.reason, self.detail) = (reason, detail) }
}

extension Problem {
    package init(_ fault: SignatureFault) {
        self.init(
            .signatureInvalid, fault.detail, members: [("reason", .string(fault.reason.rawValue))],
            headers: Problem.unauthenticated.headers)
    }
}
