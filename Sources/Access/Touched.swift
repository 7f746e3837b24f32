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
    /// How long sessions last, and when people have to have a second factor.
    case signIn
    /// What needs approvals. No snapshot stands on it: whoever was let in before is asked again.
    case approvals

    /// Whether it takes nothing away from anybody, and gives nobody anything.
    package var isOfNobody: Bool {
        switch self {
        case .key, .uses, .approvals: true
        case .principal, .accessToken, .role, .signIn: false
        }
    }

    private static let rolePrefix = "role:"
    private static let usesText = "uses"
    private static let signInText = "sign_in"
    private static let approvalsText = "approvals"

    package var description: String {
        switch self {
        case .principal(let id): id.description
        case .accessToken(let id): id.description
        case .role(let name): Self.rolePrefix + name
        case .key(let id): id.description
        case .uses: Self.usesText
        case .signIn: Self.signInText
        case .approvals: Self.approvalsText
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
        } else {
            switch text {
            case Self.usesText: self = .uses
            case Self.signInText: self = .signIn
            case Self.approvalsText: self = .approvals
            default: return nil
            }
        }
    }
}
