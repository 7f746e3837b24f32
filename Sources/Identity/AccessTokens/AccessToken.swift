package import Access
import HTTPServer
import JSON
package import Kernel

/// The record of an access token. The token itself is shown once and never stored.
package struct AccessToken: Equatable, Sendable {
    package enum Status: String, CaseIterable, Sendable { case active, expired, revoked }

    package let id: AccessTokenID
    package let principal: PrincipalID
    package let name: String
    package let hint: String
    /// Nil does not narrow.
    package let scopes: [Permission]?
    package let cidrs: [CIDR]
    /// Bait: whoever uses it gives themselves away.
    package var isDecoy = false
    package let createdAt: Timestamp
    package let createdBy: String
    package let expiresAt: Timestamp?
    package var lastUsedAt: Timestamp?
    package var revokedAt: Timestamp?
    package var revokedBy: String?
    package var revokeReason: String?

    package func status(at now: Timestamp) -> Status {
        if revokedAt != nil { return .revoked }
        if let expiresAt, expiresAt <= now { return .expired }
        return .active
    }

    /// The record's members; the answer that shows the token adds it.
    func write(to w: inout JSONWriter, for context: Context, showing secret: AccessTokenSecret? = nil) {
        w.object { w in
            w.field("id", id.description)
            if let secret {
                w.field("token", secret.text)
                w.field("shown_once", true)
            }
            w.field("principal_id", principal.description)
            w.field("name", name)
            w.field("hint", hint)
            w.field("scopes", scopes?.map(\.rawValue))
            w.field("cidrs", cidrs.map(\.text))
            w.field("status", status(at: context.now).rawValue)
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy)
            w.field("expires_at", expiresAt?.description)
            w.field("last_used_at", lastUsedAt?.description)
            w.field("revoked_at", revokedAt?.description)
            w.field("revoked_by", revokedBy)
            w.field("revoke_reason", revokeReason)
            if context.may(.decoysRead) { w.field("decoy", isDecoy) }
        }
    }
}

extension CIDR {
    /// A range of one is written as the address alone.
    var text: String { prefix == address.bitCount ? address.description : description }
}

/// What somebody wants of a new access token.
struct NewAccessToken {
    var principal: PrincipalID
    var name: String
    var scopes: [Permission]?
    var cidrs: [CIDR] = []
    var expiresAt: Timestamp?
    var isDecoy = false
}

/// Who may issue and revoke which access tokens. Pure.
enum AccessTokenRules {
    /// For oneself, for a service account that one owns, or with `service_accounts:write` for any; never for
    /// another user; for an owner only with `owners:write`. A narrowed token issues none that is wider than
    /// itself.
    /// - Parameter callerScopes: the scopes of the access token that the caller acts through.
    static func check(
        issuing new: NewAccessToken, for target: Principal, by caller: Context, callerScopes: [Permission]?
    ) throws(Problem) {
        if new.isDecoy {
            // It opens nothing, whoever it is of.
            return try caller.require(.decoysWrite)
        }
        let isOwn = target.id == caller.actor.principal || isOwned(target.owner, by: caller.actor)
        if !isOwn {
            guard target.id.kind == .serviceAccount else {
                throw Problem(.forbidden, "Access tokens of a user are issued by that user alone.")
            }
            try caller.require(.serviceAccountsWrite)
        }
        if target.isOwner { try caller.require(.ownersWrite) }
        if let callerScopes { try checkNarrowness(of: new.scopes, within: callerScopes) }
    }

    private static func checkNarrowness(of scopes: [Permission]?, within callerScopes: [Permission])
        throws(Problem)
    {
        let wanted = Set(scopes ?? Permission.allCases)
        for permission in Permission.allCases
        where wanted.contains(permission) && !callerScopes.contains(permission) {
            throw .forbidden(missing: permission)
        }
    }

    static func isOwned(_ owner: UserID?, by actor: Actor) -> Bool {
        owner.map { PrincipalID($0) == actor.principal } ?? false
    }

    /// May the caller know of this token?
    static func mayRead(_ principal: PrincipalID, ownedBy owner: UserID?, _ caller: Context) -> Bool {
        if principal == caller.actor.principal || isOwned(owner, by: caller.actor) { return true }
        if caller.may(.accessTokensManage) { return true }
        return caller.may(principal.kind == .user ? .usersRead : .serviceAccountsRead)
    }

    /// One's own and one's service accounts'; everybody's with `access_tokens:manage`.
    static func checkRevoking(
        of principal: PrincipalID, ownedBy owner: UserID?, by caller: Context
    ) throws(Problem) {
        if principal == caller.actor.principal || isOwned(owner, by: caller.actor) { return }
        try caller.require(.accessTokensManage)
    }
}
