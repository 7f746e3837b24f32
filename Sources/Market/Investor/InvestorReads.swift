import Access
import Kernel
import Postgres
import Signals

/// What the Investor Grade is made of, read for some tokens at a time.
enum InvestorReads {
    /// A year of each is 365 rows: about half a second of the database's time.
    static let tokensOfPage = 500

    private static let inputs = Statement(
        "investor_inputs_read",
        """
        select i.series, i.token_id, i.open_time, i.candles, i.close, i.close_90, i.close_180, i.close_365,
            i.mean_return, i.downside, i.returns, i.drawdown, i.median_volume, i.volumes, f.score,
            coalesce(f.facts, 0)::int4, i.first_time, i.in_last_100
        from investor_inputs($1, $2, $3, $4, $5) i
        left join lateral (
            select avg(n.value) as score, sum(n.facts) as facts
            from (
                select k.name, avg(k.value) as value, count(*) as facts from facts_known($3) k
                where k.token_id = i.token_id and k.observed_at <= $6 and k.expires_at > $6 group by k.name
            ) n
        ) f on true
        order by i.series
        """)

    /// Of all living tokens of a source; nil when the time is over.
    /// - Parameter factsAt: the time at which facts must have been observed, and not have expired.
    nonisolated(nonsending) static func inputs(
        _ moment: MarketMoment, factsAt: Timestamp, isOver: () -> Bool, in database: Database
    ) async throws -> [InvestorInputs]? {
        var all: [InvestorInputs] = []
        var after = 0
        while !isOver() {
            let rows = try await database.query(
                inputs, .text(moment.source), .timestamp(moment.before), .timestamp(moment.known),
                .int32(Int32(after)), .int32(Int32(tokensOfPage)), .timestamp(factsAt))
            all += rows.map { InvestorInputs($0) }
            guard rows.count == tokensOfPage else { return all }
            after = rows[rows.count - 1].int(0)
        }
        return nil
    }
}

extension InvestorInputs {
    fileprivate init(_ row: Row) {
        self.init(token: row.id(1), time: row.timestamp(2), candles: row.int(3))
        let close = row.double(4)
        let before = [5, 6, 7].compactMap { row.optionalDouble($0) }
        if before.count == 3 { momentum = before.reduce(0) { $0 + (close / $1 - 1) } / 3 }
        if row.int(10) >= InvestorGrade.leastReturns, let mean = row.optionalDouble(8),
            let downside = row.optionalDouble(9)
        {
            if downside > 0 { sortino = mean / downside * 365.0.squareRoot() }
            neverFell = downside == 0 && mean > 0
            drawdown = row.optionalDouble(11)
        }
        if row.int(13) >= InvestorGrade.leastVolumes { volume = row.optionalDouble(12) }
        fundamentals = row.optionalDouble(14)
        facts = row.int(15)
        (first, inLast100) = (row.optionalTimestamp(16), row.int(17))
    }
}
