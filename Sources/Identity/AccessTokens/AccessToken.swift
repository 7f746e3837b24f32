package import Access
package import Crypto
import HTTPServer
import JSON
package import Kernel

/// The record of an access token. The token itself is shown once and never stored.
package struct AccessToken: Equatable, Sendable {
    package enum Status: String, CaseIterable, Sendable {
        case active, expired, revoked
        case usedUp = "used_up"
    }

    package let id: AccessTokenID
    package let principal: PrincipalID
    package let name: String
    package let hint: String
    /// Nil does not narrow.
    package let scopes: [Permission]?
    package let cidrs: [CIDR]
    /// Bait: whoever uses it gives themselves away.
    package var isDecoy = false
    /// It came with joining: see `FirstProof`. Known where it is issued.
    var isByJoining = false
    package let createdAt: Timestamp
    package let createdBy: String
    package let expiresAt: Timestamp?
    /// Unused for longer, it lapses.
    package var idle: Period?
    package var maxUses: Int?
    package var uses = 0
    /// Every request must be signed by it.
    package var key: Ed25519.PublicKey?
    /// What it was rotated from, and to.
    package var replaces: AccessTokenID?
    package var replacedBy: AccessTokenID?
    package var lastUsedAt: Timestamp?
    package var lastUsedAddress: String?
    package var revokedAt: Timestamp?
    package var revokedBy: String?
    package var revokeReason: String?

    package func status(at now: Timestamp) -> Status {
        if revokedAt != nil { return .revoked }
        if let expiresAt, expiresAt <= now { return .expired }
        if let idle, Standing.isIdle(since: lastUsedAt ?? createdAt, for: idle, at: now) { return .expired }
        if let maxUses, uses >= maxUses { return .usedUp }
        return .active
    }

    /// Good for whoever has it, from everywhere.
    package var isUnbound: Bool { cidrs.isEmpty && key == nil }

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
            w.field("public_key", key?.pem)
            w.field("unbound", isUnbound)
            w.field("status", status(at: context.now).rawValue)
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy)
            w.field("expires_at", expiresAt?.description)
            w.field("idle_expires_after", idle?.description)
            w.field("max_uses", maxUses)
            w.field("uses", maxUses == nil ? nil : uses)
            w.field("replaces", replaces?.description)
            w.field("replaced_by", replacedBy?.description)
            w.field("last_used_at", lastUsedAt?.description)
            w.field("last_used_address", lastUsedAddress)
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
    /// It is what joining gives.
    var isByJoining = false
    var idle: Period?
    var maxUses: Int?
    var key: Ed25519.PublicKey?
    /// The token that it is the rotation of.
    var replaces: AccessTokenID?
}

/// Who may issue and revoke which access tokens. Pure.
enum AccessTokenRules {
    /// For oneself, for a service account that one owns, or with `service_accounts:write` for any, which
    /// gives what it was granted (`Change.checkGiving`); never for another user; for an owner only with
    /// `owners:write`. A limited token issues none that is wider than itself.
    /// - Parameter limits: of the access token that the caller acts through.
    static func check(
        issuing new: NewAccessToken, for target: Principal, by caller: Context, limits: IssuerLimits?
    ) throws(Problem) {
        if new.isDecoy {
            // It opens nothing, whoever it is of.
            return try caller.require(.decoysWrite)
        }
        if !GrantRules.isOwn(target.id, ownedBy: target.owner, caller) {
            guard target.id.kind == .serviceAccount else {
                throw Problem(.forbidden, "Access tokens of a user are issued by that user alone.")
            }
            try caller.require(.serviceAccountsWrite)
        }
        if target.isOwner { try caller.require(.ownersWrite) }
        try limits?.check(new, for: target.id, by: caller.actor.principal)
    }

    static func isOwned(_ owner: UserID?, by actor: Actor) -> Bool {
        owner.map { PrincipalID($0) == actor.principal } ?? false
    }

    /// May the caller know of this token?
    static func mayRead(_ principal: PrincipalID, ownedBy owner: UserID?, _ caller: Context) -> Bool {
        if GrantRules.isOwn(principal, ownedBy: owner, caller) { return true }
        if caller.may(.accessTokensManage) { return true }
        return caller.may(principal.kind == .user ? .usersRead : .serviceAccountsRead)
    }

    /// One's own and one's service accounts'; everybody's with `access_tokens:manage`.
    static func checkRevoking(
        of principal: PrincipalID, ownedBy owner: UserID?, by caller: Context
    ) throws(Problem) {
        if GrantRules.isOwn(principal, ownedBy: owner, caller) { return }
        try caller.require(.accessTokensManage)
    }
}
