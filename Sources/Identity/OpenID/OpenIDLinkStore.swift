import Access
import Kernel
import Postgres

/// Whom the provider's people are here, and which of their grants came from there.
enum OpenIDLinkStore {
    /// A user as the provider's person, or as who could become that.
    struct Found: Equatable {
        let user: UserID
        /// False: found by address, and not linked to anybody yet.
        let isLinked: Bool
    }

    private static let findLinked = Statement(
        "openid_find_linked", "select principal from openid_link where issuer = $1 and subject = $2")
    /// Whoever has this address, and whether they are somebody at the provider already.
    private static let findByEmail = Statement(
        "openid_find_email",
        """
        select p.id, l.principal is not null from principal p left join openid_link l on l.principal = p.id
        where p.kind = 'user' and p.email_folded = normalize($1::text, NFC)
        """)
    private static let link = Statement(
        "openid_link_insert",
        """
        insert into openid_link (principal, issuer, subject, linked_at) values ($1, $2, $3, $4)
        on conflict do nothing
        """)
    private static let isLinked = Statement(
        "openid_link_check",
        "select from openid_link where principal = $1 and issuer = $2 and subject = $3 for share")
    private static let grants = Statement(
        "openid_grants",
        """
        select g.id, g.role, g.created_at, g.created_by, o.group_name
        from openid_grant o join access_grant g on g.id = o.id
        where o.principal = $1 order by g.id
        """)
    private static let mark = Statement(
        "openid_grant_mark", "insert into openid_grant (id, principal, group_name) values ($1, $2, $3)")

    private static let unlink = Statement("openid_unlink", "delete from openid_link where principal = $1")

    static nonisolated(nonsending) func unlink(_ user: UserID, in transaction: Transaction) async throws {
        _ = try await transaction.query(unlink, .id(user))
    }

    static nonisolated(nonsending) func linked(
        to subject: String, of issuer: String, in database: any Queryable
    ) async throws -> UserID? {
        try await database.query(findLinked, .text(issuer), .text(subject)).first?.id(0)
    }

    static nonisolated(nonsending) func user(
        by email: String, in database: any Queryable
    ) async throws -> Found? {
        try await database.query(findByEmail, .text(email.lowercased())).first.map { row in
            Found(user: row.id(0), isLinked: row.bool(1))
        }
    }

    /// False when either of the two is somebody else's already.
    static nonisolated(nonsending) func link(
        _ user: UserID, to subject: String, of issuer: String, at now: Timestamp, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.query(link, .id(user), .text(issuer), .text(subject), .timestamp(now))
            .affected == 1
    }

    static nonisolated(nonsending) func isLinked(
        _ user: UserID, to subject: String, of issuer: String, in transaction: Transaction
    ) async throws -> Bool {
        try await !transaction.query(isLinked, .id(user), .text(issuer), .text(subject)).isEmpty
    }

    static nonisolated(nonsending) func grants(of user: UserID, in transaction: Transaction) async throws
        -> [(grant: Grant, group: String)]
    {
        try await transaction.query(grants, .id(user)).map { row in
            let grant = Grant(
                id: row.id(0), grantee: .principal(PrincipalID(user)), role: row.text(1),
                createdAt: row.timestamp(2), createdBy: row.optionalText(3))
            return (grant, row.text(4))
        }
    }

    static nonisolated(nonsending) func mark(
        _ grant: Grant, of group: String, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            mark, .id(grant.id), .uuid(grant.grantee.principal), .text(group))
    }
}
