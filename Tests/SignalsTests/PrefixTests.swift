import Kernel
import Testing

@testable import Signals

/// Nothing that is told of a candle hangs on one that came after it: for every t, the result on the candles
/// up to t is the result on all candles at t.
struct PrefixTests {
    /// What somebody sees who has the token's and the market's candles up to one time.
    private struct Seen: Equatable {
        var outcome: BarOutcome
        var levels: Levels?

        init(_ analysis: inout SeriesAnalysis, _ candle: Candle, _ feed: SeriesFeed) {
            outcome = analysis.update(feed.step(candle))
            levels = analysis.levels
        }
    }

    /// Of all candles at once: the gate knows the market to its end.
    private func all(
        _ candles: [Candle], _ market: [Candle], _ supplied: SuppliedCourse = .none
    ) -> [Seen] {
        let feed = SeriesFeed(gate: MarketGate(.day, market), supplied: supplied)
        var analysis = SeriesAnalysis(.day)
        return candles.map { Seen(&analysis, $0, feed) }
    }

    /// Where what is seen candle by candle, by somebody who has nothing of the next one, is something else.
    private func differing(
        _ all: [Seen], _ candles: [Candle], _ market: [Candle],
        supplied: (Timestamp) -> SuppliedCourse = { _ in .none }
    ) -> [Timestamp] {
        var (analysis, gate, next) = (SeriesAnalysis(.day), MarketGate(.day), 0)
        return candles.enumerated().compactMap { index, candle in
            while next < market.count, market[next].openTime <= candle.openTime {
                gate.update(market[next])
                next += 1
            }
            let feed = SeriesFeed(gate: gate, supplied: supplied(candle.openTime))
            return Seen(&analysis, candle, feed) == all[index] ? nil : candle.openTime
        }
    }

    @Test(arguments: ["BTC", "ETH", "BNB", "SOL"])
    func `every candle of a token tells the same before and after the next ones came`(token: String) throws {
        let candles = try CandleFixture.candles(token)
        let market = try CandleFixture.candles("BTC")
        let all = all(candles, market)
        #expect(differing(all, candles, market) == [])
        // And from nothing, of candles that are cut off.
        let end = candles.count * 2 / 3
        let last = candles[end - 1].openTime
        let cut = self.all(Array(candles[..<end]), market.filter { $0.openTime <= last })
        #expect(cut == Array(all[..<end]))
        #expect(all.filter { $0.outcome.grades.count == 2 }.count > 900)
        #expect(all.contains { !$0.outcome.allChanges.isEmpty && $0.levels?.all.isEmpty == false })
    }

    /// A theme that falls now and then and a sentiment that swings, as both are known when a day is over.
    private func supplied(_ candles: [Candle], until time: Timestamp) -> SuppliedCourse {
        let known = candles.prefix { $0.openTime <= time }
        let scores = known.enumerated().map { index, candle in
            SuppliedCourse.Narrative.Measurement(
                time: candle.openTime, score: 50 + Double(index % 30), weekAgo: index % 3 == 0 ? 85 : 60)
        }
        let sentiment = known.enumerated().filter { $0.offset % 7 != 0 }.map { index, candle in
            SuppliedCourse.Sentiment(time: candle.openTime, value: 0.5 + Double(index % 13 - 6) / 20)
        }
        let theme = SuppliedCourse.Narrative(
            from: candles[50].openTime, to: candles[candles.count - 50].openTime, measurements: scores)
        return SuppliedCourse(.day, narratives: [theme], sentiment: sentiment)
    }

    @Test func `nor does it hang on what others supply later, or on a market that stops for a while`() throws
    {
        let candles = Array(try CandleFixture.candles("SOL").prefix(500))
        let market = try CandleFixture.candles("BTC").filter {
            $0.openTime < candles[300].openTime
                || $0.openTime > candles[340].openTime
                    && $0.openTime < candles[460].openTime
        }
        let all = all(candles, market, supplied(candles, until: .forever))
        let plain = self.all(candles, market)
        #expect(differing(all, candles, market) { supplied(candles, until: $0) } == [])
        let opened = all.flatMap(\.outcome.allChanges).map(\.signal)
        #expect(plain != self.all(candles, try CandleFixture.candles("BTC")))
        #expect(opened.contains { $0.divergence.sentiment == true } && all != plain)
    }
}
