package import Access
package import HTTPClient

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
    /// What members of the provider's groups are granted.
    package var roles: [GroupRole]
    /// Values of `amr` or `acr` that stand for a second factor; none: the provider's word is one factor.
    package var factorValues: Set<String>
    /// Whether somebody who was not invited is made a user when one of their groups has a role.
    package var createsUsers: Bool
    package var allowance: Allowance
    /// `https://keybell.desk.example`: where browsers find us.
    package var origin: String

    package init(issuer: String, clientID: String, origin: String) {
        (self.issuer, self.clientID, self.origin) = (issuer, clientID, origin)
        scopes = Self.defaultScopes
        algorithms = Set(TokenAlgorithm.allCases)
        groupsClaim = Self.defaultGroupsClaim
        (roles, factorValues, createsUsers, allowance) = ([], [], false, .publicOnly)
    }

    package static let defaultScopes = ["openid", "email", "profile"]
    package static let defaultGroupsClaim = "groups"

    package var redirect: String { "\(origin)/v1/oidc/callback" }

    /// Each role that one of the groups leads to, once.
    package func roles(of groups: [String]) -> [(role: BuiltInRole, group: String)] {
        BuiltInRole.allCases.compactMap { role in
            let group = roles.first { $0.role == role && groups.contains($0.group) }
            return group.map { (role, $0.group) }
        }
    }

    /// Whether the token says that a second factor was asked for.
    package func countsAsFactor(_ token: IDToken) -> Bool {
        let said = token.methods + (token.authenticationClass.map { [$0] } ?? [])
        return said.contains(where: factorValues.contains)
    }
}

/// `desk-admins=admin`.
package struct GroupRole: Equatable, Sendable {
    package let group: String
    package let role: BuiltInRole

    package init(group: String, role: BuiltInRole) { (self.group, self.role) = (group, role) }

    /// Nil unless it is a group, `=` and a role. A group's name may hold the sign itself.
    package init?(_ text: String) {
        guard let sign = text.lastIndex(of: "="), sign > text.startIndex,
            let role = BuiltInRole(rawValue: String(text[text.index(after: sign)...]))
        else { return nil }
        self.init(group: String(text[..<sign]), role: role)
    }
}
