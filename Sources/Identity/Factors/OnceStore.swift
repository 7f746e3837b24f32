import Access
import Crypto
import Kernel
import Postgres

/// What counts once: the steps of one-time codes, recovery codes, challenges.
enum OnceStore {
    private static let makeStanding = Statement(
        "factor_standing_make", "insert into factor_standing (principal) values ($1) on conflict do nothing")
    private static let lockSteps = Statement(
        "factor_steps_lock",
        "select totp_step from factor_standing where principal = $1 for no key update")
    private static let writeSteps = Statement(
        "factor_steps_write", "update factor_standing set totp_step = $2 where principal = $1")
    private static let useCode = Statement(
        "recovery_code_use",
        """
        update recovery_code set used_at = $3 where principal = $1 and hash = $2 and used_at is null
        returning principal
        """)
    private static let countCodes = Statement(
        "recovery_code_count",
        """
        select count(*) filter (where used_at is null), max(created_at) from recovery_code
        where principal = $1
        """)
    private static let insertCodes = Statement(
        "recovery_code_insert",
        """
        insert into recovery_code (principal, hash, created_at)
        select $1, h, $3 from unnest($2::bytea[]) as h
        """)
    private static let deleteCodes = Statement(
        "recovery_code_delete", "delete from recovery_code where principal = $1")
    private static let spend = Statement(
        "challenge_spend",
        """
        insert into spent_challenge (hash, expires_at) values ($1, $2) on conflict do nothing
        returning expires_at
        """)
    private static let sweep = Statement(
        "challenge_sweep",
        """
        delete from spent_challenge where hash in (
            select hash from spent_challenge where expires_at < $1
            order by expires_at limit 20 for update skip locked)
        """)

    /// Locked until the transaction ends, so that a user's answers are looked at one after another.
    static nonisolated(nonsending) func steps(
        of user: UserID, in transaction: Transaction
    ) async throws -> CodeSteps {
        _ = try await transaction.query(makeStanding, .id(user))
        let row = try await transaction.query(lockSteps, .id(user)).first
        return CodeSteps(newest: row?.int64(0) ?? 0)
    }

    static nonisolated(nonsending) func write(
        _ steps: CodeSteps, of user: UserID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(writeSteps, .id(user), .int64(steps.newest))
    }

    // MARK: Recovery codes

    static nonisolated(nonsending) func use(
        _ code: RecoveryCode, of user: UserID, at now: Timestamp, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.query(useCode, .id(user), .bytes(code.hash(of: user)), .timestamp(now)).count
            == 1
    }

    static nonisolated(nonsending) func codes(
        of user: UserID, in source: any Queryable
    ) async throws -> (left: Int, madeAt: Timestamp?) {
        guard let row = try await source.query(countCodes, .id(user)).first else { return (0, nil) }
        return (row.int(0), row.optionalTimestamp(1))
    }

    /// Those before count no longer.
    static nonisolated(nonsending) func replaceCodes(
        of user: UserID, by codes: [RecoveryCode], at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(deleteCodes, .id(user))
        guard !codes.isEmpty else { return }
        _ = try await transaction.query(
            insertCodes, .id(user), .byteaArray(codes.map { $0.hash(of: user) }), .timestamp(now))
    }

    // MARK: Challenges

    /// False: it was answered before.
    static nonisolated(nonsending) func spend(
        _ challenge: [UInt8], until end: Timestamp, at now: Timestamp, in transaction: Transaction
    ) async throws -> Bool {
        // Clocks of nodes differ a little: what is over stays an hour longer.
        _ = try await transaction.query(sweep, .timestamp(now - .hours(1)))
        return try await transaction.query(spend, .bytes(SHA256.hash(challenge)), .timestamp(end)).count == 1
    }
}
