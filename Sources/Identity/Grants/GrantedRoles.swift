package import Access
import Kernel
package import Postgres

/// The grants of principals as they count, out of the database.
package enum GrantedRoles {
    private static let one = Statement("granted_one", "select granted($1)")

    /// Those of its groups too, and those that lapsed a while ago; none for who does not exist.
    package static nonisolated(nonsending) func of(
        _ principal: PrincipalID, in source: any Queryable
    ) async throws -> [GrantedRole] {
        guard let row = try await source.query(one, .uuid(principal.uuid)).first, !row.isNull(0) else {
            return []
        }
        return try GrantedRole.list(row.json(0))
    }
}
