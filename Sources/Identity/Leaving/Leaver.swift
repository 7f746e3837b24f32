package import Access

/// Who goes, and who gets what cannot go with them.
package struct Leaver: Sendable {
    package let user: UserID
    package let name: String
    /// Service accounts that they answered for.
    package let bots: [PrincipalID]
    /// Nil: nobody; then what they leave behind is stopped.
    package let heir: UserID?
    package let reason: String

    /// As what ends with them says it.
    package let disableReason: String

    /// - Parameter disableReason: nil: that they were off-boarded.
    package init(
        user: UserID, name: String, bots: [PrincipalID], heir: UserID?, reason: String,
        disableReason: String? = nil
    ) {
        (self.user, self.name, self.bots) = (user, name, bots)
        (self.heir, self.reason) = (heir, reason)
        self.disableReason = disableReason ?? "off-boarded: \(reason)"
    }

    package var principal: PrincipalID { PrincipalID(user) }
    package var heirPrincipal: PrincipalID? { heir.map { PrincipalID($0) } }

    /// They themselves, and what acted for them.
    package var everybody: [PrincipalID] { [principal] + bots }
}
