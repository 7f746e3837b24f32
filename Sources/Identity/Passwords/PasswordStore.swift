import Access
import Crypto
import Kernel
import Postgres

/// Passwords as rows.
enum PasswordStore {
    /// Whom an address that somebody typed belongs to; all nil for nobody.
    struct Candidate {
        let user: UserID?
        let status: PrincipalStatus?
        let hash: PasswordHash?
    }

    /// One row always, so that nobody looks like somebody to whoever measures.
    private static let candidate = Statement(
        "password_candidate",
        """
        select p.id, p.status, w.hash from (values ($1::text)) typed (email)
            left join principal p on p.kind = 'user' and p.email_folded = typed.email
            left join password w on w.principal = p.id
        """)
    private static let lock = Statement(
        "password_lock", "select hash from password where principal = $1 for no key update")
    private static let set = Statement(
        "password_set",
        """
        insert into password (principal, hash, changed_at) values ($1, $2, $3)
        on conflict (principal) do update set hash = excluded.hash, changed_at = excluded.changed_at
        """)
    private static let rehash = Statement(
        "password_rehash", "update password set hash = $2 where principal = $1")
    private static let remove = Statement("password_remove", "delete from password where principal = $1")
    private static let find = Statement("password_find", "select hash from password where principal = $1")

    static nonisolated(nonsending) func remove(of user: UserID, in transaction: Transaction) async throws {
        _ = try await transaction.query(remove, .id(user))
    }

    static nonisolated(nonsending) func candidate(
        _ identity: LoginIdentity, in database: any Queryable
    ) async throws -> Candidate {
        guard let row = try await database.query(candidate, .text(identity.text)).first else {
            return Candidate(user: nil, status: nil, hash: nil)
        }
        return Candidate(
            user: row.optionalID(0), status: row.optionalText(1).flatMap(PrincipalStatus.init),
            hash: row.optionalText(2).map { PasswordHash(text: $0) })
    }

    static nonisolated(nonsending) func find(
        of user: UserID, in database: any Queryable
    ) async throws -> PasswordHash? {
        try await database.query(find, .id(user)).first.map { PasswordHash(text: $0.text(0)) }
    }

    /// As it stands now, locked until the transaction ends.
    static nonisolated(nonsending) func locked(
        of user: UserID, in transaction: Transaction
    ) async throws -> PasswordHash? {
        try await transaction.query(lock, .id(user)).first.map { PasswordHash(text: $0.text(0)) }
    }

    static nonisolated(nonsending) func set(
        _ hash: PasswordHash, of user: UserID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(set, .id(user), .text(hash.text), .timestamp(now))
    }

    /// The same password under today's parameters.
    static nonisolated(nonsending) func rehash(
        _ hash: PasswordHash, of user: UserID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(rehash, .id(user), .text(hash.text))
    }
}
