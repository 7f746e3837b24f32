import Access
import HTTPServer
import JSON
import Jobs
import Kernel
import Postgres
import Signals
import TestSupport
import Testing

@testable import Backtests
@testable import Events

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
            try await stopAndGoOn(desk)
            try await loseRights(desk)
            try await cancel(desk)
            try await refuse(desk)
            try await readThePast(desk)
        }
    }

    /// A rule is run, and everything is told together.
    private nonisolated(nonsending) func tell(_ desk: BacktestDesk) async throws {
        desk.forgetEvents()
        let asked = try await desk.call(
            "POST", "/v1/backtests", body: #"{"name":"<dips>","rule":\#(Self.rule),"source":"demo"}"#)
        #expect(asked.status == 201 && asked.json["state"]?.asString == "queued", "\(asked.text)")
        let id = try #require(asked.json["id"]?.asString)
        #expect(try await desk.call("GET", "/v1/backtests/\(id)/chart.svg").status == 404)
        try await desk.work()
        let told = try await desk.call("GET", "/v1/backtests/\(id)").json
        #expect(told["state"]?.asString == "succeeded", "\(told)")
        #expect(desk.events.map(\.type) == [.backtestStarted, .backtestFinished])
        let finished = try #require(desk.events.last)
        #expect(finished.subject == id && finished.data["name"] == "<dips>", "\(finished)")
        #expect(finished.data["sharpe"] == told["report"]?["result"]?["sharpe"])
        #expect(finished.data["trades"] == told["report"]?["result"]?["trades"])
        #expect(finished.data["variants_tried"]?.asInt == 1)
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
            desk.forgetEvents()
            _ = try await BacktestStore.begin(backtest, at: .testStart, in: desk.database)
            try await desk.work()
            let found = try await BacktestStore.find(backtest, in: desk.database)
            reports.append(String(decoding: try #require(found?.report), as: UTF8.self))
            // That it began was told by the node that is lost.
            #expect(desk.events.map(\.type) == [.backtestFinished])
        }
        #expect(reports[0] == reports[1] && reports[0] != reports[2])
        let list = try await desk.call("GET", "/v1/backtests?state=succeeded&limit=3").json
        let cursor = try #require(list["next_cursor"]?.asString)
        let rest = try await desk.call("GET", "/v1/backtests?limit=3&cursor=\(cursor)").json
        let all = [list, rest].flatMap { $0["data"]?.asArray ?? [] }
        // The same rule twice is one variant.
        #expect(all.compactMap { $0["variants_tried"]?.asInt }.sorted() == [1, 2, 2, 3])
        // So is the same token by its id.
        let sol = try await desk.call("GET", "/v1/tokens?symbol=SOL").json["data"]?[0]?["id"]?.asString ?? ""
        let named = #"{"rule":{"hold":"close > sma(50)"},"source":"demo","tokens":["\#(sol)"]}"#
        let id = try await desk.call("POST", "/v1/backtests", body: named).json["id"]?.asString ?? ""
        try await desk.work()
        #expect(try await desk.call("GET", "/v1/backtests/\(id)").json["variants_tried"]?.asInt == 3)
        #expect(try await desk.call("DELETE", "/v1/backtests/\(id)").status == 204)
        try await fail(desk)
    }

    /// What comes to nothing at any bar is no rule.
    private nonisolated(nonsending) func fail(_ desk: BacktestDesk) async throws {
        let body = #"{"rule":{"hold":"int(close) / 0 > 1"},"source":"demo"}"#
        let id = try await desk.call("POST", "/v1/backtests", body: body).json["id"]?.asString ?? ""
        try await desk.work()
        let told = try await desk.call("GET", "/v1/backtests/\(id)").json
        #expect(told["state"] == "failed" && told["report"] == .null, "\(told)")
        #expect(told["error"]?.asString?.contains("int(close) / 0: ") == true, "\(told)")
        #expect(desk.events.last?.type == .backtestFailed)
    }

    private nonisolated(nonsending) func ask(_ desk: BacktestDesk) async throws -> BacktestID {
        let body = #"{"rule":{"hold":"close > sma(50)"},"source":"demo","tokens":["SOL"]}"#
        let id = try await desk.call("POST", "/v1/backtests", body: body).json["id"]?.asString
        return try #require(BacktestID(id ?? ""))
    }

    /// Nodes that stop in order cut it short as often as they like.
    private nonisolated(nonsending) func stopAndGoOn(_ desk: BacktestDesk) async throws {
        let id = try await ask(desk)
        for _ in 0...Backtest.mostAttempts {
            let run = desk.makeRun()
            desk.authority.onAsk = { run.callOff() }
            _ = try await desk.runner.jobs[0].run(run)
            let found = try await BacktestStore.find(id, in: desk.database)
            #expect(found?.backtest.state == .running)
        }
        desk.authority.onAsk = {}
        try await desk.work()
        #expect(try await BacktestStore.find(id, in: desk.database)?.backtest.state == .succeeded)
        try await BacktestStore.delete(id, in: desk.database)
    }

    private nonisolated(nonsending) func loseRights(_ desk: BacktestDesk) async throws {
        let id = try await ask(desk)
        desk.authority.mayRun = false
        try await desk.work()
        desk.authority.mayRun = true
        let found = try await BacktestStore.find(id, in: desk.database)?.backtest
        #expect(found?.state == .failed && found?.error?.contains("may not run backtests") == true)
        try await BacktestStore.delete(id, in: desk.database)
    }

    /// What was added, revised or renamed since does not change what was known.
    private nonisolated(nonsending) func readThePast(_ desk: BacktestDesk) async throws {
        desk.time.advance(.hours(1))
        let asOf = desk.time.now - .minutes(1)
        let rule = #"{"hold":"close > sma(20)","gate":true}"#
        let then = #"{"rule":\#(rule),"source":"demo","as_of":"\#(asOf)"}"#
        let named = #"{"rule":\#(rule),"source":"demo","tokens":["SOL"],"as_of":"\#(asOf)"}"#
        let now = #"{"rule":\#(rule),"source":"demo"}"#
        let before = try await [report(then, desk), report(named, desk), report(now, desk)]
        #expect(before[0] == before[2] && before[0] != before[1])
        desk.time.advance(.hours(1))
        // When it was asked is no part of it.
        #expect(try await report(now, desk) == before[0])
        let sol = Market.candles(closes: Market.walk(325, seed: 2, drift: 0.002))
        var revised = sol[100]
        revised.close *= 1.001
        revised.high = max(revised.high, revised.close)
        #expect(try await desk.upload("SOL", [revised]).json["revised"]?.asInt == 1)
        let more = Market.candles(closes: Market.walk(325, seed: 9))
        #expect(try await desk.upload("ADA", more).status == 200)
        let tokens = try await desk.call("GET", "/v1/tokens?symbol=SOL").json["data"]
        let id = try #require(tokens?[0]?["id"]?.asString)
        let renaming = #"{"symbol":"XSOL","renamed_at":"\#(desk.time.now)"}"#
        let renamed = try await desk.call("PATCH", "/v1/tokens/\(id)", body: renaming)
        #expect(renamed.status == 200, "\(renamed.text)")
        desk.time.advance(.hours(1))
        #expect(try await [report(then, desk), report(named, desk)] == Array(before.prefix(2)))
        let after = try await report(now, desk)
        #expect(after.contains(#""symbol":"XSOL""#) && after.contains(#""symbol":"ADA""#))
        #expect(!before[0].contains("XSOL") && !before[0].contains("ADA"))
    }

    private nonisolated(nonsending) func report(
        _ body: String, _ desk: BacktestDesk
    ) async throws -> String {
        let asked = try await desk.call("POST", "/v1/backtests", body: body)
        let id = try #require(BacktestID(asked.json["id"]?.asString ?? ""), "\(asked.text)")
        try await desk.work()
        let found = try await BacktestStore.find(id, in: desk.database)
        return String(decoding: try #require(found?.report), as: UTF8.self)
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
        #expect(desk.events.last?.type == .backtestFailed && desk.events.last?.data["error"] == told["error"])
    }

    /// One is cancelled once, and deleted.
    private nonisolated(nonsending) func cancel(_ desk: BacktestDesk) async throws {
        let body = #"{"rule":{"hold":"close > open"},"source":"demo"}"#
        let id = try await desk.call("POST", "/v1/backtests", body: body).json["id"]?.asString ?? ""
        let cancelled = try await desk.call("POST", "/v1/backtests/\(id)/cancel")
        #expect(cancelled.json["state"]?.asString == "cancelled", "\(cancelled.text)")
        #expect(desk.events.last?.type == .backtestCancelled && desk.events.last?.subject == id)
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
            (
                #"{"rule":{"hold":"true"},"source":"demo","as_of":"\#(desk.time.now + .seconds(1))"}"#,
                "/as_of"
            ),
        ] {
            let answer = try await desk.call("POST", "/v1/backtests", body: body)
            #expect(answer.status == 422 && answer.pointers == [pointer], "\(answer.text)")
        }
    }
}
