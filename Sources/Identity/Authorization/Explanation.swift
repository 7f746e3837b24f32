import Access
import JSON
import Kernel

/// Why somebody may or may not: every grant of theirs, and the one that decides. Pure.
struct Explanation {
    enum Weight: String {
        case allows, denies
        case lapsed
        case roleLacksIt = "role_lacks_it"
        case scopeDoesNotMatch = "scope_does_not_match"
        /// A grant on some keys does not bear on what is not about keys.
        case notAboutKeys = "not_about_keys"
    }

    enum Verdict: String {
        case allowed
        case denied
        case noGrant = "no_grant"
        /// The access token's scopes leave it out.
        case narrowed
        /// The principal is invited, disabled or lapsed.
        case inactive
        /// They should have had a second factor by now, and it is more than reading.
        case factorOverdue = "factor_overdue"
    }

    /// Of the principal, what bears on everything that was granted.
    struct Condition {
        var isActive = true
        var isFactorOverdue = false
    }

    let permission: Permission
    let target: Target?
    let considered: [(grant: GrantedRole, weight: Weight)]
    let verdict: Verdict
    /// Nil where no grant decides.
    let deciding: GrantID?

    /// - Parameters:
    ///   - target: nil asks for everything.
    ///   - scopes: of the access token, where somebody asks for themselves.
    init(
        _ permission: Permission, on target: Target?, _ grants: [GrantedRole], scopes: [Permission]?,
        _ condition: Condition = Condition(), at now: Timestamp
    ) {
        (self.permission, self.target) = (permission, target)
        considered = grants.map { ($0, Self.weigh($0, permission, target, now)) }
        // Denial wins; a denial on some keys stands against "on everything" too.
        let denying = considered.first { $0.weight == .denies }?.grant.id
        let allowing = considered.first { $0.weight == .allows }?.grant.id
        deciding = denying ?? allowing
        if !condition.isActive {
            verdict = .inactive
        } else if denying != nil {
            verdict = .denied
        } else if allowing == nil {
            verdict = .noGrant
        } else if let scopes, !scopes.contains(permission) {
            verdict = .narrowed
        } else {
            verdict = condition.isFactorOverdue && !permission.onlyReads ? .factorOverdue : .allowed
        }
    }

    private static func weigh(
        _ grant: GrantedRole, _ permission: Permission, _ target: Target?, _ now: Timestamp
    ) -> Weight {
        if grant.hasLapsed(at: now) { return .lapsed }
        if !grant.permissions.contains(permission) { return .roleLacksIt }
        if grant.scope != .everything, !permission.takesScope { return .notAboutKeys }
        let weight: Weight = grant.effect == .allow ? .allows : .denies
        guard let target else {
            return grant.scope == .everything || grant.effect == .deny ? weight : .scopeDoesNotMatch
        }
        return grant.scope.matches(target) ? weight : .scopeDoesNotMatch
    }

    func writeFields(to w: inout JSONWriter) {
        w.field("permission", permission.rawValue)
        w.field("allowed", verdict == .allowed)
        w.field("verdict", verdict.rawValue)
        w.field("deciding_grant_id", deciding?.description)
        w.array("grants", considered) { w, one in
            w.object { w in
                one.grant.writeFields(to: &w)
                w.field("weight", one.weight.rawValue)
            }
        }
    }
}
