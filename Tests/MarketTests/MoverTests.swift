import Access
import Events
import JSON
import Kernel
import Postgres
import Signals
import TestSupport
import Testing

@testable import Market

struct MoverTests {
    private static let base = "movers?source=x&interval=1d"

    private func symbols(_ answer: TestAnswer, _ side: String) -> [String] {
        answer.json[side]?.asArray?.compactMap { $0["symbol"]?.asString } ?? []
    }

    @Test func `gainers and losers are measured between two closes that are told`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("UP", closes: [100, 100, 110, 120])
            try await desk.push("DOWN", closes: [100, 100, 90, 80])
            try await desk.push("FLAT", closes: [5, 5, 5, 5])
            try await desk.push("THIN", closes: [1, 1, 1, 2], volume: 0.1)
            let all = try await desk.get("\(Self.base)&window=2d")
            #expect(symbols(all, "gainers") == ["THIN", "UP"] && symbols(all, "losers") == ["DOWN"])
            let up = all.json["gainers"]?[1]
            #expect(up?["rank"] == 2 && abs((up?["change"]?.asDouble ?? 0) - 0.2) < 1e-12, "\(all.text)")
            #expect(up?["from"]?["time"]?.asString == "2024-01-02T00:00:00.000Z")
            #expect(up?["to"]?["time"]?.asString == "2024-01-04T00:00:00.000Z")
            #expect(up?["quote_volume"]?.asDouble == 2_300 && up?["candles"] == 2)
            #expect(up?["from"]?["close"]?.asDouble == 100 && up?["to"]?["close"]?.asDouble == 120)
            let few = testContext([.signalsRead], at: desk.time.now)
            let other = try await TestCaller(desk.operations).call(
                "GET", "/v1/\(Self.base)&window=2d", few)
            let told = other.json["gainers"]?[1]
            #expect(told?["from"]?["close"] == .null && told?["to"]?["close"] == .null)
            #expect(told?["change"] == up?["change"])
            let liquid = try await desk.get("\(Self.base)&window=2d&min_volume=10")
            #expect(symbols(liquid, "gainers") == ["UP"])
            #expect(liquid.json["counts"]?["measured"] == 4 && liquid.json["counts"]?["liquid"] == 3)
            let none = try await desk.get("movers?source=y&interval=1d&window=2d")
            #expect(none.json["newest"] == .null && none.json["gainers"] == [])
        }
    }

    @Test func `a token that stopped, or lacks an end, is not measured`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("A", closes: [1, 1, 1, 1, 1, 2])
            try await desk.push("DEAD", closes: [1, 2])
            try await desk.push("YOUNG", closes: [1, 9], fromDay: 4)
            try await desk.push("LATE", closes: [1, 1, 1, 3])
            let now = try await desk.get("\(Self.base)&window=2d")
            #expect(symbols(now, "gainers") == ["LATE", "A"], "\(now.text)")
            let counts = now.json["counts"]
            #expect(counts?["tokens"] == 4 && counts?["live"] == 3 && counts?["measured"] == 2)
            let then = try await desk.get("\(Self.base)&window=1d&at=2024-01-03")
            #expect(symbols(then, "gainers") == ["DEAD"], "\(then.text)")
        }
    }

    @Test func `one absurd candle from before there were bounds spoils nobody's market`() async throws {
        try await MarketDesk.with { _, desk in
            let closes = (0..<60).map { 100 + Double($0) }
            for symbol in ["BTC", "UP", "ODD"] { try await desk.push(symbol, closes: closes) }
            _ = try await desk.rows(
                """
                update candle set close = 1e308, volume = 1e308 from series s join ticker t using (token_id)
                where s.id = candle.series and t.symbol = 'ODD'
                    and candle.open_time > timestamptz '2024-02-20T00:00:00Z'
                """)
            let movers = try await desk.get("\(Self.base)&window=7d&min_volume=1")
            // Their changes are alike, and ids of one moment have no order.
            #expect(symbols(movers, "gainers").sorted() == ["BTC", "UP"], "\(movers.text)")
            let market = try await desk.get("market?source=x&interval=1d&at=2024-03-01")
            #expect(market.status == 200 && market.json["above_sma50"]?["of"] == 2, "\(market.text)")
            try await desk.measure("investor-grades")
            try await desk.run("narratives")
            let graded = try await desk.rows("select 1 from investor_grade")
            #expect(graded.count == 0)
        }
    }

    @Test func `as_of answers with what was known then`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("A", closes: [1, 2])
            let then = desk.time.now
            desk.time.advance(.hours(1))
            try await desk.push("A", closes: [4], fromDay: 1)
            let now = try await desk.get("\(Self.base)&window=1d")
            #expect(now.json["gainers"]?[0]?["change"]?.asDouble == 3)
            let known = try await desk.get("\(Self.base)&window=1d&as_of=\(then)")
            #expect(known.json["gainers"]?[0]?["change"]?.asDouble == 1, "\(known.text)")
            let before = try await desk.get("\(Self.base)&window=1d&as_of=2025-01-01")
            #expect(before.json["newest"] == .null)
        }
    }

    @Test func `a window that makes no sense is told`() async throws {
        try await MarketDesk.with { _, desk in
            for text in ["", "0d", "d", "7", "1h", "1001d", "-1d"] {
                let answer = try await desk.get("\(Self.base)&window=\(text)")
                #expect(answer.status == 400 && answer.pointers == ["query:window"], "\(answer.text)")
            }
            let list = #"{"name":"a","source":"x","interval":"2d","window":"7d","size":5}"#
            let answer = try await desk.call("POST", "mover-lists", list)
            #expect(answer.status == 422 && answer.pointers == ["/interval"], "\(answer.text)")
        }
    }

    @Test func `who enters and who leaves a declared list is told, as candles close`() async throws {
        try await MarketDesk.with { _, desk in
            desk.time.move(to: MarketDesk.day(2))
            for (index, name) in ["A", "B", "C"].enumerated() {
                try await desk.push(name, closes: [10, 10 + Double(index)])
            }
            let made = try await desk.call(
                "POST", "mover-lists",
                #"{"name":"day","source":"x","interval":"1d","window":"1d","size":1}"#)
            #expect(made.status == 201 && made.json["size"] == 1, "\(made.text)")
            let path = "mover-lists/\(made.json["id"]?.asString ?? "")"
            func movers() -> [String] {
                desk.events.filter { $0.type.name.hasPrefix("mover.") }.map {
                    "\($0.type) \($0.data["symbol"]?.asString ?? "") \($0.data["side"]?.asString ?? "")"
                }
            }
            try await desk.measure("movers")
            // Whoever is there at the first look did not come.
            #expect(movers() == [])
            let first = try await desk.get(path)
            #expect(symbols(first, "gainers") == ["C"] && symbols(first, "losers") == [])
            let before = desk.time.now
            desk.time.move(to: MarketDesk.day(3))
            for (name, close) in [("A", 20.0), ("B", 1.0), ("C", 12.0)] {
                try await desk.push(name, closes: [close], fromDay: 2)
            }
            try await desk.measure("movers")
            let told = ["mover.left C gainers", "mover.entered A gainers", "mover.entered B losers"]
            #expect(movers() == told)
            #expect(
                desk.events.filter { $0.type == .moverEntered }.allSatisfy {
                    $0.data["retroactive"] == false && $0.data["rank"] == 1
                })
            try await desk.measure("movers")
            #expect(movers() == told)
            #expect(symbols(try await desk.get("\(path)?as_of=\(before)"), "gainers") == ["C"])
            // The same candle with another close: what follows from it is told as of the past.
            desk.time.advance(.minutes(1))
            try await desk.push("C", closes: [60], fromDay: 2)
            try await desk.measure("movers")
            #expect(movers().suffix(2) == ["mover.left A gainers", "mover.entered C gainers"])
            #expect(desk.events.last?.data["retroactive"] == true)
            // Another window begins anew.
            let changed = try await desk.call("PATCH", path, #"{"window":"2d"}"#)
            #expect(changed.status == 200 && changed.json["gainers"] == [] && changed.json["revision"] == 2)
            #expect(changed.json["measured_at"] == .null)
            #expect(try await desk.call("PATCH", path, #"{"window":"1h"}"#).pointers == ["/window"])
            #expect(try await desk.call("DELETE", path).status == 204)
        }
    }

    @Test func `a close is measured when all of its candles are there, and then it is news`() async throws {
        try await MarketDesk.with { _, desk in
            desk.time.move(to: MarketDesk.day(2))
            for name in ["A", "B"] { try await desk.push(name, closes: [10, 10]) }
            try await desk.push("DEAD", closes: [10])
            _ = try await desk.call(
                "POST", "mover-lists", #"{"name":"day","source":"x","interval":"1d","window":"1d","size":1}"#)
            // Of a market that was never looked at, nobody knows yet who is dead.
            try await desk.measure("movers")
            desk.time.advance(.minutes(1))
            try await desk.measure("movers")
            func told() -> [String] {
                desk.events.filter { $0.type == .moverEntered }.map {
                    let isOld = $0.data["retroactive"] == true
                    return ($0.data["symbol"]?.asString ?? "") + (isOld ? " later" : "")
                }
            }
            // Midnight, and the first of two candles is there.
            desk.time.move(to: MarketDesk.day(3) + .seconds(1))
            try await desk.push("A", closes: [11], fromDay: 2)
            try await desk.measure("movers")
            #expect(told() == [])
            desk.time.advance(.seconds(20))
            try await desk.push("B", closes: [20], fromDay: 2)
            try await desk.measure("movers")
            #expect(told() == ["B"])
            // The next day one of them does not come: it is awaited for a minute after the last arrival.
            desk.time.move(to: MarketDesk.day(4))
            try await desk.push("A", closes: [40], fromDay: 3)
            try await desk.measure("movers")
            desk.time.advance(.seconds(59))
            try await desk.measure("movers")
            #expect(told() == ["B"])
            desk.time.advance(.seconds(1))
            try await desk.measure("movers")
            #expect(told() == ["B", "A"])
            // What comes after that is a correction.
            try await desk.push("B", closes: [100], fromDay: 3)
            try await desk.measure("movers")
            #expect(told() == ["B", "A", "B later"])
            // A candle that is still open moves, and nothing is measured again.
            let turns = try await desk.rows("select turn from market_close").first?.int64(0)
            let open = """
                {"token":"B","interval":"1d","open_time":"\(MarketDesk.day(4))","open":1,"high":1,"low":1,\
                "close":1,"volume":1,"closed":false}
                """
            _ = try await desk.call("POST", "candles?source=x", open, type: "application/x-ndjson")
            try await desk.measure("movers")
            #expect(try await desk.rows("select turn from market_close").first?.int64(0) == turns)
        }
    }

    @Test func `movers of a close of long ago are told as of the past`() async throws {
        try await MarketDesk.with { _, desk in
            for name in ["A", "B"] { try await desk.push(name, closes: [10, 10]) }
            _ = try await desk.call(
                "POST", "mover-lists", #"{"name":"day","source":"x","interval":"1d","window":"1d"}"#)
            try await desk.measure("movers")
            for name in ["A", "B"] { try await desk.push(name, closes: [11], fromDay: 2) }
            try await desk.measure("movers")
            let told = desk.events.filter { $0.type == .moverEntered }
            #expect(told.count == 2 && told.allSatisfy { $0.data["retroactive"] == true })
        }
    }

    @Test func `what would look at too many candles is refused`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("A", closes: [1, 2])
            _ = try await desk.rows(
                """
                with made as (
                    insert into token (id, created_at, updated_at)
                    select gen_random_uuid(), now(), now() from generate_series(1, 1000) returning id
                )
                insert into series (token_id, source, interval, created_at, updated_at)
                select id, 'x', '1d', now(), now() from made
                """)
            let wide = try await desk.get("\(Self.base)&window=1000d")
            #expect(wide.status == 400 && wide.pointers == ["query:window"], "\(wide.text)")
            #expect(try await desk.get("\(Self.base)&window=999d").status == 200)
        }
    }
}
