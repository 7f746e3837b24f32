import Access
import JSON
import Postgres
import TestSupport
import Testing

@testable import TokenMetrics

struct GradeAndSignalTests {
    private static let identity = ["TOKEN_ID", "TOKEN_NAME", "TOKEN_SYMBOL"]
    private static let whole = "startDate=2019-01-01&limit=1000"

    private func days(_ rows: [JSONValue]) -> [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: rows.map { ($0.text("DATE") ?? "", $0) })
    }

    @Test func `grades, signals, the market and levels say what the house knows`() async throws {
        try await ReadingDesk.with { _, desk in
            try await desk.push("SOL", days: 400)
            try await grades(desk)
            try await signals(desk)
            try await investorGradesAndLevels(desk)
            try await market(desk)
        }
    }

    private func grades(_ desk: ReadingDesk) async throws {
        let rows = try await desk.rows("/v2/trader-grades?symbol=SOL&\(Self.whole)")
        #expect(
            rows[0].names == Self.identity + [
                "DATE", "TA_GRADE", "QUANT_GRADE", "TM_TRADER_GRADE", "TM_TRADER_GRADE_24H_PCT_CHANGE",
            ])
        let own = try await desk.get("/v1/grades/trader?token=SOL&interval=1d&limit=1000").json["data"]
        #expect(rows.map { $0.number("TM_TRADER_GRADE") } == own?.asArray?.map { $0.number("grade") })
        #expect(rows.count > 300 && rows[0]["TA_GRADE"] == .null && rows[0]["QUANT_GRADE"] == .null)
        for (row, before) in zip(rows, rows.dropFirst()) {
            let (grade, last) = (row.number("TM_TRADER_GRADE") ?? 0, before.number("TM_TRADER_GRADE") ?? 0)
            let change = try #require(row.number("TM_TRADER_GRADE_24H_PCT_CHANGE"))
            #expect(abs(change - (grade / last - 1) * 100) < 1e-9)
        }
        #expect(rows.last?["TM_TRADER_GRADE_24H_PCT_CHANGE"] == .null)
        let high = try await desk.rows("/v2/trader-grades?symbol=SOL&\(Self.whole)&traderGrade=70")
        #expect(high == rows.filter { $0.number("TM_TRADER_GRADE") ?? 0 >= 70 } && !high.isEmpty)
        let risen = try await desk.rows(
            "/v2/trader-grades?symbol=SOL&\(Self.whole)&traderGradePercentChange=5")
        #expect(
            risen == rows.filter { $0.number("TM_TRADER_GRADE_24H_PCT_CHANGE") ?? 0 >= 5 } && !risen.isEmpty)
    }

    /// Told from `/v1/signals` and the candles alone, day by day, in another way than the service's.
    private func signals(_ desk: ReadingDesk) async throws {
        let rows = try await desk.rows("/v2/trading-signals?symbol=SOL&\(Self.whole)")
        #expect(
            rows[0].names == Self.identity + [
                "DATE", "TRADING_SIGNAL", "TOKEN_TREND", "TRADING_SIGNALS_RETURNS", "HOLDING_RETURNS",
                "TM_TRADER_GRADE", "TM_INVESTOR_GRADE", "TM_LINK",
            ])
        #expect(rows.count == 400)
        let own = try await desk.get("/v1/signals?token=SOL&limit=200&sort=decided_at").json["data"]
        let course = try Course(signals: own?.asArray ?? [], rows: ReadingDesk.rows("SOL").prefix(400))
        #expect(course.trades > 3)
        for row in rows {
            let day = try #require(row.text("DATE"))
            let told = try #require(course.days[day])
            #expect(row.whole("TRADING_SIGNAL") == told.signal, "\(day)")
            #expect(row.whole("TOKEN_TREND") == told.trend, "\(day)")
            for (name, value) in [
                ("TRADING_SIGNALS_RETURNS", told.returns), ("HOLDING_RETURNS", told.holding),
            ] {
                guard let value else {
                    #expect(row[name] == .null, "\(day) \(name)")
                    continue
                }
                #expect(abs((row.number(name) ?? .nan) - value) < 1e-9 * max(1, abs(value)), "\(day) \(name)")
            }
        }
        for signal in [-1, 0, 1] {
            let found = try await desk.rows("/v2/trading-signals?symbol=SOL&\(Self.whole)&signal=\(signal)")
            #expect(found == rows.filter { $0.whole("TRADING_SIGNAL") == signal })
        }
        let page = try await desk.rows(
            "/v2/trading-signals?symbol=SOL&startDate=2019-01-01&limit=3&page=1&signal=1")
        #expect(page == Array(rows.filter { $0.whole("TRADING_SIGNAL") == 1 }.dropFirst(3).prefix(3)))
    }

    private func investorGradesAndLevels(_ desk: ReadingDesk) async throws {
        let rows = try await desk.rows("/v2/investor-grades?symbol=SOL")
        #expect(rows.count == 30)
        let fields = [
            "TM_INVESTOR_GRADE", "TM_INVESTOR_GRADE_7D_PCT_CHANGE", "FUNDAMENTAL_GRADE", "TECHNOLOGY_GRADE",
            "VALUATION_GRADE",
        ]
        #expect(rows[0].names == Self.identity + ["DATE"] + fields)
        #expect(try await desk.rows("/v2/investor-grades?symbol=SOL&investorGrade=101") == [])
        let levels = try await desk.rows("/v2/resistance-support?symbol=SOL")
        #expect(levels.map(\.names) == [Self.identity + ["HISTORICAL_RESISTANCE_SUPPORT_LEVELS"]])
        let told = levels[0]["HISTORICAL_RESISTANCE_SUPPORT_LEVELS"]?.asArray ?? []
        let own = try await desk.get("/v1/levels?token=SOL&interval=1d").json["levels"]?.asArray ?? []
        #expect(!told.isEmpty && told.map { $0.number("level") } == own.map { $0.number("price") })
        #expect(
            told.map { $0.text("date") } == own.map { $0.text("last_touched").map { String($0.prefix(10)) } })
    }

    private func market(_ desk: ReadingDesk) async throws {
        let begin = try await desk.rows("/v2/market-metrics?page=0&limit=1000")
        #expect(begin.count == 30 && begin[0].text("DATE") == "2021-05-14")
        #expect(
            begin[0].names == [
                "DATE", "TOTAL_CRYPTO_MCAP", "TM_GRADE_PERC_HIGH_COINS", "TM_GRADE_SIGNAL",
                "LAST_TM_GRADE_SIGNAL",
            ])
        #expect(begin.allSatisfy { $0["TM_GRADE_SIGNAL"] == .null && $0["TOTAL_CRYPTO_MCAP"] == .null })
        let rows = try ReadingDesk.rows("BTC").filter { $0 < "BTC,1d,2021-05-15" && $0 > "BTC,1d,2021-01-01" }
        try await desk.push(rows)
        let closes = rows.map { Double($0.split(separator: ",")[6]) ?? 0 }
        let found = try await desk.rows(
            "/v2/market-metrics?startDate=2021-02-01&endDate=2021-05-14&limit=1000")
        #expect(found.count == 31)
        let second = try await desk.rows(
            "/v2/market-metrics?startDate=2021-02-01&endDate=2021-05-14&limit=1000&page=1")
        #expect(second.count == 31 && second[0].text("DATE") == "2021-04-13")
        for (index, day) in (found + second).enumerated() {
            let end = closes.count - index
            func gate(_ end: Int) -> Int {
                closes[end - 1] > closes[(end - 50)..<end].reduce(0, +) / 50 ? 1 : -1
            }
            #expect(day.whole("TM_GRADE_SIGNAL") == gate(end), "\(day.text("DATE") ?? "")")
            #expect(day.whole("LAST_TM_GRADE_SIGNAL") == gate(end - 1))
            if index % 20 == 0 { try await expectShare(day, desk) }
        }
        // Days of which nothing is known take no place on a page.
        try await desk.push(["LONE,1d,2025-06-01T00:00:00Z,1,1,1,1,1"])
        let late = "/v2/market-metrics?startDate=2021-02-01&endDate=2026-11-27&limit=1000"
        #expect(try await desk.rows(late) == found)
        #expect(try await desk.rows(late + "&page=1") == second)
        #expect(try await desk.rows("/v2/market-metrics?limit=1000") == Array(found.prefix(30)))
        #expect(try await desk.rows("/v2/market-metrics?limit=20&page=1") == Array(found[20..<30]))
        #expect(try await desk.rows("/v2/market-metrics?startDate=2022-01-01&endDate=2022-02-01") == [])
    }

    private func expectShare(_ day: JSONValue, _ desk: ReadingDesk) async throws {
        let date = day.text("DATE") ?? ""
        let grades = try await desk.rows("/v2/trader-grades?startDate=\(date)&endDate=\(date)")
            .compactMap { $0.number("TM_TRADER_GRADE") }
        let share = Double(grades.count { $0 >= 60 }) * 100 / Double(grades.count)
        #expect(grades.count == 2 && day.number("TM_GRADE_PERC_HIGH_COINS") == share, "\(date)")
    }

    @Test func `what is told of a day does not change by the days after it`() async throws {
        let fields = ["TRADING_SIGNAL", "TOKEN_TREND", "TRADING_SIGNALS_RETURNS", "HOLDING_RETURNS"]
        try await ReadingDesk.with { _, desk in
            try await desk.push("SOL", days: 120)
            var before: [String: JSONValue] = [:]
            for end in [150, 180, 215, 250, 290, 340] {
                try await desk.push("SOL", days: end)
                let now = try await days(desk.rows("/v2/trading-signals?symbol=SOL&\(Self.whole)"))
                for (day, row) in before {
                    for field in fields {
                        let (old, new) = (row.number(field), now[day]?.number(field))
                        let isSame = old == new || abs((old ?? .nan) - (new ?? .nan)) < 1e-12
                        #expect(isSame, "\(day) \(field), told with \(end) days")
                    }
                }
                before = now
            }
        }
    }

    @Test func `a warning that went stale is over when it went stale`() async throws {
        try await ReadingDesk.with { _, desk in
            try await desk.push("SOL", days: 400)
            let before = try await desk.rows("/v2/trading-signals?symbol=SOL&\(Self.whole)")
            #expect(before.contains { $0.whole("TRADING_SIGNAL") == -1 })
            // Doubted at a close as others are closed at it; or followed up to the candle before.
            for (reason, days) in [("confidence fell from 80.0 to 50.0", 0), ("no candle after that", 1)] {
                _ = try await desk.database.query(
                    Statement(
                        "test",
                        derived: """
                            update signal set state = 'stale', body = (body::jsonb || jsonb_build_object(
                                'stale_at',
                                (body::jsonb->>'closed_at')::timestamptz - interval '\(days) days',
                                'stale_reason', '\(reason)'))::text
                            where direction = 'bearish' and state <> 'open'
                            """))
                let after = try await desk.rows("/v2/trading-signals?symbol=SOL&\(Self.whole)")
                #expect(after == before, "\(reason)")
            }
        }
    }

    @Test func `hours have signals and positions of their own`() async throws {
        try await ReadingDesk.with { _, desk in
            // The days of SOL, played as hours.
            let rows = try ReadingDesk.rows("SOL").prefix(300).enumerated().map { index, row in
                let (day, hour) = (index / 24 + 1, index % 24)
                let time = "2024-01-\(day < 10 ? "0" : "")\(day)T\(hour < 10 ? "0" : "")\(hour):00:00Z"
                return "SOL,1h,\(time)," + row.split(separator: ",").dropFirst(3).joined(separator: ",")
            }
            try await desk.push(Array(rows))
            let hours = try await desk.rows("/v2/hourly-trading-signals?symbol=SOL&limit=1000")
            #expect(hours.count == 300)
            #expect(hours[0].names == Self.identity + ["TIMESTAMP", "CLOSE", "SIGNAL", "POSITION"])
            let upward = Array(hours.reversed())
            #expect(Set(upward.map { $0.whole("POSITION") }) == [0, 1])
            for (before, now) in zip(upward, upward.dropFirst()) {
                // What is decided at one close is held during the next hour.
                #expect(now.whole("POSITION") == (before.whole("SIGNAL") == 1 ? 1 : 0), "\(now)")
            }
            let hidden = try await desk.get("/v2/hourly-trading-signals?symbol=SOL", [.signalsRead])
            #expect(hidden.json["data"]?[0]?["CLOSE"] == .null)
        }
    }
}
