import Access
import EventLoop
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

/// Who a token is, whatever its ticker was, and which of its sources is read.
struct TokenTests {
    private func csv(_ rows: [String]) -> [UInt8] {
        Array(("token,interval,open_time,open,high,low,close,volume\n" + rows.joined(separator: "\n")).utf8)
    }

    private func row(_ token: String, _ day: Int, close: Double = 1.5) -> String {
        "\(token),1d,2024-01-\(day < 10 ? "0" : "")\(day),1,2,1,\(close),\(day)"
    }

    private nonisolated(nonsending) func id(_ desk: Desk, _ symbol: String) async throws -> String {
        let found = try await desk.get("/v1/tokens?symbol=\(symbol)").json["data"]
        return found?.asArray?.last?["id"]?.asString ?? ""
    }

    private nonisolated(nonsending) func patch(
        _ desk: Desk, _ id: String, _ body: String
    ) async throws -> TestAnswer {
        try await TestCaller(desk.operations).call(
            "PATCH", "/v1/tokens/\(id)", testContext(at: desk.time.now),
            headers: [(name: "if-match", value: "*")], body: body)
    }

    @Test func `a renamed token keeps its candles, and its old ticker can be another's`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv((1...9).map { row("MATIC", $0) }))
            let matic = try await id(desk, "MATIC")
            let renamed = try await patch(
                desk, matic, #"{"symbol":"POL","renamed_at":"2024-01-10T00:00:00Z"}"#)
            #expect(renamed.status == 200 && renamed.json["symbol"] == "POL", "\(renamed.text)")
            #expect(renamed.json["valid_from"] == "2024-01-10T00:00:00.000Z")
            #expect(renamed.json["former_tickers"]?[0]?["symbol"] == "MATIC")
            let mixed = csv([row("POL", 10), row("MATIC", 9, close: 1.6), row("POL", 9), row("MATIC", 10)])
            let verdict = try await desk.upload("source=x", mixed)
            #expect(verdict.json["inserted"] == 2 && verdict.json["revised"] == 1)
            #expect(verdict.json["errors"]?[0]?["code"] == "not_in_ticker_time")
            let candles = try await desk.get("/v1/candles?token=POL&interval=1d").json
            #expect(
                candles["data"]?.asArray?.count == 10 && candles["series"]?["token_id"]?.asString == matic)
            let other = try await desk.get("/v1/candles?token=MATIC&interval=1d").json
            #expect(other["data"]?.asArray?.count == 1 && other["series"]?["token_id"]?.asString != matic)
            let had = try await desk.get("/v1/tokens?symbol=MATIC").json["data"]?.asArray ?? []
            #expect(had.count == 2)
            let then = try await desk.get("/v1/tokens?symbol=MATIC&at=2024-01-05").json["data"]?.asArray ?? []
            #expect(then.map { $0["id"]?.asString } == [matic])
            #expect(try await desk.get("/v1/series").json["data"]?.asArray?.count == 2)
        }
    }

    @Test func `two coins that came as one token are told apart by sending them again`() async throws {
        try await Desk.with { _, desk in
            let first = (1...4).map { row("LUNA", $0) }
            let second = (7...9).map { row("LUNA", $0, close: 1.6) }
            _ = try await desk.upload("source=x", csv(first + second))
            let mixed = try await id(desk, "LUNA")
            let end = #"{"valid_to":"2024-01-05T00:00:00Z"}"#
            let refused = try await patch(desk, mixed, end)
            #expect(refused.status == 409 && refused.text.contains("Rename it"), "\(refused.text)")
            let renamed = try await patch(
                desk, mixed, #"{"symbol":"LUNA-MIXED","renamed_at":"2009-01-04T00:00:00Z"}"#)
            #expect(renamed.status == 200, "\(renamed.text)")
            _ = try await desk.upload("source=x", csv(first))
            let old = try await id(desk, "LUNA&at=2024-01-02")
            #expect(old != mixed)
            #expect(try await patch(desk, old, end).status == 200)
            #expect(try await desk.upload("source=x", csv(second)).json["inserted"] == 3)
            let new = try await id(desk, "LUNA&at=2024-01-08")
            #expect(new != old && new != mixed)
            for (token, count) in [(mixed, 7), (old, 4), (new, 3)] {
                let candles = try await desk.get("/v1/candles?token=\(token)&interval=1d").json["data"]
                #expect(candles?.asArray?.count == count)
            }
        }
    }

    @Test func `a ticker is renamed only to one that is free from then on`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv([row("A", 1), row("B", 1)]))
            let a = try await id(desk, "A")
            let taken = try await patch(desk, a, #"{"symbol":"B","renamed_at":"2024-01-10T00:00:00Z"}"#)
            #expect(taken.code == "conflict")
            let future = try await patch(desk, a, #"{"symbol":"C","renamed_at":"2099-01-10T00:00:00Z"}"#)
            #expect(future.status == 422 && future.json["errors"]?[0]?["pointer"] == "/renamed_at")
            let half = try await patch(desk, a, #"{"symbol":"C"}"#)
            #expect(half.status == 422 && half.json["errors"]?[0]?["pointer"] == "/renamed_at")
            #expect(try await patch(desk, a, "{}").status == 422)
            let back = #"{"symbol":"C","renamed_at":"2024-01-10T00:00:00Z"}"#
            #expect(try await patch(desk, a, back).status == 200)
            let again = #"{"symbol":"A","renamed_at":"2024-01-09T00:00:00Z"}"#
            #expect(try await patch(desk, a, again).status == 422)
            let forth = #"{"symbol":"A","renamed_at":"2024-01-20T00:00:00Z"}"#
            #expect(try await patch(desk, a, forth).json["former_tickers"]?.asArray?.count == 2)
        }
    }

    @Test func `the primary source is read when none is named`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv([row("A", 1, close: 1.1)]))
            _ = try await desk.upload("source=y", csv([row("A", 1, close: 1.9)]))
            let a = try await id(desk, "A")
            #expect(try await desk.get("/v1/candles?token=A&interval=1d").status == 400)
            let unknown = try await patch(desk, a, #"{"primary_source":"z"}"#)
            #expect(unknown.status == 422 && unknown.json["errors"]?[0]?["pointer"] == "/primary_source")
            let chosen = try await patch(desk, a, #"{"primary_source":"y"}"#)
            #expect(chosen.status == 200 && chosen.json["primary_source"] == "y")
            for target in ["/v1/candles?token=A&interval=1d", "/v1/indicators?token=A&interval=1d"] {
                #expect(try await desk.get(target).json["series"]?["source"] == "y")
            }
            #expect(try await desk.get("/v1/grades/trader?token=A&interval=1d").status == 200)
            let series = try await desk.get("/v1/series").json["data"]?.asArray ?? []
            #expect(series.map { $0["primary"]?.asBool } == [false, true])
            #expect(series.allSatisfy { $0["prices_policy"] == false })
            #expect(try await patch(desk, a, #"{"primary_source":null}"#).json["primary_source"] == .null)
        }
    }

    @Test func `tokens have a name and categories, by which they are found`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv([row("A", 1), row("B", 1)]))
            let a = try await id(desk, "A")
            let named = try await patch(desk, a, #"{"name":"Alpha","categories":["Layer 1","DeFi"]}"#)
            #expect(named.json["name"] == "Alpha" && named.etag == "\"2\"", "\(named.text)")
            let found = try await desk.get("/v1/tokens?category=DeFi").json["data"]?.asArray ?? []
            #expect(found.map { $0["symbol"]?.asString } == ["A"])
            #expect(try await patch(desk, a, #"{"name":"Alpha"}"#).etag == "\"2\"")
            #expect(try await patch(desk, a, #"{"categories":["x","x"]}"#).status == 422)
            #expect(try await patch(desk, a, #"{"categories":[" A "]}"#).status == 422)
            let hidden = try await patch(desk, a, #"{"categories":["x","a\u202Eb"]}"#)
            #expect(hidden.json["errors"]?[0]?["pointer"] == "/categories/1")
            #expect(try await patch(desk, a, #"{"name":"a\u202Eb"}"#).status == 422)
        }
    }

    /// What the gate said when the token's signals were decided.
    private func reasons(_ desk: Desk, _ worker: isolated Worker) async throws -> Set<String> {
        let node = Analyst(ledger: desk.ledger, reactor: worker.reactor)
        node.start(on: worker)
        defer { node.stop() }
        while try await node.sweepAndSettle(within: .seconds(60)) > 0 {}
        let stored = try await desk.rows(
            """
            select g.body::json->'gate'->>'reason' from signal g join series s on s.id = g.series
                join ticker t using (token_id)
            where t.symbol = 'SOL' and not g.withdrawn and g.direction = 'bullish'
            """)
        return Set(stored.map { String($0.text(0).prefix(40)) })
    }

    @Test func `a token that is renamed to the market's name, or from it, changes what the gate says`()
        async throws
    {
        // Through the summer of 2021, when the gate closed.
        let days = (Timestamp("2020-10-01") ?? .never)...(Timestamp("2021-08-15") ?? .never)
        try await Desk.with(isAnalysing: false) { worker, desk in
            desk.analyst.stop()
            for (fixture, symbol) in [("BTC", "XBT"), ("SOL", "SOL")] {
                let rows = try CandleFixture.candles(fixture).filter { days.contains($0.openTime) }.map { c in
                    "\(symbol),1d,\(c.openTime),\(c.open),\(c.high),\(c.low),\(c.close),\(c.volume)"
                }
                _ = try await desk.upload("source=x", csv(rows))
            }
            let none: Set = ["market gate open: there is no BTC series"]
            #expect(try await reasons(desk, worker) == none)
            let token = try await id(desk, "XBT")
            for (symbol, at) in [("BTC", "2024-01-10"), ("XBT", "2024-01-20")] {
                desk.time.advance(.hours(1))
                let body = #"{"symbol":"\#(symbol)","renamed_at":"\#(at)T00:00:00Z"}"#
                #expect(try await patch(desk, token, body).status == 200)
                let found = try await reasons(desk, worker)
                #expect(symbol == "XBT" ? found == none : !found.isEmpty && found.isDisjoint(with: none))
            }
        }
    }
}
