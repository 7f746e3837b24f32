package import Access
import Exchanges
import HTTPServer
import Kernel
package import Postgres

/// Changing what a key is known by moves it out of scopes and into others: to whoever was granted something
/// there, that is a grant.
package enum ScopeMoves {
    /// A desk has some dozens of grants by tag or owner.
    private static let flipping = Statement(
        "scope_moves",
        """
        select g.role, g.effect, r.permissions from access_grant g left join role r on r.name = g.role
        where (g.scope ? 'tags' or g.scope ? 'owner_id') and (g.expires_at is null or g.expires_at > $1)
            and in_scope(g.scope, null, $2, $3, $4, $5, $6) <> in_scope(g.scope, null, $2, $3, $4, $7, $8)
            and (g.effect = 'deny') = in_scope(g.scope, null, $2, $3, $4, $5, $6)
        """)

    /// The caller must have the right to change it where it was and where it will be, must not come to more
    /// by it, and must hold on it whatever somebody gains by it. What an approval rule guards leaves it only
    /// by that rule.
    package static nonisolated(nonsending) func check(
        from before: Target, to after: Target, by caller: Context, in transaction: Transaction
    ) async throws {
        guard before.tags != after.tags || before.owner != after.owner else { return }
        guard caller.may(.keysWrite, on: after) else { throw Problem.forbidden(missing: .keysWrite) }
        for permission in Permission.allCases where permission.takesScope {
            if caller.may(permission, on: after), !caller.may(permission, on: before) {
                throw Problem.forbidden(missing: permission)
            }
        }
        let rows = try await transaction.query(
            flipping, .timestamp(caller.now), .text(before.exchange.rawValue),
            .text(before.environment.rawValue), .text(before.account), .textArray(before.tags),
            .text(before.owner?.description), .textArray(after.tags), .text(after.owner?.description))
        try await RuleScopes.check(from: before, to: after, by: caller, in: transaction)
        for row in rows {
            let built = BuiltInRole(rawValue: row.text(0))?.permissions
            let given = built ?? Set(row.isNull(2) ? [] : row.textArray(2).compactMap(Permission.init))
            for permission in Permission.allCases where permission.takesScope && given.contains(permission) {
                guard caller.may(permission, on: before) else { throw Problem.forbidden(missing: permission) }
            }
        }
    }
}
