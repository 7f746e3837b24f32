import Access
import Kernel
import Postgres

/// That a person was there, for one action of one access token: five minutes, once. By its SHA-256.
enum StepUpProof {
    static let lifetime: Period = .minutes(5)

    private static let insert = Statement(
        "step_up_insert",
        """
        insert into step_up_proof (hash, access_token, operation, method, path, created_at, expires_at,
            by_password)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """)
    private static let sweep = Statement(
        "step_up_sweep",
        """
        delete from step_up_proof where hash in (
            select hash from step_up_proof where expires_at < $1
            order by expires_at limit 20 for update skip locked)
        """)
    /// The age is what the action asks for: a proof may be older than that, and still in its time.
    private static let spend = Statement(
        "step_up_spend",
        """
        update step_up_proof set used_at = $6
        where hash = $1 and access_token = $2 and operation = $3 and method = $4 and path = $5
            and used_at is null and expires_at > $6 and created_at > $7 and (not by_password or $8)
        returning hash
        """)

    private static let voidPasswords = Statement(
        "step_up_void_passwords",
        """
        update step_up_proof set used_at = $2
        where by_password and used_at is null
            and access_token in (select id from access_token where principal = $1)
        """)

    /// What the password proved ends with it.
    static nonisolated(nonsending) func voidPasswords(
        of user: UserID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(voidPasswords, .id(user), .timestamp(now))
    }

    static nonisolated(nonsending) func insert(
        _ secret: AccessTokenSecret, of token: AccessTokenID, _ action: StepUpAction, by way: StepUpWay,
        at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(sweep, .timestamp(now - .hours(1)))
        _ = try await transaction.query(
            insert, .bytes(secret.hash.bytes), .id(token), .text(action.operation), .text(action.method),
            .text(action.path), .timestamp(now), .timestamp(now + lifetime),
            .bool(way == .password))
    }

    /// Uses it up. False for one of something else or somebody else, used, over, or by less than `way`.
    static nonisolated(nonsending) func spend(
        _ secret: AccessTokenSecret, of token: AccessTokenID, _ action: StepUpAction, by way: StepUpWay,
        within: Period, at now: Timestamp, in database: Database
    ) async throws -> Bool {
        try await database.transaction { transaction in
            let rows = try await transaction.query(
                spend, .bytes(secret.hash.bytes), .id(token), .text(action.operation), .text(action.method),
                .text(action.path), .timestamp(now), .timestamp(now - within),
                .bool(way == .password))
            return rows.count == 1
        }
    }
}
