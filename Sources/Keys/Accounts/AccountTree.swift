import Access
import JSON
import Kernel
import Postgres

/// Accounts and their sub-accounts: no account stands above itself, and the tree stays shallow.
enum AccountTree {
    /// Two moves, each harmless, could make a circle together: whoever sets a parent holds it.
    private static let advisoryLock: Int64 = 0x6B62_6163_6374  // "kbacct"
    private static let lock = Statement("account_tree_lock", "select pg_advisory_xact_lock($1)")
    // Both walks end at 64 levels, far beyond what is ever stored, whatever somebody wrote past the service.
    private static let above = Statement(
        "account_above",
        """
        with recursive up (id, parent, place) as (
            select id, parent, 1 from account where id = $1
            union all
            select a.id, a.parent, up.place + 1 from up join account a on a.id = up.parent
            where up.place < 64)
        select id from up order by place
        """)
    private static let levelsBelow = Statement(
        "account_levels_below",
        """
        with recursive down (id, level) as (
            select id, 0 from account where id = $1
            union all
            select a.id, down.level + 1 from down join account a on a.parent = down.id
            where down.level < 64)
        select coalesce(max(level), 0)::bigint from down
        """)

    nonisolated(nonsending) static func hold(in transaction: Transaction) async throws {
        _ = try await transaction.query(lock, .int64(advisoryLock))
    }

    /// Throws when the account cannot stand below its parent. The tree is held.
    nonisolated(nonsending) static func check(
        _ account: Account, for context: Context, in transaction: Transaction
    ) async throws {
        guard let id = account.parent else { return }
        guard let parent = try await AccountStore.find(id, for: context, in: transaction)?.account,
            context.may(.accountsRead, on: parent.target)
        else {
            throw refusal("not_found", "is no account")
        }
        guard parent.exchange == account.exchange, parent.environment == account.environment else {
            throw refusal("not_allowed", "must be an account at the same exchange and environment")
        }
        let chain = try await transaction.query(above, .id(id)).map { $0.id(0, as: AccountKind.self) }
        guard !chain.contains(account.id) else {
            throw refusal("not_allowed", "must not be the account itself, nor stand below it")
        }
        let below = try await transaction.query(levelsBelow, .id(account.id)).first?.int(0) ?? 0
        guard chain.count + 1 + below <= Account.levelLimit else {
            throw refusal("not_allowed", "would make more than \(Account.levelLimit) levels of accounts")
        }
    }

    private static func refusal(_ code: String, _ message: String) -> FieldErrors {
        FieldErrors(FieldError(pointer: "/parent_id", code: code, message: message))
    }
}
