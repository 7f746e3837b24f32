import Access
import HTTPServer
import Kernel
import Postgres

/// A one-time token that makes an invited user active.
struct Invitation {
    static let lifetime: Period = .days(7)

    let principal: UserID
    let expiresAt: Timestamp
    let isUsed: Bool
    /// The Idempotency-Key and the body's digest of the call that used it.
    let usedKey: String?
    let usedDigest: [UInt8]?
    /// Made on the host: it is good for an owner who joined already, too.
    let recovers: Bool

    private static let insert = Statement(
        "invitation_insert",
        """
        insert into invitation (id, principal, hash, created_at, created_by, expires_at, recovers)
        values ($1, $2, $3, $4, $5, $6, $7)
        """)
    private static let find = Statement(
        "invitation_find",
        """
        select principal, expires_at, used_at is not null, used_key, used_digest, recovers
        from invitation where hash = $1
        """
    )
    private static let lock = Statement(
        "invitation_lock", "select id from invitation where hash = $1 for no key update")
    private static let use = Statement(
        "invitation_use",
        "update invitation set used_at = $2, used_key = $3, used_digest = $4 where hash = $1")

    private static let void = Statement(
        "invitation_void",
        "update invitation set expires_at = least(expires_at, $2) where principal = $1 and used_at is null")

    /// None that is out leads anywhere from now on.
    static nonisolated(nonsending) func void(
        of user: UserID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(void, .id(user), .timestamp(now))
    }

    static nonisolated(nonsending) func insert(
        _ secret: AccessTokenSecret, id: UUID, for user: UserID, by actor: Actor, at now: Timestamp,
        lasting: Period = lifetime, recovers: Bool = false, in transaction: Transaction
    ) async throws -> Timestamp {
        let expiresAt = now + lasting
        _ = try await transaction.query(
            insert, .uuid(id), .id(user), .bytes(secret.hash.bytes), .timestamp(now),
            .text(actor.principal?.description ?? "installation"), .timestamp(expiresAt), .bool(recovers))
        return expiresAt
    }

    static nonisolated(nonsending) func find(
        _ secret: AccessTokenSecret, in database: any Queryable
    ) async throws -> Invitation? {
        guard let row = try await database.query(find, .bytes(secret.hash.bytes)).first else { return nil }
        return Invitation(
            principal: row.id(0), expiresAt: row.timestamp(1), isUsed: row.bool(2),
            usedKey: row.optionalText(3),
            usedDigest: row.optionalBytes(4), recovers: row.bool(5))
    }

    /// Uses it up. Unknown, used and lapsed ones look alike; only the call that used it is told that it did.
    static nonisolated(nonsending) func accept(
        _ secret: AccessTokenSecret, _ context: Context, _ claim: IdempotencyClaim?,
        in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(lock, .bytes(secret.hash.bytes))
        guard let invitation = try await find(secret, in: transaction) else { throw Problem.noInvitation }
        try invitation.checkUnused(claim)
        guard context.now < invitation.expiresAt else { throw Problem.noInvitation }
        _ = try await transaction.query(
            use, .bytes(secret.hash.bytes), .timestamp(context.now), .text(claim?.key),
            .bytes(claim?.bodyDigest))
    }

    private func checkUnused(_ claim: IdempotencyClaim?) throws(Problem) {
        guard isUsed else { return }
        guard let claim, claim.key == usedKey else { throw .noInvitation }
        guard claim.bodyDigest == usedDigest else {
            throw Problem(.idempotencyKeyReused, "The Idempotency-Key was used with another body.")
        }
        throw Problem(.alreadyDone, "The invitation was accepted; its access token was shown then.")
    }
}

extension Problem {
    static var noInvitation: Problem {
        unauthenticated("The invitation is unknown, was accepted already, or has lapsed.")
    }
}
