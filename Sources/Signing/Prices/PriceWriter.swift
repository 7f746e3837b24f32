import Access
import Kernel
import Postgres

/// Whether somebody's prices may bind others: not those of whoever uses keys, nor of a program that such a
/// person manages. They could move their own limit.
struct PriceWriter: Sendable, Equatable {
    let roles: [String]
    /// Of the user who answers for a service account.
    let ownerRoles: [String]

    var counts: Bool { !(roles + ownerRoles).contains(where: Self.usesKeys) }

    /// An own role is among them only when it uses keys.
    private static func usesKeys(_ role: String) -> Bool {
        guard let role = BuiltInRole(rawValue: role) else { return true }
        return role.permissions.contains(.keysSign) || role.permissions.contains(.keysProxy)
    }
}

extension PriceWriter {
    /// Whatever they were granted on, and until when.
    private static let read = Statement(
        "price_writer",
        """
        select key_users_roles(w.id),
            key_users_roles(w.owner)
        from principal w where w.id = $1 and w.status = 'active'
        """)

    /// Nil when there is no such principal, or it may not act.
    static nonisolated(nonsending) func read(
        _ principal: PrincipalID, in source: any Queryable
    ) async throws -> PriceWriter? {
        try await source.query(read, .uuid(principal.uuid)).first.map { row in
            PriceWriter(roles: row.textArray(0), ownerRoles: row.textArray(1))
        }
    }
}
