import Crypto
import JSON

/// What the browser saw (level 2, 5.8.1), as the bytes that the authenticator signed.
package struct ClientData: Equatable, Sendable {
    package enum Ceremony: String, Sendable {
        case registration = "webauthn.create"
        case assertion = "webauthn.get"
    }

    /// Browsers write some 250 bytes.
    private static let limits = JSONLimits(depth: 4, textBytes: 4_096, members: 32)

    /// Whose it is, and whether it still counts, is the caller's to tell.
    package let challenge: [UInt8]
    package let bytes: [UInt8]

    package init(
        _ bytes: [UInt8], of ceremony: Ceremony, at party: RelyingParty
    ) throws(WebAuthnError) {
        guard let data = try? JSONValue.parse(bytes, limits: Self.limits),
            let type = data["type"]?.asString, let origin = data["origin"]?.asString,
            let text = data["challenge"]?.asString,
            let challenge = Base64.decode(text, alphabet: .url), !challenge.isEmpty
        else { throw .malformedClientData }
        guard type == ceremony.rawValue else { throw .wrongType }
        guard origin == party.origin else { throw .wrongOrigin }
        // Level 3 adds the page around; level 2 leaves both away.
        guard data["crossOrigin"]?.asBool ?? false == false, data["topOrigin"] == nil else {
            throw .crossOrigin
        }
        self.challenge = challenge
        self.bytes = bytes
    }
}
