import Access
import Crypto
import HTTPServer
import Kernel

/// What the access token that somebody acts through is limited by: what it issues is limited by it too, so
/// that nobody gets out of a token's limits by issuing another. Pure.
struct IssuerLimits {
    let scopes: [Permission]?
    let cidrs: [CIDR]
    let expiresAt: Timestamp?
    let idle: Period?
    let isCounted: Bool
    let key: Ed25519.PublicKey?
    /// It opens nothing.
    var isBait = false

    /// Scopes are never wider, whoever it is for. A token for the issuer's own use also ends no later. A
    /// service account issues for itself alone, for the same addresses and the same key at most; a person may
    /// move to another place or key, and shows that they are there then: see `isLeft(by:)`.
    func check(
        _ new: NewAccessToken, for target: PrincipalID, by issuer: PrincipalID?
    ) throws(Problem) {
        try checkScopes(new.scopes)
        if target == issuer { try checkEnd(new) }
        if issuer?.kind == .serviceAccount {
            guard target == issuer else {
                throw Self.wider("A service account issues access tokens for itself alone.")
            }
            try checkPlace(new)
        }
    }

    private func checkScopes(_ wanted: [Permission]?) throws(Problem) {
        guard let scopes else { return }
        let wanted = Set(wanted ?? Permission.allCases)
        for permission in Permission.allCases
        where wanted.contains(permission) && !scopes.contains(permission) {
            throw .forbidden(missing: permission)
        }
    }

    private func checkEnd(_ new: NewAccessToken) throws(Problem) {
        guard !isCounted else {
            throw Self.wider("A token with a number of uses issues none for its own principal.")
        }
        if let expiresAt, new.expiresAt.map({ $0 > expiresAt }) ?? true {
            throw Self.wider("A token issues none that ends later than itself; it ends at \(expiresAt).")
        }
        if let idle, new.idle.map({ $0 > idle }) ?? true {
            throw Self.wider(
                "A token that lapses by idleness issues none that may be idle longer than \(idle).")
        }
    }

    private func checkPlace(_ new: NewAccessToken) throws(Problem) {
        guard staysHere(new) else {
            throw Self.wider("A service account's token issues none that works from other addresses.")
        }
        guard keepsKey(new) else {
            throw Self.wider("A service account's bound token issues none without, or with another key.")
        }
    }

    /// The new one works from where, or without the key that, this one does not. Who stole a token that is of
    /// use in one place only would be rid of that.
    func isLeft(by new: NewAccessToken) -> Bool { !staysHere(new) || !keepsKey(new) }

    private func staysHere(_ new: NewAccessToken) -> Bool {
        cidrs.isEmpty || !new.cidrs.isEmpty && new.cidrs.allSatisfy(isWithin)
    }

    private func keepsKey(_ new: NewAccessToken) -> Bool { key == nil || new.key == key }

    private func isWithin(_ range: CIDR) -> Bool {
        cidrs.contains { $0.prefix <= range.prefix && $0.contains(range.address) }
    }

    private static func wider(_ detail: String) -> Problem { Problem(.forbidden, detail) }
}
