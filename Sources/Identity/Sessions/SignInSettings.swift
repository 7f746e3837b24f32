import Access
import JSON
import Kernel
import Postgres

/// What owners decide about log-in.
struct SignInSettings: Equatable {
    /// How long somebody may go without a second factor, from joining.
    var mfaGrace: Period
    /// A session lapses after that long without a request.
    var sessionIdle: Period
    /// And after that long in any case.
    var sessionLifetime: Period
    var updatedAt: Timestamp?
    var updatedBy: String?
    var revision: Int64

    private static let columns =
        """
        select extract(epoch from mfa_grace)::bigint, extract(epoch from session_idle)::bigint,
            extract(epoch from session_lifetime)::bigint, updated_at, updated_by, revision
        from sign_in
        """
    static let find = Statement("sign_in_find", derived: columns)
    static let lock = Statement("sign_in_lock", derived: columns + " for no key update")
    private static let update = Statement(
        "sign_in_update",
        """
        update sign_in set mfa_grace = make_interval(secs => $1), session_idle = make_interval(secs => $2),
            session_lifetime = make_interval(secs => $3), updated_at = $4, updated_by = $5,
            revision = revision + 1
        """)

    static nonisolated(nonsending) func read(in database: any Queryable) async throws -> SignInSettings {
        try await first(of: try await database.query(find))
    }

    static nonisolated(nonsending) func locked(in transaction: Transaction) async throws -> SignInSettings {
        try await first(of: try await transaction.query(lock))
    }

    private static nonisolated(nonsending) func first(of rows: Rows) async throws -> SignInSettings {
        guard let row = rows.first else { preconditionFailure("sign_in has its one row from the beginning") }
        return SignInSettings(
            mfaGrace: .seconds(row.int64(0)), sessionIdle: .seconds(row.int64(1)),
            sessionLifetime: .seconds(row.int64(2)), updatedAt: row.optionalTimestamp(3),
            updatedBy: row.optionalText(4), revision: row.int64(5))
    }

    nonisolated(nonsending) func store(in transaction: Transaction) async throws {
        _ = try await transaction.query(
            Self.update, .double(mfaGrace.seconds), .double(sessionIdle.seconds),
            .double(sessionLifetime.seconds), .timestamp(updatedAt), .text(updatedBy))
    }

    /// The names of the fields that differ, as the contract has them.
    func differences(from before: SignInSettings) -> [String] {
        [
            mfaGrace == before.mfaGrace ? nil : "mfa_grace",
            sessionIdle == before.sessionIdle ? nil : "session_idle",
            sessionLifetime == before.sessionLifetime ? nil : "session_lifetime",
        ].compactMap { $0 }
    }
}

extension SignInSettings: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("mfa_grace", mfaGrace.description)
            w.field("session_idle", sessionIdle.description)
            w.field("session_lifetime", sessionLifetime.description)
            w.field("updated_at", updatedAt?.description)
            w.field("updated_by", updatedBy)
            w.field("revision", revision)
        }
    }
}
