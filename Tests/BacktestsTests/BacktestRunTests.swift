import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Backtests

struct BacktestRunTests {
    private static let rule = #"{"enter":"close > sma(50) && rsi(14) < 80","leave":"close < sma(50)"}"#

    private nonisolated(nonsending) func fill(_ desk: BacktestDesk) async throws {
        for (seed, symbol) in ["BTC", "SOL"].enumerated() {
            let candles = Market.candles(closes: Market.walk(325, seed: UInt64(seed + 1), drift: 0.002))
            #expect(try await desk.upload(symbol, candles).status == 200)
        }
    }

    /// One database for all: making one takes longer than the backtests.
    @Test func `backtests are asked for, run, told, cancelled and refused`() async throws {
        try await BacktestDesk.with { _, desk in
            try await fill(desk)
            try await tell(desk)
            try await repeatBytes(desk)
            try await giveUp(desk)
            try await cancel(desk)
            try await refuse(desk)
        }
    }

    /// A rule is run, and everything is told together.
    private nonisolated(nonsending) func tell(_ desk: BacktestDesk) async throws {
        let asked = try await desk.call(
            "POST", "/v1/backtests", body: #"{"name":"<dips>","rule":\#(Self.rule),"source":"demo"}"#)
        #expect(asked.status == 201 && asked.json["state"]?.asString == "queued", "\(asked.text)")
        let id = try #require(asked.json["id"]?.asString)
        #expect(try await desk.call("GET", "/v1/backtests/\(id)/chart.svg").status == 404)
        try await desk.work()
        let told = try await desk.call("GET", "/v1/backtests/\(id)").json
        #expect(told["state"]?.asString == "succeeded", "\(told)")
        #expect(told["variants_tried"]?.asInt == 1)
        let report = try #require(told["report"])
        #expect(report["rivals"]?.asArray?.count == 10)
        #expect(report["folds"]?.asArray?.count == 5)
        #expect(report["bootstrap"]?["draws"]?.asInt == 40)
        #expect(report["random_timing"]?["draws"]?.asInt == 20)
        #expect(report["prefix_test"]?["passes"]?.asBool == true)
        #expect(report["result"]?["hit_rate"] != nil && report["result"]?["profit_factor"] != nil)
        #expect(report["tokens"]?.asArray?.count == 2 && report["look_back"]?.asInt == 49)
        let warnings = report["warnings"]?.asArray?.compactMap { $0["code"]?.asString } ?? []
        #expect(warnings.contains("few_tokens") && warnings.contains("survivors_only"))
        let chart = try await desk.call("GET", "/v1/backtests/\(id)/chart.svg")
        #expect(chart.text.contains("<title id=\"title\">&lt;dips&gt;</title>"))
        #expect(
            chart.text.contains("deepest fall") && chart.response.head[.contentType] == "image/svg+xml")
    }

    /// The same request over the same candles gives the same bytes.
    private nonisolated(nonsending) func repeatBytes(_ desk: BacktestDesk) async throws {
        var reports: [String] = []
        for gate in ["false", "false", "true"] {
            let body =
                #"{"rule":{"hold":"close > sma(50)","gate":\#(gate)},"source":"demo","tokens":["SOL"]}"#
            let id = try await desk.call("POST", "/v1/backtests", body: body).json["id"]?.asString
            // As if a node had been lost in the middle of it.
            let backtest = try #require(BacktestID(id ?? ""))
            _ = try await BacktestStore.begin(backtest, at: .testStart, in: desk.database)
            try await desk.work()
            let found = try await BacktestStore.find(backtest, in: desk.database)
            reports.append(String(decoding: try #require(found?.report), as: UTF8.self))
        }
        #expect(reports[0] == reports[1] && reports[0] != reports[2])
        let list = try await desk.call("GET", "/v1/backtests?state=succeeded&limit=3").json
        let cursor = try #require(list["next_cursor"]?.asString)
        let rest = try await desk.call("GET", "/v1/backtests?limit=3&cursor=\(cursor)").json
        let all = [list, rest].flatMap { $0["data"]?.asArray ?? [] }
        // The same rule twice is one variant.
        #expect(all.compactMap { $0["variants_tried"]?.asInt }.sorted() == [1, 2, 2, 3])
    }

    /// What is cut short again and again is given up.
    private nonisolated(nonsending) func giveUp(_ desk: BacktestDesk) async throws {
        let body = #"{"rule":{"hold":"close > open"},"source":"demo"}"#
        let id = try await desk.call("POST", "/v1/backtests", body: body).json["id"]?.asString ?? ""
        for _ in 0..<Backtest.mostAttempts {
            _ = try await BacktestStore.begin(
                try #require(BacktestID(id)), at: .testStart, in: desk.database)
        }
        try await desk.work()
        let told = try await desk.call("GET", "/v1/backtests/\(id)").json
        #expect(told["state"]?.asString == "failed" && told["error"]?.asString?.contains("cut short") == true)
    }

    /// One is cancelled once, and deleted.
    private nonisolated(nonsending) func cancel(_ desk: BacktestDesk) async throws {
        let body = #"{"rule":{"hold":"close > open"},"source":"demo"}"#
        let id = try await desk.call("POST", "/v1/backtests", body: body).json["id"]?.asString ?? ""
        let cancelled = try await desk.call("POST", "/v1/backtests/\(id)/cancel")
        #expect(cancelled.json["state"]?.asString == "cancelled", "\(cancelled.text)")
        #expect(try await desk.call("POST", "/v1/backtests/\(id)/cancel").status == 409)
        try await desk.work()
        #expect(try await desk.call("GET", "/v1/backtests/\(id)").json["report"] == .null)
        #expect(try await desk.call("DELETE", "/v1/backtests/\(id)").status == 204)
        #expect(try await desk.call("GET", "/v1/backtests/\(id)").status == 404)
        #expect(try await desk.call("POST", "/v1/backtests/\(id)/cancel").status == 404)
    }

    /// What cannot be run is refused at once, by its field.
    private nonisolated(nonsending) func refuse(_ desk: BacktestDesk) async throws {
        let (earlier, later) = ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z")
        for (body, pointer) in [
            (#"{"rule":{"hold":"close > smaa(20)"},"source":"demo"}"#, "/rule/hold"),
            (#"{"rule":{"hold":"true"},"source":"demo","tokens":["SOL","NOPE"]}"#, "/tokens/1"),
            (#"{"rule":{"hold":"true"},"source":"elsewhere"}"#, "/source"),
            (#"{"rule":{"hold":"true"},"source":"demo","interval":"2d"}"#, "/interval"),
            (
                #"{"rule":{"hold":"true"},"source":"demo","from":"\#(later)","to":"\#(earlier)"}"#,
                "/to"
            ),
            (#"{"source":"demo"}"#, "/rule"),
        ] {
            let answer = try await desk.call("POST", "/v1/backtests", body: body)
            #expect(answer.status == 422 && answer.pointers == [pointer], "\(answer.text)")
        }
    }
}
