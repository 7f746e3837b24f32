import Access
import HTTPServer
package import Kernel
package import Postgres

/// The token that makes the first owner, once. Its hash stands in `installation`; it dies with its use, or a
/// day after it was made.
package enum BootstrapToken {
    package static let lifetime: Period = .hours(24)

    private static let state =
        "select bootstrap_hash, bootstrap_expires_at, bootstrapped_at is not null from installation"
    static let read = Statement("bootstrap_read", derived: state)
    static let lock = Statement("bootstrap_lock", derived: state + " for no key update")
    private static let renew = Statement(
        "bootstrap_renew", "update installation set bootstrap_hash = $1, bootstrap_expires_at = $2")
    private static let spend = Statement(
        "bootstrap_spend",
        "update installation set bootstrap_hash = null, bootstrap_expires_at = null, bootstrapped_at = $1")

    /// At start: a new token when there is no owner yet and no live token; its text is the caller's to keep
    /// (a file of mode 0600). Nil: nothing is to be done. Nodes that start together get one token between
    /// them.
    /// - Parameter replacing: also when there is a live token, for a caller that lost its text.
    package static nonisolated(nonsending) func ensure(
        in database: Database, now: Timestamp, entropy: Entropy, replacing: Bool = false
    ) async throws -> AccessTokenSecret? {
        try await database.transaction { transaction in
            guard let row = try await transaction.query(lock).first, !row.bool(2) else { return nil }
            let isLive = row.optionalTimestamp(1).map { now < $0 } ?? false
            if isLive && !replacing { return nil }
            let secret = AccessTokenSecret(.bootstrap, entropy)
            _ = try await transaction.query(renew, .bytes(secret.hash.bytes), .timestamp(now + lifetime))
            return secret
        }
    }

    /// Whether there is, or was, a first owner.
    package static nonisolated(nonsending) func isDone(in database: any Queryable) async throws -> Bool {
        try await database.query(read).first?.bool(2) ?? false
    }

    /// Throws what a call with this token leads to: `bootstrap_done`, whatever the token, when there is an
    /// owner; `unauthenticated` when there is none, when it is not the token, or too late.
    static nonisolated(nonsending) func check(
        _ secret: AccessTokenSecret?, at now: Timestamp, in database: any Queryable
    ) async throws {
        try check(secret, at: now, against: try await database.query(read).first)
    }

    /// Uses it up in the transaction that makes the owner. Who comes second is told that it is done.
    static nonisolated(nonsending) func spend(
        _ secret: AccessTokenSecret?, at now: Timestamp, in transaction: Transaction
    ) async throws {
        try check(secret, at: now, against: try await transaction.query(lock).first)
        _ = try await transaction.query(spend, .timestamp(now))
    }

    private static func check(_ secret: AccessTokenSecret?, at now: Timestamp, against row: Row?)
        throws(Problem)
    {
        guard let secret else { throw .unauthenticated }
        if row?.bool(2) == true { throw Problem(.bootstrapDone, "There is an owner already.") }
        guard let hash = row?.optionalBytes(0), SecretHash(hash) == secret.hash,
            let expiresAt = row?.optionalTimestamp(1), now < expiresAt
        else { throw .unauthenticated }
    }
}
