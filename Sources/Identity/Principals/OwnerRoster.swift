import Access
import HTTPServer
package import Postgres

/// At least one active owner stays, whoever acts at the same time. Who counts: users who were granted the
/// role themselves, on everything, for good, who are denied nothing, and who can come in: by a password, a
/// passkey, or an account of the provider. An access token ends some day, and proves nobody: those who have
/// no more count only as long as nobody at all has, as on the first day. Who came by breaking glass is gone
/// in an hour, and does not count.
package enum OwnerRoster {
    /// Whoever may unmake an owner takes it first of all, so that two of them cannot each spare the other's.
    private static let advisoryLock: Int64 = 0x6B62_6F77_6E72  // "kbownr"
    private static let lock = Statement("owners_lock", "select pg_advisory_xact_lock($1)")
    private static let has = Statement(
        "owners_has",
        """
        select coalesce(bool_or(w.principal is not null), false)
            or count(*) > 0 and not exists (select from way_in)
        from principal p left join way_in w on w.principal = p.id
        where p.kind = 'user' and p.status = 'active' and exists (
                select from access_grant g
                where g.principal = p.id and g.role = 'owner' and g.effect = 'allow' and g.scope = '{}'
                    and g.expires_at is null)
            and not exists (select from granted_to d where d.grantee = p.id and d.effect = 'deny')
            and not exists (select from break_glass b where b.principal = p.id)
        """)

    static nonisolated(nonsending) func lock(in transaction: Transaction) async throws {
        _ = try await transaction.query(lock, .int64(advisoryLock))
    }

    /// After the change, in its transaction: throws `last_owner`, which undoes it, when nobody is left.
    static nonisolated(nonsending) func checkSomebodyStays(in transaction: Transaction) async throws {
        guard try await hasSomebody(in: transaction) else {
            throw Problem(
                .lastOwner,
                "The last active owner has to stay one: with a password, a passkey or a linked account.")
        }
    }

    /// A way in goes, or something that one needs for it: not the last of the last owner.
    static nonisolated(nonsending) func keepingSomebody<Result>(
        in transaction: Transaction, _ body: nonisolated(nonsending) () async throws -> Result
    ) async throws -> Result {
        try await lock(in: transaction)
        let hadSomebody = try await hasSomebody(in: transaction)
        let result = try await body()
        if hadSomebody { try await checkSomebodyStays(in: transaction) }
        return result
    }

    package static nonisolated(nonsending) func hasSomebody(in transaction: Transaction) async throws -> Bool
    {
        try await transaction.query(has).first?.bool(0) ?? false
    }
}
