import Access
import Indicators
import JSON
import Kernel
import Postgres
import Signals

/// Whether the market's own token closed above the mean of its last 50 closes: the gate of signals, as a
/// word.
struct MarketRegime: Equatable, Sendable {
    enum State: String, Sendable {
        case riskOn = "risk_on"
        case riskOff = "risk_off"
    }

    /// The token that stands for the market, and the closes that its mean is of.
    static let symbol = "BTC"
    static let closes = 50

    let token: TokenID
    /// Open time of the newest candle.
    let time: Timestamp
    let close: Double
    let mean: Double

    var state: State { close > mean ? .riskOn : .riskOff }

    /// Nil with too few closes.
    /// - Parameter closes: oldest first.
    init?(token: TokenID, time: Timestamp, closes: [Double]) {
        var average = SMA(Self.closes)
        var mean: Double?
        for close in closes { mean = average.update(close) }
        guard let mean, let close = closes.last else { return nil }
        (self.token, self.time, self.close, self.mean) = (token, time, close, mean)
    }
}

extension MarketRegime {
    private static let read = Statement(
        "market_regime_read",
        """
        select s.token_id, c.open_time, c.close
        from (
            select s.id, s.token_id, least($4, s.last_closed) as upto
            from series s join ticker t using (token_id)
            where t.symbol = $6 and s.source = $1 and s.interval = $2
            order by t.valid_to desc nulls first limit 1
        ) s
        cross join lateral candles_back(s.id, s.upto - 200 * make_interval(secs => $3::float8), s.upto, $5,
            $7::int4) c
        order by c.open_time
        """)

    /// Nil without enough candles of the market's token among the last 200.
    nonisolated(nonsending) static func read(
        _ moment: MarketMoment, in source: any Queryable
    ) async throws -> MarketRegime? {
        let rows = try await source.query(
            read, parameters: moment.parameters + [.text(symbol), .int(closes)])
        guard rows.count == closes else { return nil }
        let last = rows[closes - 1]
        return MarketRegime(token: last.id(0), time: last.timestamp(1), closes: rows.map { $0.double(2) })
    }
}
