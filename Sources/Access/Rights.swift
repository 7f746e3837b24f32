package import Kernel

/// What a principal's grants give together, at one moment, narrowed by the scopes of an access token. Denial
/// wins, wherever it stands.
///
/// An object, because every request carries it along, and most need no more of it than `everywhere`.
package final class Rights: Sendable {
    /// On everything: granted on everything, and denied on nothing that it could be about.
    package let everywhere: Set<Permission>
    /// On something at least; what is `everywhere` too.
    package let somewhere: Set<Permission>
    /// When one of the grants lapses that it was made of, or the principal itself: then it has to be made
    /// anew. Nil: none does.
    package let lapsesAt: Timestamp?
    /// Own roles among the grants: when one of them changes, this is another.
    private let ownRoles: [String]
    /// What is granted and denied where; for permissions that are not `everywhere`.
    let allowed: [Part]
    let denied: [Part]

    struct Part: Equatable, Sendable {
        let permissions: PermissionBits
        let scope: Scope
        let expiresAt: Timestamp?
    }

    /// - Parameter end: when the principal itself lapses.
    package init(
        _ grants: [GrantedRole], scopes: [Permission]? = nil, at now: Timestamp, until end: Timestamp? = nil
    ) {
        let counting = grants.filter { !$0.hasLapsed(at: now) }
        let narrow = { (permissions: Set<Permission>) in
            scopes.map { permissions.intersection($0) } ?? permissions
        }
        let allows = counting.filter { $0.effect == .allow }
        let denials = counting.filter { $0.effect == .deny }
        let union = { (grants: [GrantedRole]) in grants.reduce(into: Set()) { $0.formUnion($1.permissions) } }
        let deniedEverywhere = union(denials.filter { $0.scope == .everything })
        let deniedSomewhere = union(denials).filter(\.takesScope)
        let onEverything = narrow(union(allows.filter { $0.scope == .everything })).subtracting(
            deniedEverywhere)
        everywhere = onEverything.subtracting(deniedSomewhere)
        somewhere = onEverything.union(narrow(union(allows)).filter(\.takesScope)).subtracting(
            deniedEverywhere)
        ownRoles = Set(grants.map(\.role).filter { BuiltInRole(rawValue: $0) == nil }).sorted()
        lapsesAt = (counting.map(\.expiresAt) + [end]).compactMap(\.self).min()
        allowed = allows.map { Part($0, narrow($0.permissions)) }
        denied = denials.map { Part($0, $0.permissions) }
    }

    /// Everything of that, without a grant: the installation's own doings, and tests.
    package init(everywhere permissions: Set<Permission>) {
        (everywhere, somewhere) = (permissions, permissions)
        (lapsesAt, ownRoles, allowed, denied) = (nil, [], [], [])
    }

    /// What it stands on, of that principal: a change of authority that touches none of it leaves it so.
    package func grounds(of principal: PrincipalID) -> [Touched] {
        [.principal(principal)] + ownRoles.map { .role($0) }
    }

    package static let none = Rights(everywhere: [])
}

extension Rights.Part {
    fileprivate init(_ grant: GrantedRole, _ permissions: Set<Permission>) {
        self.init(permissions: PermissionBits(permissions), scope: grant.scope, expiresAt: grant.expiresAt)
    }
}

// MARK: Decisions

extension Rights {
    /// The decision. Costs one look-up where the permission is had everywhere or nowhere.
    package func may(_ permission: Permission, on target: Target) -> Bool {
        if everywhere.contains(permission) { return true }
        guard somewhere.contains(permission), permission.takesScope else { return false }
        let wanted = PermissionBits(CollectionOfOne(permission))
        return allowed.contains { $0.permissions.intersects(wanted) && $0.scope.matches(target) }
            && !denied.contains { $0.permissions.intersects(wanted) && $0.scope.matches(target) }
    }

    /// Whether it is had on all that is in the scope, now and later, until then: what it takes to grant it.
    /// - Parameters:
    ///   - target: what the key is that the scope names, if it names one.
    ///   - until: nil is for good.
    package func covers(
        _ permission: Permission, on scope: Scope, _ target: Target? = nil, until: Timestamp? = nil
    ) -> Bool {
        if allowed.isEmpty { return everywhere.contains(permission) }
        let wanted = PermissionBits(CollectionOfOne(permission))
        let isDenied = denied.contains { part in
            part.permissions.intersects(wanted) && part.scope.overlaps(scope, target)
        }
        return !isDenied
            && allowed.contains { part in
                part.permissions.intersects(wanted) && part.scope.covers(scope, target)
                    && part.lasts(until)
            }
    }
}

extension Rights.Part {
    /// At least as long as that.
    fileprivate func lasts(_ until: Timestamp?) -> Bool {
        guard let expiresAt else { return true }
        return until.map { $0 <= expiresAt } ?? false
    }
}

extension Rights: Equatable {
    package static func == (a: Rights, b: Rights) -> Bool {
        a === b
            || a.everywhere == b.everywhere && a.somewhere == b.somewhere && a.lapsesAt == b.lapsesAt
                && a.allowed == b.allowed && a.denied == b.denied
    }
}
