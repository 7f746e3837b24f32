package import Access
package import Kernel
package import Keys
package import Postgres

extension OrdersSeen {
    private static let span: Period = .days(7)

    /// Of each key its last thousand uses, and of these two hundred that trade or cancel: orders that the
    /// exchange took, or may have taken, other than at the market, and that no later cancel names by their
    /// client order id. What is no order any more for other reasons nobody here has seen.
    private static let read = Statement(
        "usage_orders_seen",
        """
        select s.subject, (sum(o.orders) filter (where n.place = 1))::bigint, max(o.at),
            (array_agg(distinct n.symbol) filter (where n.symbol is not null))[1:10]
        from unnest($1::text[]) as s (subject)
        cross join lateral (
            with uses as materialized (
                select u.at, u.operation, u.outcome, u.request,
                    coalesce(u.symbols, array[u.symbol]) as symbols,
                    coalesce((u.data ->> 'orders')::integer, 0) as orders,
                    u.data ->> 'order_type' as kind, u.data ->> 'client_order_id' as name
                from (select * from usage_event
                    where subject = s.subject and at >= $2 order by at desc, id desc limit 1000) as u
                where u.operation in ('trade', 'cancel') and u.verdict = 'allowed'
                order by u.at desc limit 200)
            select t.at, t.symbols, t.orders from uses t
            where t.operation = 'trade' and t.kind is distinct from 'market'
                and t.outcome in ('accepted', 'unknown', 'authorised', 'signed')
                and not exists (select 1 from uses c
                    where c.operation = 'cancel' and c.outcome = 'accepted' and c.at >= t.at
                        and t.orders = 1 and position(t.name in c.request) > 0)) as o
        cross join lateral unnest(o.symbols) with ordinality as n (symbol, place)
        group by s.subject order by max(o.at) desc
        """)

    package nonisolated(nonsending) static func read(
        of keys: [ExchangeKeyID], now: Timestamp, in database: Database
    ) async throws -> [OrdersSeen] {
        let ids = keys.prefix(keysAtMost).map(\.description)
        guard !ids.isEmpty else { return [] }
        let rows = try await database.report(read, .textArray(ids), .timestamp(now - span))
        return rows.compactMap { row in
            ExchangeKeyID(row.text(0)).map {
                OrdersSeen(
                    key: $0, orders: row.int(1), lastAt: row.timestamp(2),
                    symbols: row.isNull(3) ? [] : row.textArray(3))
            }
        }
    }
}
