package import HTTPClient
package import Kernel

/// The one provider of an installation, as its operator describes it.
package struct OpenIDSettings: Sendable {
    /// Compared byte by byte with what the provider calls itself.
    package var issuer: String
    package var clientID: String
    /// Read at each use, so that it can be changed without a restart; nil: a public client, which PKCE alone
    /// protects.
    package var clientSecretFile: String?
    package var scopes: [String]
    package var algorithms: Set<TokenAlgorithm>
    package var groupsClaim: String
    /// What members of the provider's groups get here.
    package var mappings: [GroupMapping]
    /// Values of `amr` or `acr` that stand for a second factor; none: the provider's word is one factor.
    package var factorValues: Set<String>
    /// Whether somebody who was not invited is made a user when one of their groups leads to something.
    package var createsUsers: Bool
    /// Whether somebody who was invited and did not come yet may come by the verified address that the
    /// invitation went to. Nobody else is ever found by an address.
    package var linksInvited: Bool
    package var allowance: Allowance
    /// `https://keybell.desk.example`: where browsers find us.
    package var origin: String

    package init(issuer: String, clientID: String, origin: String) {
        (self.issuer, self.clientID, self.origin) = (issuer, clientID, origin)
        scopes = Self.defaultScopes
        algorithms = Set(TokenAlgorithm.allCases)
        groupsClaim = Self.defaultGroupsClaim
        (mappings, factorValues, allowance) = ([], [], .publicOnly)
        (createsUsers, linksInvited) = (false, false)
    }

    package static let defaultScopes = ["openid", "email", "profile"]
    package static let defaultGroupsClaim = "groups"

    package var redirect: String { "\(origin)/v1/oidc/callback" }

    /// How long ago somebody may have logged in there, where that counts as a factor here: asked for, because
    /// a provider that is asked says when it was.
    static let loginAge: Period = .hours(24)

    /// Each thing that one of the groups leads to, once, in the operator's order.
    package func leads(of groups: [String]) -> [GroupMapping] {
        var seen: Set<GroupMapping.Target> = []
        return mappings.filter { groups.contains($0.group) && seen.insert($0.target).inserted }
    }

    /// When the provider saw a second factor that counts here; nil: it does not say that it did, or when, or
    /// it was too long ago.
    package func provenAt(_ token: IDToken, at now: Timestamp) -> Timestamp? {
        let said = token.methods + (token.authenticationClass.map { [$0] } ?? [])
        guard said.contains(where: factorValues.contains), let at = token.authenticatedAt,
            now - at <= Self.loginAge + IDTokenRules.leeway
        else { return nil }
        return min(at, now)
    }
}
