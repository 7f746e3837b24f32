import Access
import JSON
import Postgres
import TestSupport
import Testing

@testable import TokenMetrics

struct TokenListTests {
    private static let identity = ["TOKEN_ID", "TOKEN_NAME", "TOKEN_SYMBOL"]

    private func row(_ token: String, _ time: String, _ close: Double = 1.5, every interval: String = "1d")
        -> String
    {
        "\(token),\(interval),\(time),1,9000,0.5,\(close),10"
    }

    @Test func `tokens have numbers that stay, tickers, sources, and null for what is not known`()
        async throws
    {
        try await ReadingDesk.with { _, desk in
            try await desk.push([row("AAA", "2024-01-01"), row("BBB", "2024-01-01")])
            let before = try await desk.rows("/v2/tokens?limit=1000&page=0")
            #expect(before[0].names == Self.identity + ["EXCHANGE_LIST", "CATEGORY_LIST", "TM_LINK"])
            #expect(before.map { $0.text("TOKEN_SYMBOL") } == ["AAA", "BBB"])
            #expect(before[0]["TOKEN_NAME"] == .null && before[0]["TM_LINK"] == .null)
            try await desk.push([row("AAA", "2024-01-01"), row("CCC", "2024-01-01")], source: "bybit")
            let after = try await desk.rows("/v2/tokens")
            #expect(after.prefix(2).map { $0.whole("TOKEN_ID") } == before.map { $0.whole("TOKEN_ID") })
            let sources = after.map { $0["EXCHANGE_LIST"]?.asArray?.map { $0.text("exchange_id") } }
            #expect(sources == [["binance", "bybit"], ["binance"], ["bybit"]])
            let own = try await desk.get("/v1/tokens").json["data"]?.asArray ?? []
            #expect(own.map { $0.whole("number") } == after.map { $0.whole("TOKEN_ID") })

            let id = try #require(before[1].whole("TOKEN_ID"))
            for (query, found) in [
                ("token_id=\(id)", ["BBB"]), ("token_id=\(id),999999", ["BBB"]),
                ("symbol=ccc, AAA", ["AAA", "CCC"]),
                ("symbol=ZZZ", []), ("symbol=AAA&token_id=\(id)", []), ("exchange=bybit", ["AAA", "CCC"]),
                ("exchange=nowhere", []), ("limit=2&page=1", ["CCC"]), ("limit=2&page=0", ["AAA", "BBB"]),
                ("limit=2&page=7", []), ("marketcap=0", ["AAA", "BBB", "CCC"]),
                ("volume=15", ["AAA", "BBB", "CCC"]),
                ("volume=15.01", []),
            ] {
                let rows = try await desk.rows("/v2/tokens?\(query.replacing(" ", with: "%20"))")
                #expect(rows.map { $0.text("TOKEN_SYMBOL") } == found, "\(query)")
            }
            let top = try await desk.rows("/v2/top-market-cap-tokens?top_k=2&page=0")
            #expect(top.map { $0.text("TOKEN_SYMBOL") } == ["AAA", "BBB"] && top[0]["MARKET_CAP"] == .null)
        }
    }

    @Test func `nothing passes a filter over what is not known, and the message says so`() async throws {
        try await ReadingDesk.with { _, desk in
            try await desk.push([row("AAA", "2024-01-01")])
            for filter in ["marketcap=1", "fdv=1e6"] {
                let answer = try await desk.get("/v2/tokens?\(filter)")
                #expect(answer.json["length"] == 0 && answer.json["data"] == [], "\(filter)")
                let message = answer.json.text("message") ?? ""
                #expect(message.contains(filter.prefix { $0 != "=" }), "\(message)")
                #expect(message.hasSuffix("Not investment advice."))
            }
        }
    }

    @Test func `a ticker is the token's that has it now; the one before is found by its number`() async throws
    {
        try await ReadingDesk.with { _, desk in
            try await desk.push([row("LUNA", "2022-05-01", 1)])
            let old = try await desk.rows("/v2/tokens?symbol=LUNA")
            _ = try await desk.database.query(
                Statement("test_end", "update ticker set valid_to = '2022-05-20' where symbol = 'LUNA'"))
            try await desk.push([row("LUNA", "2022-05-30", 2)])
            let now = try await desk.rows("/v2/price?symbol=LUNA")
            #expect(now.map { $0.number("CURRENT_PRICE") } == [2])
            let number = try #require(old[0].whole("TOKEN_ID"))
            #expect(number != now[0].whole("TOKEN_ID"))
            let then = try await desk.rows("/v2/price?token_id=\(number)")
            #expect(then.map { $0.number("CURRENT_PRICE") } == [1])
        }
    }

    @Test func `a price is the close of what closed last, whatever its interval`() async throws {
        try await ReadingDesk.with { _, desk in
            try await desk.push([
                row("AAA", "2024-01-01", 5), row("AAA", "2024-01-01T23:00:00Z", 5, every: "1h"),
                row("AAA", "2024-01-02T00:00:00Z", 6, every: "1h"),
                row("AAA", "2024-01-01T00:00:00Z", 7, every: "1h"),
            ])
            let prices = try await desk.rows("/v2/price?symbol=AAA&limit=1000&page=0")
            #expect(prices[0].names == Self.identity + ["CURRENT_PRICE"])
            #expect(prices.map { $0.number("CURRENT_PRICE") } == [6])
            // Where a source is primary, it is the price's, as it is everywhere else.
            try await desk.push([row("AAA", "2023-12-30", 8)], source: "main")
            #expect(try await desk.rows("/v2/price?symbol=AAA").map { $0.number("CURRENT_PRICE") } == [6])
            _ = try await desk.database.query(
                Statement("test_primary", "update token set primary_source = 'main' where true"))
            #expect(try await desk.rows("/v2/price?symbol=AAA").map { $0.number("CURRENT_PRICE") } == [8])
        }
    }

    @Test func `candles of days come newest first, both dates included, the last 30 days by themselves`()
        async throws
    {
        try await ReadingDesk.with { _, desk in
            let days = (1...31).map { row("AAA", "2024-01-\($0 < 10 ? "0" : "")\($0)", Double($0)) }
            try await desk.push(days + [row("BBB", "2024-01-03")])
            let all = try await desk.rows("/v2/daily-ohlcv?symbol=AAA&limit=100&page=0")
            #expect(all[0].names == Self.identity + ["DATE", "OPEN", "HIGH", "LOW", "CLOSE", "VOLUME"])
            #expect(all.count == 30 && all[0].text("DATE") == "2024-01-31" && all[0].number("CLOSE") == 31)
            let some = try await desk.rows("/v2/daily-ohlcv?startDate=2024-01-02&endDate=2024-01-04")
            #expect(some.map { $0.text("DATE") } == ["2024-01-04", "2024-01-03", "2024-01-02", "2024-01-03"])
            #expect(some.map { $0.text("TOKEN_SYMBOL") } == ["AAA", "AAA", "AAA", "BBB"])
            // The client's chunks share their boundary.
            let next = try await desk.rows(
                "/v2/daily-ohlcv?symbol=AAA&startDate=2024-01-04&endDate=2024-01-05")
            #expect(next.map { $0.text("DATE") } == ["2024-01-05", "2024-01-04"])
            let paged = try await desk.rows("/v2/daily-ohlcv?symbol=AAA&startDate=2024-01-01&limit=10&page=3")
            #expect(paged.map { $0.text("DATE") } == ["2024-01-01"])
            let last = try await desk.rows("/v2/daily-ohlcv?symbol=AAA&endDate=2024-01-01")
            #expect(last.map { $0.text("DATE") } == ["2024-01-01"])
        }
    }

    @Test func `candles of hours carry moments, and an end date has all of its hours`() async throws {
        try await ReadingDesk.with { _, desk in
            try await desk.push([
                row("AAA", "2024-01-01T23:00:00Z", every: "1h"),
                row("AAA", "2024-01-02T23:00:00Z", every: "1h"),
                row("AAA", "2024-01-03T00:00:00Z", every: "1h"),
            ])
            let hours = try await desk.rows(
                "/v2/hourly-ohlcv?symbol=AAA&startDate=2024-01-02&endDate=2024-01-02")
            #expect(hours.map { $0.text("TIMESTAMP") } == ["2024-01-02T23:00:00.000Z"])
            #expect(
                hours[0].names == Self.identity + ["TIMESTAMP", "OPEN", "HIGH", "LOW", "CLOSE", "VOLUME"])
        }
    }

    @Test func `of two sources the longer one stands for the token while it goes on`() async throws {
        try await ReadingDesk.with { _, desk in
            try await desk.push([row("AAA", "2024-01-01", 1), row("AAA", "2024-01-02", 1)], source: "old")
            try await desk.push([row("AAA", "2024-01-03", 2)], source: "young")
            let together = try await desk.rows("/v2/daily-ohlcv?symbol=AAA")
            #expect(together.map { $0.number("CLOSE") } == [1, 1])
            let named = try await desk.rows("/v2/daily-ohlcv?symbol=AAA&exchange=young")
            #expect(named.map { $0.number("CLOSE") } == [2])
            try await desk.push([row("AAA", "2024-01-09", 2)], source: "young")
            #expect(try await desk.rows("/v2/daily-ohlcv?symbol=AAA").map { $0.number("CLOSE") } == [2, 2])
        }
    }

    @Test func `whoever may not read candles sees no sources, and cannot ask for them either`() async throws {
        try await ReadingDesk.with { _, desk in
            try await desk.push([row("AAA", "2024-01-01")])
            let answer = try await desk.get("/v2/tokens", [.tokensRead])
            #expect(answer.json["data"]?[0]?["EXCHANGE_LIST"] == .null, "\(answer.text)")
            for query in ["exchange=binance", "volume=1"] {
                #expect(try await desk.get("/v2/tokens?\(query)", [.tokensRead]).status == 403)
            }
            #expect(try await desk.get("/v2/trader-grades?volume=1", [.signalsRead]).status == 403)
            #expect(try await desk.get("/v2/trader-grades?exchange=x", [.signalsRead]).status == 200)
        }
    }
}
