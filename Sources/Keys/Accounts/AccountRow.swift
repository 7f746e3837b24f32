import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// An account as answers show it: with how many children and keys it has.
struct AccountRow {
    let account: Account
    private let children: Int
    /// In the order of `KeyStatus.allCases`.
    private let keys: [Int]

    /// What stands behind `Account.columns`.
    static let counts = """
        coalesce(c.count, 0), k.quarantined, k.active, k.reduce_only, k.suspended, k.revoked
        """
    /// The accounts are named `a`. What is counted is what the caller may see: parameters `$n`, a sight of
    /// accounts, and `$n+1`, one of keys; null is everything.
    static func joins(_ n: Int) -> String {
        """
        left join (
            select parent, count(*) as count from account
            where parent is not null and ($\(n)::jsonb is null or \(Sight.ofAccounts(n, "account")))
            group by parent) c
            on c.parent = a.id
        cross join lateral (
            select count(*) filter (where status = 'quarantined') as quarantined,
                count(*) filter (where status = 'active') as active,
                count(*) filter (where status = 'reduce_only') as reduce_only,
                count(*) filter (where status = 'suspended') as suspended,
                count(*) filter (where status = 'revoked') as revoked
            from exchange_key k
            where k.account = a.name and k.exchange = a.exchange and k.environment = a.environment
                and ($\(n + 1)::jsonb is null or \(Sight.ofKeys(n + 1, "k")))) k
        """
    }

    static func sights(of context: Context) -> [Parameter] {
        [context.rights.sight(.accountsRead).parameter, context.rights.sight(.keysRead).parameter]
    }

    init(_ row: Row) {
        account = Account(row)
        children = row.int(Account.columnCount)
        keys = (1...Self.statuses.count).map { row.int(Account.columnCount + $0) }
    }

    private static let statuses: [KeyStatus] = [.quarantined, .active, .reduceOnly, .suspended, .revoked]

    /// - Parameter orders: every standing order; the strictest over the account is its mode.
    func write(to w: inout JSONWriter, under orders: [StandingOrder]) {
        w.object { w in
            w.field("id", account.id.description)
            w.field("exchange", account.exchange.rawValue)
            w.field("environment", account.environment.rawValue)
            w.field("name", account.name)
            w.field("uid", account.uid)
            w.field("parent_id", account.parent?.description)
            w.field("holder", account.holder)
            w.field("support_contact", account.supportContact)
            w.field("mode", account.mode(under: orders)?.rawValue)
            w.field("children", children)
            w.object("keys") { w in
                for (status, count) in zip(Self.statuses, keys) { w.field(status.rawValue, count) }
            }
            w.field("created_at", account.createdAt.description)
            w.field("created_by", account.createdBy)
            w.field("updated_at", account.updatedAt.description)
        }
    }

    func response(_ status: HTTPStatus = .ok, under orders: [StandingOrder]) -> Response {
        Response.json(status) { w in write(to: &w, under: orders) }.etag(account.revision)
    }
}
