import Access
import HTTPServer
import Kernel
import Postgres

/// A one-time link by which somebody sets a new password, made by an admin.
struct PasswordReset {
    static let lifetime: Period = .hours(24)

    private static let insert = Statement(
        "password_reset_insert",
        """
        insert into password_reset (id, principal, hash, created_at, created_by, expires_at)
        values ($1, $2, $3, $4, $5, $6)
        """)
    private static let void = Statement(
        "password_reset_void",
        """
        update password_reset set expires_at = least(expires_at, $2)
        where principal = $1 and used_at is null
        """)
    private static let find = Statement(
        "password_reset_find",
        "select principal from password_reset where hash = $1 and used_at is null and expires_at > $2")
    private static let use = Statement(
        "password_reset_use",
        """
        update password_reset set used_at = $2
        where hash = $1 and used_at is null and expires_at > $2 returning principal
        """)

    /// What was sent leads nowhere any more.
    static nonisolated(nonsending) func void(
        of user: UserID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(void, .id(user), .timestamp(now))
    }

    /// Earlier ones are void from then on.
    static nonisolated(nonsending) func insert(
        _ secret: AccessTokenSecret, id: UUID, for user: UserID, _ context: Context,
        in transaction: Transaction
    ) async throws -> Timestamp {
        let expiresAt = context.now + lifetime
        try await void(of: user, at: context.now, in: transaction)
        _ = try await transaction.query(
            insert, .uuid(id), .id(user), .bytes(secret.hash.bytes), .timestamp(context.now),
            .text(context.actor.principal?.description ?? "installation"), .timestamp(expiresAt))
        return expiresAt
    }

    /// Whose it is. Unknown, used and lapsed ones look alike.
    static nonisolated(nonsending) func user(
        of secret: AccessTokenSecret, at now: Timestamp, in database: any Queryable
    ) async throws -> UserID {
        let rows = try await database.query(find, .bytes(secret.hash.bytes), .timestamp(now))
        guard let row = rows.first else { throw Problem.noPasswordReset }
        return row.id(0)
    }

    /// Of several at the same time one gets through: the others wait for the row, and find it used.
    static nonisolated(nonsending) func use(
        _ secret: AccessTokenSecret, at now: Timestamp, in transaction: Transaction
    ) async throws {
        let rows = try await transaction.query(use, .bytes(secret.hash.bytes), .timestamp(now))
        guard rows.count == 1 else { throw Problem.noPasswordReset }
    }
}

extension Problem {
    static var noPasswordReset: Problem {
        unauthenticated("The link is unknown, was used already, or has lapsed.")
    }
}
