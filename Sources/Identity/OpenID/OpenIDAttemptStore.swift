import Access
import HTTPServer
import Kernel
import Postgres

/// Attempts as rows, so that one node may begin what another ends, and each ends once.
enum OpenIDAttemptStore {
    /// Of one address at once, or somebody fills the table.
    static let pendingAtMost = 100

    private static let insert = Statement(
        "openid_attempt_insert",
        """
        insert into openid_attempt (state_hash, browser_hash, address, expires_at, began_at, errand, session)
        select $1, $2, $3, $4, $6, $7, $8 where $5 > (select count(*) from openid_attempt
            where address is not distinct from $3 and expires_at > $6)
        """)
    private static let forget = Statement(
        "openid_attempt_forget",
        """
        delete from openid_attempt where state_hash in (select state_hash from openid_attempt
            where expires_at <= $1 order by expires_at limit 100 for update skip locked)
        """)
    private static let take = Statement(
        "openid_attempt_take",
        """
        delete from openid_attempt where state_hash = $1 and browser_hash = $2 and expires_at > $3
        returning errand, session, began_at
        """)

    /// What a browser went there for.
    struct Begun {
        let errand: OpenIDErrand
        let at: Timestamp
    }

    static nonisolated(nonsending) func add(
        _ attempt: OpenIDAttempt, for errand: OpenIDErrand, from address: IPAddress?, at now: Timestamp,
        in database: Database
    ) async throws {
        let isAdded = try await database.transaction { transaction in
            _ = try await transaction.query(forget, .timestamp(now))
            return try await transaction.query(
                insert, .bytes(attempt.stateHash.bytes), .bytes(attempt.browserHash.bytes),
                .text(address.map(place)), .timestamp(now + OpenIDAttempt.lifetime), .int(pendingAtMost),
                .timestamp(now), .text(errand.text), .id(errand.session)
            ).affected == 1
        }
        guard isAdded else {
            throw Problem(
                .rateLimited, "Too many log-ins were begun from this address and not finished.",
                headers: [(.retryAfter, "60")])
        }
    }

    /// An IPv6 network of one household counts as one.
    private static func place(_ address: IPAddress) -> String {
        address.family == .v4 ? "\(address)" : "\(IPAddress(v6: address.high, 0))"
    }

    /// Once, for the browser that began it.
    static nonisolated(nonsending) func take(
        _ attempt: OpenIDAttempt, at now: Timestamp, in database: Database
    ) async throws -> Begun? {
        let rows = try await database.transaction { transaction in
            try await transaction.query(
                take, .bytes(attempt.stateHash.bytes), .bytes(attempt.browserHash.bytes), .timestamp(now))
        }
        return rows.first.flatMap { row in
            OpenIDErrand(row.text(0), session: row.optionalID(1)).map {
                Begun(errand: $0, at: row.timestamp(2))
            }
        }
    }
}
