import Kernel

/// What a change of authority is about, as far as snapshots ask: whoever knows something about anything else
/// may go on knowing it.
package enum Touched: Hashable, Sendable, CustomStringConvertible {
    /// Their status, their grants, or the groups that they are in.
    case principal(PrincipalID)
    case accessToken(AccessTokenID)
    /// What an own role permits.
    case role(String)
    case key(ExchangeKeyID)
    /// What keys may be used for: policies of many keys, prices.
    case uses

    private static let rolePrefix = "role:"

    package var description: String {
        switch self {
        case .principal(let id): id.description
        case .accessToken(let id): id.description
        case .role(let name): Self.rolePrefix + name
        case .key(let id): id.description
        case .uses: "uses"
        }
    }

    /// Nil for what this version does not know, which must be taken for everything.
    package init?(_ text: String) {
        if let id = PrincipalID(text) {
            self = .principal(id)
        } else if let id = AccessTokenID(text) {
            self = .accessToken(id)
        } else if text.hasPrefix(Self.rolePrefix) {
            self = .role(String(text.dropFirst(Self.rolePrefix.count)))
        } else if let id = ExchangeKeyID(text) {
            self = .key(id)
        } else if text == "uses" {
            self = .uses
        } else {
            return nil
        }
    }
}
