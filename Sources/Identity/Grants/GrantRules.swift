import Access
import HTTPServer
import JSON
import Kernel

/// Who may grant what. Pure.
enum GrantRules {
    /// What is given without a grant.
    enum Giving { case wayIn, wayBack }

    /// A grant that somebody makes or takes back, as far as the rules ask.
    struct Wish {
        let role: Role
        var effect: GrantEffect = .allow
        var scope: Scope = .everything
        /// What the key is that the scope names.
        var target: Target?
        var expiresAt: Timestamp?
        /// It is for the caller, for a service account of theirs, or for a group with either in it.
        var isForCaller = false
        /// It binds the caller themselves.
        var bindsCaller = false
        /// It is for somebody whom owners alone may touch.
        var isForOwner = false
    }

    /// Owners make owners, nobody grants what they lack, and nobody but an owner grants to themselves or to a
    /// service account that they own. Denials take away; from owners, owners alone.
    static func check(granting wish: Wish, by caller: Context) throws(Problem) {
        try caller.require(.grantsWrite)
        guard wish.effect == .allow else {
            if wish.isForOwner { try caller.require(.ownersWrite) }
            return
        }
        if wish.role.isOwners { try caller.require(.ownersWrite) }
        try checkHolding(wish, by: caller)
        if wish.isForCaller, caller.actor.principal != nil { try caller.require(.ownersWrite) }
    }

    /// Taking an allowance back needs less, because it only ever takes away. Taking a denial back gives, so
    /// it needs what granting needs; and nobody frees themselves.
    static func check(takingBack wish: Wish, by caller: Context) throws(Problem) {
        try caller.require(.grantsWrite)
        guard wish.effect == .deny else {
            if wish.role.isOwners { try caller.require(.ownersWrite) }
            return
        }
        if wish.bindsCaller {
            throw Problem(.forbidden, "A denial that binds oneself is taken back by somebody else.")
        }
        try checkHolding(wish, by: caller)
        if wish.isForCaller, caller.actor.principal != nil { try caller.require(.ownersWrite) }
    }

    private static func checkHolding(_ wish: Wish, by caller: Context) throws(Problem) {
        if let permission = missing(wish, of: caller.rights) { throw .lacking(permission, on: wish.scope) }
    }

    /// What of it these rights do not cover, as long as it would be granted.
    static func missing(_ wish: Wish, of rights: Rights) -> Permission? {
        Permission.allCases.first { permission in
            wish.role.permissions.contains(permission)
                && !rights.covers(
                    permission, on: wish.scope, wish.target,
                    until: wish.effect == .allow ? wish.expiresAt : nil)
        }
    }

    /// A built-in role on everything, for good.
    static func check(
        granting role: BuiltInRole, to target: PrincipalID, ownedBy owner: UserID?, by caller: Context
    ) throws(Problem) {
        try check(
            granting: Wish(role: Role(role), isForCaller: isOwn(target, ownedBy: owner, caller)), by: caller)
    }

    static func isOwn(_ target: PrincipalID, ownedBy owner: UserID?, _ caller: Context) -> Bool {
        target == caller.actor.principal || AccessTokenRules.isOwned(owner, by: caller.actor)
    }

    /// Changing, disabling and enabling an owner.
    static func checkTouching(_ target: Principal, by caller: Context) throws(Problem) {
        guard target.isOwner, !caller.may(.ownersWrite) else { return }
        throw Problem(
            .forbidden,
            "This is somebody with the rights of an owner: only owners may do it. "
                + "This needs the permission \(Permission.ownersWrite.rawValue).",
            members: [("missing_permission", .string(Permission.ownersWrite.rawValue))])
    }
}

extension Problem {
    /// Nobody gives what they lack.
    static func lacking(_ permission: Permission, on scope: Scope) -> Problem {
        guard scope != .everything else { return .forbidden(missing: permission) }
        return Problem(
            .forbidden, "This needs the permission \(permission.rawValue) on all that it is for, as long.",
            members: [("missing_permission", .string(permission.rawValue))])
    }

    /// Why somebody who may change people may not do this to that one.
    func ofGiving(_ giving: GrantRules.Giving, to id: PrincipalID) -> Problem {
        let who = id.kind == .user ? "user" : "service account"
        let what =
            switch giving {
            case .wayIn: "makes a way to act as this \(who)"
            case .wayBack: "gives this \(who) back what it was granted"
            }
        var problem = self
        problem.detail =
            "It \(what), so it asks for all that granting the same again would ask for. \(detail) "
            + "Owners can do it."
        return problem
    }
}
