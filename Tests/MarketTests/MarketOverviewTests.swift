import Events
import JSON
import Kernel
import Postgres
import Signals
import TestSupport
import Testing

@testable import Market

struct MarketOverviewTests {
    private static let rising = (0..<60).map { 100 + Double($0) }
    private static let falling = (0..<60).map { 200 - Double($0) }

    @Test func `breadth, grades and the regime come with their counts`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("BTC", closes: Self.rising)
            try await desk.push("UP", closes: Self.rising)
            try await desk.push("DOWN", closes: Self.falling)
            try await desk.push("YOUNG", closes: [1, 2, 3], fromDay: 57)
            try await desk.push("DEAD", closes: [1, 2, 3])
            _ = try await desk.analyst.sweepAndSettle(within: .seconds(20))
            let first = try await desk.get("market?source=x&interval=1d")
            #expect(first.status == 200 && first.json["known_at"] == .null, "\(first.text)")
            try await desk.run("market-closes")
            let known = desk.time.now
            desk.time.advance(.hours(1))
            let market = try await desk.get("market?source=x&interval=1d")
            #expect(market.json["known_at"]?.asString == known.description, "\(market.text)")
            for name in ["tokens", "live", "above_sma50", "well_graded", "regime", "newest"] {
                #expect(market.json[name] == first.json[name], "\(name)")
            }
            #expect(market.json["tokens"] == 5 && market.json["live"] == 4)
            let above = market.json["above_sma50"]
            #expect(above?["count"] == 2 && above?["of"] == 3)
            #expect(abs((above?["percent"]?.asDouble ?? 0) - 200.0 / 3) < 1e-9)
            let graded = market.json["well_graded"]
            #expect(graded?["of"] == 3 && graded?["count"] == 2 && graded?["model"] == "trader/v0")
            let regime = market.json["regime"]
            #expect(regime?["state"] == "risk_on" && regime?["sma50"]?.asDouble == 134.5)
            #expect(regime?["close"]?.asDouble == 159)
            let then = try await desk.get("market?source=x&interval=1d&at=2024-02-01")
            #expect(
                then.json["regime"]?["state"] == "unknown" && then.json["above_sma50"]?["percent"] == .null)
            let unknown = try await desk.get("market?source=x&interval=1d&as_of=2025-01-01")
            #expect(unknown.json["tokens"] == 0 && unknown.json["known_at"] == .null)
            // Another candle of the same close is counted again; what was told before stays known.
            try await desk.push("UP", closes: [1], fromDay: 59)
            _ = try await desk.analyst.sweepAndSettle(within: .seconds(20))
            try await desk.run("market-closes")
            let corrected = try await desk.get("market?source=x&interval=1d")
            #expect(corrected.json["above_sma50"]?["count"] == 1, "\(corrected.text)")
            let told = try await desk.get("market?source=x&interval=1d&as_of=\(known)")
            #expect(told.json["above_sma50"]?["count"] == 2, "\(told.text)")
        }
    }

    @Test func `the regime's turns are told once, and those of a replaced candle as of the past`()
        async throws
    {
        try await MarketDesk.with { _, desk in
            func turns() -> [String] {
                desk.events.filter { $0.type == .marketRegimeChanged }.map {
                    let isRetroactive = $0.data["retroactive"] == true
                    return ($0.data["regime"]?.asString ?? "") + (isRetroactive ? " later" : "")
                }
            }
            desk.time.move(to: MarketDesk.day(60))
            try await desk.push("BTC", closes: Self.rising)
            try await desk.run("market-regime")
            #expect(turns() == [])
            desk.time.move(to: MarketDesk.day(61))
            try await desk.push("BTC", closes: [10], fromDay: 60)
            try await desk.run("market-regime")
            try await desk.run("market-regime")
            #expect(turns() == ["risk_off"])
            let market = try await desk.get("market?source=x&interval=1d")
            #expect(market.json["regime"]?["since"]?.asString == "2024-03-01T00:00:00.000Z", "\(market.text)")
            desk.time.advance(.minutes(1))
            try await desk.push("BTC", closes: [500], fromDay: 60)
            try await desk.run("market-regime")
            #expect(turns() == ["risk_off", "risk_on later"])
            // A candle of long ago, as while history is loaded.
            desk.time.move(to: MarketDesk.day(400))
            try await desk.push("BTC", closes: [1], fromDay: 61)
            try await desk.run("market-regime")
            #expect(turns() == ["risk_off", "risk_on later", "risk_off later"])
        }
    }
}
