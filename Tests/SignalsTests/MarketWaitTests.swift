import EventLoop
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

struct MarketWaitTests {
    private let candle = Timestamp(seconds: 1_704_067_200)

    private func wait(market hours: Int64?, closed ago: Period = .seconds(1)) -> MarketWait? {
        MarketWait(
            for: candle, .hour, market: hours.map { candle - .hours($0) },
            now: Interval.hour.close(of: candle) + ago)
    }

    @Test func `a decision waits for a market that is on its way, and for thirty seconds at most`() {
        #expect(wait(market: 1) != nil && wait(market: 3) != nil)
        #expect(wait(market: 0) == nil, "it is there")
        #expect(wait(market: nil) == nil, "there is none")
        #expect(wait(market: 4) == nil, "it has stopped")
        #expect(wait(market: 1, closed: .minutes(6)) == nil, "the candle is old")
        let (came, one) = (candle + .hours(1), wait(market: 1))
        #expect(one?.end(arrived: came, now: came + .seconds(29)) == came + .seconds(30))
        #expect(one?.end(arrived: came, now: came + .seconds(30)) == nil)
    }

    /// Real days, played as the hours up to one that closes at `end`.
    private func hours(_ token: String, to end: Timestamp) throws -> [Candle] {
        let days = try CandleFixture.candles(token).suffix(120)
        return days.enumerated().map { index, candle in
            var hour = candle
            hour.openTime = end - .hours(Int64(days.count - index))
            return hour
        }
    }

    private func csv(_ token: String, _ candles: some Sequence<Candle>) -> [UInt8] {
        let rows = candles.map { c in
            "\(token),1h,\(c.openTime),\(c.open),\(c.high),\(c.low),\(c.close),\(c.volume),true\n"
        }
        return Array(("token,interval,open_time,open,high,low,close,volume,closed\n" + rows.joined()).utf8)
    }

    private nonisolated(nonsending) func grades(_ desk: Desk, of candle: Candle) async throws -> Int {
        _ = try await desk.analyst.sweepAndSettle(within: .seconds(30))
        let answer = try await desk.get(
            "/v1/grades/trader?token=SOL&interval=1h&from=\(candle.openTime)&limit=1")
        return answer.json["data"]?.asArray?.count ?? 0
    }

    @Test func `the newest candle is told when the market's is there, or when it does not come`() async throws
    {
        try await Desk.with(models: .init([.traderV0]) ?? .usual) { _, desk in
            let end = desk.time.now + .hours(2)
            let (sol, btc) = try (self.hours("SOL", to: end), self.hours("BTC", to: end))
            // The last of these closes now; the market's comes a moment later.
            _ = try await desk.upload("source=x", csv("BTC", btc[..<117]))
            _ = try await desk.upload("source=x", csv("SOL", sol[..<118]))
            #expect(try await grades(desk, of: sol[116]) == 1)
            #expect(try await grades(desk, of: sol[117]) == 0)
            let before = desk.events.count
            desk.time.advance(.seconds(3))
            _ = try await desk.upload("source=x", csv("BTC", [btc[117]]))
            #expect(try await grades(desk, of: sol[117]) == 1)
            let told = desk.events.dropFirst(before).filter {
                $0.type == .gradeChanged && $0.data["symbol"] == "SOL"
            }
            #expect(told.map { $0.data["retroactive"] } == [false])
            // An hour later the market's candle does not come.
            desk.time.advance(.hours(1))
            _ = try await desk.upload("source=x", csv("SOL", [sol[118]]))
            #expect(try await grades(desk, of: sol[118]) == 0)
            desk.time.advance(.seconds(31))
            #expect(try await grades(desk, of: sol[118]) == 1)
            #expect(try await desk.rows("select 1 from series where dirty_from is not null").isEmpty)
            // What is old waits for nobody.
            desk.time.advance(.hours(2))
            _ = try await desk.upload("source=x", csv("SOL", [sol[119]]))
            #expect(try await grades(desk, of: sol[119]) == 1)
        }
    }
}
