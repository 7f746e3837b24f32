import Access
import Events
import HTTPServer
import Kernel
import Postgres

extension Change {
    private static let behind = Statement(
        "humans_behind",
        """
        select p.owner, array(select distinct t.created_by from access_token t
            where t.principal = p.id or t.id = $2)
        from principal p where p.id = $1
        """)
    private static let owners = Statement(
        "humans_owners", "select owner from principal where id = any ($1) and owner is not null")

    /// The people behind what is done here by this principal: a user themselves; of a service account its
    /// owner, and whoever issued it an access token that counts.
    nonisolated(nonsending) func humansBehind(_ principal: PrincipalID) async throws -> [UserID] {
        if principal.kind == .user { return [UserID(principal.uuid)] }
        let row = try await transaction.query(
            Self.behind, .uuid(principal.uuid), .id(context.actor.accessToken)
        ).first
        guard let row else { throw Problem.unauthenticated }
        let issuers = row.textArray(1).compactMap { PrincipalID($0) }
        let accounts = issuers.filter { $0.kind == .serviceAccount }.map(\.uuid)
        var people = Set(issuers.filter { $0.kind == .user }.map { UserID($0.uuid) })
        if let owner = row.optionalID(0, as: UserKind.self) { people.insert(owner) }
        if !accounts.isEmpty {
            let owners = try await transaction.query(Self.owners, .uuidArray(accounts))
            for owner in owners { people.insert(owner.id(0)) }
        }
        return people.sorted()
    }
}
