import Access
import HTTPServer
package import Kernel
package import Postgres

/// The token that makes the first owner, once. Its hash stands in `installation`; it dies with its use, or a
/// day after it was made.
package enum BootstrapToken {
    package static let lifetime: Period = .hours(24)

    private static let state =
        """
        select bootstrap_hash, bootstrap_expires_at, bootstrapped_at is not null, bootstrap_place
        from installation
        """
    static let read = Statement("bootstrap_read", derived: state)
    static let lock = Statement("bootstrap_lock", derived: state + " for no key update")
    private static let renew = Statement(
        "bootstrap_renew",
        """
        update installation set bootstrap_hash = $1, bootstrap_expires_at = $2, bootstrap_place = $3
        """)
    private static let spend = Statement(
        "bootstrap_spend",
        """
        update installation set bootstrap_hash = null, bootstrap_expires_at = null, bootstrap_place = null,
            bootstrapped_at = $1
        """)

    /// What a node finds, or makes, at its start.
    package enum Standing: Sendable {
        /// There is, or was, a first owner.
        case spent
        /// Made just now: its text is the caller's to keep at its place (a file of mode 0600).
        case made(AccessTokenSecret)
        /// The caller keeps the text of the pending one.
        case kept(expiresAt: Timestamp)
        /// Another node keeps it. Nil: one that did not say where.
        case elsewhere(place: String?, madeAt: Timestamp, expiresAt: Timestamp)

        package var secret: AccessTokenSecret? {
            if case .made(let secret) = self { secret } else { nil }
        }
    }

    /// Without an owner there is one pending token in the installation, whatever the number of its nodes: a
    /// live one is replaced only by whoever keeps it and lost its text.
    /// - Parameters:
    ///   - place: where the caller keeps, or would keep, the text: unique among nodes.
    ///   - held: what the caller found there.
    package static nonisolated(nonsending) func ensure(
        in database: Database, at place: String, holding held: AccessTokenSecret?, now: Timestamp,
        entropy: Entropy
    ) async throws -> Standing {
        try await database.transaction { transaction in
            guard let row = try await transaction.query(lock).first, !row.bool(2) else { return .spent }
            if let expiresAt = row.optionalTimestamp(1), now < expiresAt {
                if let held, row.optionalBytes(0).map(SecretHash.init) == held.hash {
                    return .kept(expiresAt: expiresAt)
                }
                let keeper = row.optionalText(3)
                if keeper != place {
                    return .elsewhere(place: keeper, madeAt: expiresAt - lifetime, expiresAt: expiresAt)
                }
            }
            let secret = AccessTokenSecret(.bootstrap, entropy)
            _ = try await transaction.query(
                renew, .bytes(secret.hash.bytes), .timestamp(now + lifetime), .text(place))
            return .made(secret)
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
        guard let secret else { throw .noBootstrapToken }
        if row?.bool(2) == true { throw Problem(.bootstrapDone, "There is an owner already.") }
        guard let hash = row?.optionalBytes(0), SecretHash(hash) == secret.hash,
            let expiresAt = row?.optionalTimestamp(1), now < expiresAt
        else { throw .noBootstrapToken }
    }
}

extension Problem {
    fileprivate static var noBootstrapToken: Problem {
        unauthenticated("The bootstrap token is needed: it is in a file that the service names as it starts.")
    }
}
