import Access
package import Events
import JSON
package import Kernel
import Postgres

/// A closed candle as it was written.
package struct PushedCandle: Sendable {
    let series: Int
    let closedAt: Timestamp
    let close: Double

    package init(series: Int, closedAt: Timestamp, close: Double) {
        (self.series, self.closedAt, self.close) = (series, closedAt, close)
    }
}

/// Prices out of series that were marked as sources.
///
/// Who pushes is judged twice. When a candle is written: what somebody wrote who may use keys is a candle,
/// and no price, so it displaces none. And when a price is read: whoever was granted the use of keys since
/// has said nothing.
package enum PushedPrices {
    private static let lock = Statement(
        "pushed_price_lock",
        """
        select id, series, name, price, priced_at, suspended_at is not null from price_source
        where series = any ($1) order by id for no key update
        """)
    private static let write = Statement(
        "pushed_price_write",
        """
        update price_source set price = $2, priced_at = $3, written_by = $4,
            suspended_at = $5, step_from = $6, step_to = $7
        where id = $1
        """)
    private static let writeOnly = Statement(
        "pushed_price_renew",
        "update price_source set price = $2, priced_at = $3, written_by = $4 where id = $1")

    fileprivate struct Marked {
        let id: PriceSourceID
        let name: String
        var price: Double?
        var pricedAt: Timestamp?
        let isSuspended: Bool
        var step: PriceStep?
    }

    /// Notes the newest price of every marked series among them, in the candles' own transaction.
    /// - Parameter candles: of the last five minutes, in any order.
    package nonisolated(nonsending) static func take(_ candles: [PushedCandle], _ change: Change) async throws
    {
        guard let writer = change.context.actor.principal, !candles.isEmpty else { return }
        let ids = Set(candles.map(\.series)).sorted().map { Int32($0) }
        let rows = try await change.transaction.query(lock, .int32Array(ids))
        guard !rows.isEmpty,
            try await PriceWriter.read(writer, in: change.transaction)?.counts == true
        else { return }
        let bySeries = Dictionary(grouping: candles, by: \.series)
        for row in rows {
            var marked = Marked(
                id: row.id(0), name: row.text(2), price: row.optionalDouble(3),
                pricedAt: row.optionalTimestamp(4), isSuspended: row.bool(5))
            guard marked.take(bySeries[row.int(1)] ?? []) else { continue }
            try await store(marked, writer, change)
        }
    }

    private nonisolated(nonsending) static func store(
        _ marked: Marked, _ writer: PrincipalID, _ change: Change
    ) async throws {
        guard let price = marked.price, let at = marked.pricedAt else { return }
        let transaction = change.transaction
        guard let step = marked.step else {
            _ = try await transaction.query(
                writeOnly, .id(marked.id), .double(price), .timestamp(at), .uuid(writer.uuid))
            return
        }
        _ = try await transaction.query(
            write, .id(marked.id), .double(price), .timestamp(at), .uuid(writer.uuid),
            .timestamp(change.context.now), .double(Double(step.from.description)),
            .double(Double(step.to.description)))
        change.suspendsPrices(of: marked.id, .pushed, marked.name, at: nil, step)
    }

    private static let newest = Statement(
        "pushed_price_newest",
        """
        select p.id, t.symbol, p.price::text::numeric::text, p.priced_at, p.name,
            key_users_roles(w.id),
            key_users_roles(w.owner)
        from price_source p join series s on s.id = p.series
            join ticker t on t.token_id = s.token_id and t.valid_to is null
            join principal w on w.id = p.written_by and w.status = 'active'
        where t.symbol = any ($1) and p.priced_at >= $2
        order by p.suspended_at is null, p.priced_at, p.id
        """)

    /// The newest of each token, in dollars. Of a source that is suspended only where there is no other, and
    /// it counts no more than one that is pulled: `PriceStanding` says which.
    static nonisolated(nonsending) func read(
        of tokens: [String], at now: Timestamp, in source: any Queryable
    ) async throws -> [String: PolicyPrice] {
        let rows = try await source.query(
            newest, .textArray(tokens), .timestamp(now - PolicyPrice.validFor))
        var found: [String: PolicyPrice] = [:]
        for row in rows {
            let writer = PriceWriter(roles: row.textArray(5), ownerRoles: row.textArray(6))
            guard writer.counts, let value = Decimal(row.text(2)) else { continue }
            found[row.text(1)] = PolicyPrice(
                value, at: row.timestamp(3), source: row.text(4), pushed: row.id(0))
        }
        return found
    }
}

extension PushedPrices.Marked {
    /// Goes through the candles as time went. False when none is as new as what is known.
    fileprivate mutating func take(_ candles: [PushedCandle]) -> Bool {
        var isNewer = false
        for candle in candles.sorted(by: { $0.closedAt < $1.closedAt }) {
            if let pricedAt, candle.closedAt < pricedAt { continue }
            if let price, !isSuspended, step == nil { step = Self.largeStep(from: price, to: candle.close) }
            (price, pricedAt, isNewer) = (candle.close, candle.closedAt, true)
        }
        return isNewer
    }

    private static func largeStep(from: Double, to: Double) -> PriceStep? {
        guard let from = Decimal(shortest: from), let to = Decimal(shortest: to) else { return nil }
        let step = PriceStep(from: from, to: to)
        return step.isTooLarge ? step : nil
    }
}

extension Decimal {
    /// The shortest text of a double, without an exponent. Nil when it has more digits than fit.
    init?(shortest value: Double) {
        let parts = value.description.split(separator: "e")
        guard let mantissa = parts.first.flatMap({ Decimal($0) }) else { return nil }
        guard parts.count == 2 else {
            self = mantissa
            return
        }
        guard let exponent = Int(parts[1]), abs(exponent) < Self.scaleAtMost,
            let power = Decimal(
                exponent < 0
                    ? "0." + String(repeating: "0", count: -exponent - 1) + "1"
                    : "1" + String(repeating: "0", count: exponent)),
            let product = mantissa.multiplied(by: power)
        else { return nil }
        self = product
    }
}
