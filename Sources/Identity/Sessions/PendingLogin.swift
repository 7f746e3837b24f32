import Access
import HTTPServer
import Kernel
import Postgres

/// A log-in whose password was right and whose second factor is to come: five minutes, from the same
/// address, and it leads to one session.
struct PendingLogin {
    static let lifetime: Period = .minutes(5)

    let id: UUID
    let user: UserID
    let address: String?
    let device: String
    let via: WayIn
    let expiresAt: Timestamp
    let isUsed: Bool
    let identity: LoginIdentity

    private static let insert = Statement(
        "pending_login_insert",
        """
        insert into pending_login (id, principal, hash, address, device, created_at, expires_at, via, issuer)
        values ($1, $2, $3, $4, normalize($5::text, NFC), $6, $7, $8, $9)
        """)
    private static let find = Statement(
        "pending_login_find",
        """
        select l.id, l.principal, l.address, l.device, l.expires_at, l.used_at is not null, p.email_folded,
            l.via, l.issuer
        from pending_login l join principal p on p.id = l.principal where l.hash = $1
        """)
    private static let use = Statement(
        "pending_login_use",
        "update pending_login set used_at = $2 where id = $1 and used_at is null returning id")

    private static let end = Statement(
        "pending_login_end", "update pending_login set used_at = $2 where principal = $1 and used_at is null")

    /// Whoever began with what counts no more does not get to the end.
    static nonisolated(nonsending) func end(
        of user: UserID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(end, .id(user), .timestamp(now))
    }

    static nonisolated(nonsending) func insert(
        _ secret: AccessTokenSecret, id: UUID, _ user: UserID, device: String, via: WayIn, _ context: Context,
        in transaction: Transaction
    ) async throws -> Timestamp {
        let expiresAt = context.now + lifetime
        _ = try await transaction.query(
            insert, .uuid(id), .id(user), .bytes(secret.hash.bytes),
            .text(context.actor.address?.description), .text(device), .timestamp(context.now),
            .timestamp(expiresAt), .text(via.text), .text(via.issuer))
        return expiresAt
    }

    /// Unknown, used and lapsed ones, and those of another address, look alike.
    static nonisolated(nonsending) func find(
        _ secret: AccessTokenSecret, _ context: Context, in database: any Queryable
    ) async throws -> PendingLogin {
        guard let row = try await database.query(find, .bytes(secret.hash.bytes)).first else {
            throw Problem.noPendingLogin
        }
        let pending = PendingLogin(
            id: row.uuid(0), user: row.id(1), address: row.optionalText(2), device: row.text(3),
            via: WayIn(row.text(7), issuer: row.optionalText(8)) ?? .password,
            expiresAt: row.timestamp(4), isUsed: row.bool(5), identity: LoginIdentity(row.text(6)))
        guard !pending.isUsed, context.now < pending.expiresAt,
            pending.address == context.actor.address?.description
        else { throw Problem.noPendingLogin }
        return pending
    }

    /// Uses it up; throws for whoever comes second.
    nonisolated(nonsending) func use(at now: Timestamp, in transaction: Transaction) async throws {
        guard try await transaction.query(Self.use, .uuid(id), .timestamp(now)).count == 1 else {
            throw Problem.noPendingLogin
        }
    }
}

extension Problem {
    static var noPendingLogin: Problem {
        unauthenticated("The log-in is unknown, was finished, has lapsed, or began elsewhere: begin anew.")
    }
}
