import Access
import Kernel
import Postgres

/// Whom the provider's people are here, and which of their grants came from there.
enum OpenIDLinkStore {
    /// Whoever has an address.
    struct Found: Equatable {
        let user: UserID
        /// They are somebody at the provider already.
        let isLinked: Bool
        /// An invitation went there, and still leads in.
        let isInvited: Bool
    }

    /// Whom somebody is at the provider.
    struct Link: Equatable {
        let issuer: String
        let linkedAt: Timestamp
    }

    private static let findLinked = Statement(
        "openid_find_linked", "select principal from openid_link where issuer = $1 and subject = $2")
    private static let findByEmail = Statement(
        "openid_find_email",
        """
        select p.id, l.principal is not null, p.status = 'invited' and p.joined_at is null and exists (
            select from invitation v
            where v.principal = p.id and v.used_at is null and v.expires_at > $2)
        from principal p left join openid_link l on l.principal = p.id
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
    private static let find = Statement(
        "openid_link_find", "select issuer, linked_at from openid_link where principal = $1")
    private static let grants = Statement(
        "openid_grants",
        """
        select g.id, g.role, g.created_at, g.created_by, o.group_name
        from openid_grant o join access_grant g on g.id = o.id
        where o.principal = $1 order by g.id
        """)
    private static let mark = Statement(
        "openid_grant_mark", "insert into openid_grant (id, principal, group_name) values ($1, $2, $3)")

    private static let members = Statement(
        "openid_members",
        "select group_id, group_name from openid_member where principal = $1 order by group_id")
    private static let markMember = Statement(
        "openid_member_mark",
        "insert into openid_member (group_id, principal, group_name) values ($1, $2, $3)")
    private static let keepBinding = Statement(
        "openid_member_keep",
        """
        delete from openid_member m where m.principal = $1 and exists (
            select from access_grant g
            where g.group_id = m.group_id and g.effect = 'deny'
                and (g.expires_at is null or g.expires_at > $2))
        """)
    private static let unlink = Statement("openid_unlink", "delete from openid_link where principal = $1")

    /// False: there was no link.
    @discardableResult
    static nonisolated(nonsending) func unlink(
        _ user: UserID, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.query(unlink, .id(user)).affected == 1
    }

    static nonisolated(nonsending) func find(
        of user: UserID, in source: any Queryable
    ) async throws -> Link? {
        try await source.query(find, .id(user)).first.map {
            Link(issuer: $0.text(0), linkedAt: $0.timestamp(1))
        }
    }

    static nonisolated(nonsending) func linked(
        to subject: String, of issuer: String, in database: any Queryable
    ) async throws -> UserID? {
        try await database.query(findLinked, .text(issuer), .text(subject)).first?.id(0)
    }

    static nonisolated(nonsending) func user(
        by email: String, at now: Timestamp, in database: any Queryable
    ) async throws -> Found? {
        let rows = try await database.query(findByEmail, .text(email.lowercased()), .timestamp(now))
        return rows.first.map { row in
            Found(user: row.id(0), isLinked: row.bool(1), isInvited: row.bool(2))
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

    /// Memberships that came from a group of the provider's.
    static nonisolated(nonsending) func members(of user: UserID, in transaction: Transaction) async throws
        -> [(id: GroupID, group: String)]
    {
        try await transaction.query(members, .id(user)).map { ($0.id(0), $0.text(1)) }
    }

    /// Memberships of groups that are denied something are by hand from then on: nobody frees themselves.
    static nonisolated(nonsending) func keepWhatBinds(
        _ user: UserID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(keepBinding, .id(user), .timestamp(now))
    }

    static nonisolated(nonsending) func mark(
        _ user: UserID, memberOf id: GroupID, by group: String, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(markMember, .id(id), .id(user), .text(group))
    }
}
