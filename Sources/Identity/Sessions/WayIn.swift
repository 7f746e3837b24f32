/// How somebody came in, as sessions and the trail say.
package enum WayIn: Equatable, Sendable {
    case password
    case passkey
    /// By the provider that calls itself so.
    case openID(issuer: String)

    init?(_ text: String, issuer: String?) {
        switch (text, issuer) {
        case ("password", nil): self = .password
        case ("passkey", nil): self = .passkey
        case ("openid", let issuer?): self = .openID(issuer: issuer)
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .password: "password"
        case .passkey: "passkey"
        case .openID: "openid"
        }
    }

    var issuer: String? { if case .openID(let issuer) = self { issuer } else { nil } }
}
