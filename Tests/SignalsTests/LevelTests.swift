import EventLoop
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

struct LevelTests {
    /// One candle a price: half a point up and down of it.
    private func candles(_ prices: [Double], volume: Double = 1) -> [Candle] {
        prices.enumerated().map { day, price in
            Candle(
                openTime: Timestamp(seconds: Int64(day) * 86_400), open: price, high: price + 0.5,
                low: price - 0.5, close: price, volume: volume)
        }
    }

    private func stream(_ candles: some Sequence<Candle>) -> LevelStream {
        var stream = LevelStream()
        for candle in candles { stream.update(candle) }
        return stream
    }

    /// Up and down between 10 and 20, so that both turns are levels; then to where the test wants it.
    private let waves: [Double] = (0..<6).flatMap { _ in
        (10..<20).map(Double.init) + (11...20).reversed().map(Double.init)
    }

    @Test func `turns that three candles confirm are levels, and the next ones lie on either side`() throws {
        let levels = try #require(stream(candles(waves + [10, 11, 12, 13, 14, 15])).levels)
        let top = try #require(levels.nearestResistance)
        let bottom = try #require(levels.nearestSupport)
        #expect(abs(top.price - 20.5) < 1e-9 && abs(bottom.price - 9.5) < 1e-9)
        #expect(top.touches == 6 && bottom.touches == 6)
        #expect(levels.all.count == 2 && levels.all.map(\.strength).max() == 1)
        // A turn is no level before the third candle after it.
        let prices = [15, 14, 13, 12, 11, 12, 13].map(Double.init)
        let young = candles(Array(repeating: 16, count: 20) + prices)
        let confirmed = candles(Array(repeating: 16, count: 20) + prices + [14])
        #expect(stream(young).levels?.all.contains { $0.price == 10.5 } == false)
        #expect(stream(confirmed).levels?.all.contains { $0.price == 10.5 } == true)
    }

    @Test func `newer turns and those with more volume weigh more`() throws {
        var all = candles(waves + [10, 11, 12, 13, 14, 15])
        let levels = try #require(stream(all).levels)
        #expect(levels.nearestSupport?.strength == 1 && (levels.nearestResistance?.strength ?? 1) < 1)
        for index in all.indices where all[index].high == 20.5 { all[index].volume = 5 }
        let heavier = try #require(stream(all).levels)
        #expect(heavier.nearestResistance?.strength == 1 && (heavier.nearestSupport?.strength ?? 1) < 1)
    }

    @Test func `for every t, the levels of the candles up to t are those of all candles at t`() throws {
        let all = Array(try CandleFixture.candles("SOL").prefix(700))
        var whole = LevelStream()
        var seen: [Levels?] = []
        for candle in all {
            whole.update(candle)
            seen.append(whole.levels)
        }
        for end in stride(from: 1, through: all.count, by: 37) {
            #expect(stream(all.prefix(end)).levels == seen[end - 1])
        }
        // Never repainted: what a candle after it does leaves a level's pivots where they are.
        let tiny = all.map { c in
            Candle(
                openTime: c.openTime, open: c.open * 0x1p-20, high: c.high * 0x1p-20, low: c.low * 0x1p-20,
                close: c.close * 0x1p-20, volume: c.volume)
        }
        let scaled = stream(tiny).levels?.all.map { [$0.price * 0x1p20, $0.strength] }
        #expect(scaled == whole.levels?.all.map { [$0.price, $0.strength] })
        #expect((seen.last ?? nil)?.all.isEmpty == false)
    }

    @Test func `a level is approached once and broken once, and again only after it was left`() {
        let tail: [Double] = [
            12, 14, 16, 18, 20, 20.2, 19.9, 22, 23, 24, 23, 22, 21, 20, 17, 15, 18, 20.2, 22,
        ]
        var stream = stream(candles(waves))
        var told: [String] = []
        for (index, candle) in candles(waves + tail).dropFirst(waves.count).enumerated() {
            let before = stream.levels
            stream.update(candle)
            for move in stream.moves(from: before) where abs(move.level.price - 20.5) < 0.3 {
                told.append("\(index) \(move.kind) \(move.direction)")
            }
        }
        #expect(
            told == [
                "4 approached up", "7 broken up", "12 approached down", "13 broken down", "17 approached up",
                "18 broken up",
            ])
    }

    @Test func `a price that never moved, and too few candles, have no levels`() {
        #expect(LevelStream().levels == nil)
        #expect(stream(candles(Array(repeating: 5, count: 300))).levels?.all == [])
        #expect(stream(candles([1, 2, 3, 2, 1, 2, 3])).levels?.all == [])
        #expect(stream(candles(waves, volume: 0)).levels?.all.isEmpty == false)
    }

    @Test func `levels answer as of a time, a signal has its support, a live break is told once`()
        async throws
    {
        let sol = Array(try CandleFixture.candles("SOL").prefix(420))
        var (streams, last) = (LevelStream(), 0)
        for (index, candle) in sol.enumerated() {
            let before = streams.levels
            streams.update(candle)
            if index > 250, streams.moves(from: before).contains(where: { $0.kind == .broken }) {
                last = index
            }
        }
        let broken = last
        #expect(broken > 250)
        try await Desk.with { _, desk in
            desk.time.move(to: Interval.day.close(of: sol[broken - 1].openTime) + .seconds(2))
            _ = try await desk.upload("source=x", sol[..<broken].csv("SOL"))
            let then = desk.time.now
            let target = "/v1/levels?token=SOL&interval=1d"
            let before = try await desk.get(target).json
            let pure = stream(sol[..<broken]).levels
            #expect(before["levels"]?.asArray?.compactMap { $0["price"]?.asDouble } == pure?.all.map(\.price))
            #expect(before["next_level"]?["up"]?.asDouble == pure?.nearestResistance?.price)
            #expect(before["next_level"]?["down"]?.asDouble == pure?.nearestSupport?.price)
            desk.time.advance(.days(1))
            let told = desk.events.count { $0.type == .levelBroken }
            _ = try await desk.upload("source=x", sol[broken...broken].csv("SOL"))
            _ = try await desk.rows("update series set dirty_from = first_open")
            _ = try await desk.analyst.sweepAndSettle(within: .seconds(20))
            let fresh = desk.events.filter { $0.type == .levelBroken }.dropFirst(told)
            let expected = stream(sol[...broken]).moves(from: pure).filter { $0.kind == .broken }
            #expect(fresh.compactMap { $0.data["level"]?.asDouble } == expected.map(\.level.price))
            #expect(fresh.allSatisfy { $0.data["retroactive"] == false })
            #expect(try await desk.get(target + "&as_of=\(then)").json == before)
            #expect(try await desk.get(target).json != before)
            #expect(try await desk.get("/v1/levels?token=SOL&interval=1h").status == 404)
            #expect(try await desk.get("/v1/levels?token=SOL").status == 400)
            let signals = try await desk.get("/v1/signals?direction=bullish&sort=-confidence&label=buy")
            #expect(signals.status == 200, "\(signals.text)")
            let all = try await desk.get("/v1/signals?direction=bullish&limit=200")
            let supports = all.json["data"]?.asArray?.compactMap { signal -> Bool? in
                guard let support = signal["stop_levels"]?["support"]?.asDouble else { return nil }
                return support < signal["decision_close"]?.asDouble ?? 0
            }
            #expect(supports?.isEmpty == false && supports?.contains(false) == false)
        }
    }
}
