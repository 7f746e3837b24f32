import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

/// What `as_of` tells, of what the stored rows do not say as such.
struct PastReadTests {
    private func days(_ token: String, _ days: some Sequence<Int>) -> [UInt8] {
        days.map { day in
            Candle(
                openTime: Timestamp(seconds: 1_704_067_200 + Int64(day) * 86_400), open: 1, high: 2, low: 1,
                close: 1.5, volume: 1)
        }.csv(token)
    }

    /// Stored, and analysed.
    private nonisolated(nonsending) func push(
        _ desk: Desk, _ candles: some Sequence<Candle> & Sendable
    ) async throws {
        let answer = try await desk.upload("source=x", candles.csv("SOL"))
        #expect(answer.json["refused"] == 0, "\(answer.text)")
        while try await desk.analyst.sweepAndSettle(within: .seconds(60)) > 0 {}
    }

    @Test func `returns of the past are those that were told then, without a revision for each candle`()
        async throws
    {
        let sol = try CandleFixture.candles("SOL")
        try await Desk.with { _, desk in
            try await push(desk, sol.prefix(250))
            let targets = ["decided_at", "-roi_net", "roi_close"].map {
                "/v1/signals?direction=bullish&limit=200&sort=\($0)"
            }
            var told: [(time: Timestamp, data: [JSONValue?])] = []
            for index in 250..<290 {
                var data: [JSONValue?] = []
                for target in targets { data.append(try await desk.get(target).json["data"]) }
                told.append((desk.time.now, data))
                desk.time.advance(.hours(1))
                try await push(desk, [sol[index]])
            }
            // A late one moves returns that are over, and is no revision of them either.
            var late = sol[260]
            late.high *= 1.5
            try await push(desk, [late])
            #expect(Set(told.map { "\($0.data[0] ?? .null)" }).count > 30)
            for (time, data) in told {
                for (target, was) in zip(targets, data) {
                    let then = try await desk.get(target + "&as_of=\(time)").json["data"]
                    #expect(then == was, "\(target) at \(time)")
                }
            }
            let now = try await desk.get(targets[1]).json["data"]
            let soon = desk.time.now + .seconds(30)
            #expect(try await desk.get(targets[1] + "&as_of=\(soon)").json["data"] == now)
            let next = desk.time.now + .minutes(2)
            for target in targets + [
                "/v1/candles?token=SOL&interval=1d", "/v1/tokens?limit=1", "/v1/series?limit=1",
            ] {
                let refused = try await desk.get("\(target)&as_of=\(next)")
                #expect(refused.status == 400 && refused.pointers == ["query:as_of"], "\(refused.text)")
            }
            let positive = "/v1/signals?direction=bullish&limit=200&roi_net_gte=0&as_of=\(told[20].time)"
            let winners = told[20].data[1]?.asArray?.filter { $0["roi"]?["net"]?.asDouble ?? -1 >= 0 }
            #expect(try await desk.get(positive + "&sort=-roi_net").json["data"]?.asArray == winners)
            for signal in now?.asArray ?? [] where signal["roi"] != .null {
                let (roi, entry) = (signal["roi"], signal["fill_open"]?.asDouble ?? .nan)
                let price = roi?["price"]?.asDouble ?? .nan
                #expect(price / entry - 1 == roi?["close"]?.asDouble && roi?["close"] == roi?["buy_and_hold"])
                let isOut = roi?["price_basis"] == "exit_open"
                #expect(isOut ? roi?["price"] == signal["exit_open"] : signal["exit_open"] == .null)
            }
            try await expectRevisionsDiffer(desk)
        }
    }

    private nonisolated(nonsending) func expectRevisionsDiffer(_ desk: Desk) async throws {
        let bodies = try await desk.rows(
            """
            select id::text, body from (
                select id, revision, body from signal_revision union all select id, revision, body from signal
            ) b order by id, revision
            """
        ).map { (id: $0.text(0), body: $0.text(1)) }
        let pairs = zip(bodies, bodies.dropFirst()).filter { $0.id == $1.id }
        #expect(!pairs.isEmpty && pairs.allSatisfy { !SignalBody.differOnlyInPrice($0.body, $1.body) })
    }

    @Test func `a tree that does not come to the stored grade is not told`() async throws {
        let sol = try CandleFixture.candles("SOL").prefix(60)
        try await Desk.with { _, desk in
            try await push(desk, sol)
            _ = try await desk.rows(
                "update grade set value = value + 0.001 where time = (select max(time) from grade)")
            let told = try await desk.get("/v1/grades/trader?token=SOL&interval=1d&why=true&limit=2").json[
                "data"]
            #expect(
                told?[0]?["why"] == .null && told?[0]?["why_not"]?.asString?.contains("another grade") == true
            )
            #expect(told?[1]?["why"]?["components"]?.asArray?.count == 7 && told?[1]?["why_not"] == nil)
            _ = try await desk.rows("update grade_model set parameters_hash = 'older'")
            let older = try await desk.get("/v1/grades/trader?token=SOL&interval=1d&why=true&limit=2").json[
                "data"]
            #expect(older?[1]?["why_not"]?.asString?.contains("other parameters") == true)
        }
    }

    @Test func `calibration is of the signals that were over then, with what they had brought`() async throws
    {
        let sol = try CandleFixture.candles("SOL")
        try await Desk.with { _, desk in
            try await push(desk, sol.prefix(500))
            let then = desk.time.now
            let was = try await desk.get("/v1/signals/calibration").json
            #expect(try await desk.get("/v1/signals/calibration?as_of=\(then)").json == was)
            desk.time.advance(.hours(1))
            try await push(desk, sol.dropFirst(500).prefix(300))
            #expect(try await desk.get("/v1/signals/calibration").json != was)
            #expect(try await desk.get("/v1/signals/calibration?as_of=\(then)").json == was)
        }
    }

    @Test func `a page of the past ends where its candles do, and the next goes on`() async throws {
        let sol = try CandleFixture.candles("SOL")
        try await Desk.with { _, desk in
            try await push(desk, sol.prefix(300))
            var filter = SignalReads.Filter(model: .traderV0)
            (filter.direction, filter.asOf) = (.bullish, desk.time.now)
            let all = try await SignalReads.list(
                filter, sort: .decidedAt, after: nil, limit: 100, in: desk.database)
            let few = try await SignalReturns.told(
                all, asOf: desk.time.now, mostCandles: 1, in: desk.database)
            #expect(all.count > 2 && few.count == 1 && few[0].returnsThen != nil)
        }
    }

    @Test func `a ticker means whose it was known to be then, and gaps are those of then`() async throws {
        try await Desk.with(isAnalysing: false) { _, desk in
            _ = try await desk.upload("source=x", days("MATIC", [0, 1, 4]))
            let then = desk.time.now
            let was = try await desk.get("/v1/candles?token=MATIC&interval=1d").json
            let weeks = try await desk.get("/v1/candles?token=MATIC&interval=1w").json
            #expect(was["missing_last_100"] == 2)
            desk.time.advance(.hours(1))
            let matic = was["series"]?["token_id"]?.asString ?? ""
            let renamed = try await TestCaller(desk.operations).call(
                "PATCH", "/v1/tokens/\(matic)", testContext(at: desk.time.now),
                headers: [(name: "if-match", value: "*")],
                body: #"{"symbol":"POL","renamed_at":"2024-01-10T00:00:00Z"}"#)
            #expect(renamed.status == 200, "\(renamed.text)")
            desk.time.advance(.hours(1))
            // Another token now, and the old one's days that were missing.
            _ = try await desk.upload("source=x", days("MATIC", [2, 3, 20, 21]))
            let now = try await desk.get("/v1/candles?token=MATIC&interval=1d").json
            #expect(now["series"]?["token_id"]?.asString != matic)
            let old = try await desk.get("/v1/candles?token=MATIC&interval=1d&as_of=\(then)").json
            #expect(old == was)
            let byID = try await desk.get("/v1/candles?token=\(matic)&interval=1d&as_of=\(then)").json
            #expect(byID == was)
            #expect(try await desk.get("/v1/candles?token=MATIC&interval=1w&as_of=\(then)").json == weeks)
            #expect(
                try await desk.get("/v1/candles?token=POL&interval=1d").json["missing_last_100"] == 0)
            #expect(try await desk.get("/v1/candles?token=POL&interval=1d&as_of=\(then)").status == 404)
            let values = try await desk.get("/v1/indicators?token=MATIC&interval=1d&names=max2&as_of=\(then)")
            #expect(values.json["series"] == was["series"] && values.json["missing_last_100"] == 2)
        }
    }

    private nonisolated(nonsending) func write(
        _ desk: Desk, _ names: [(String, Interval)]
    ) async throws -> [RowError] {
        var chunk = CandleChunk()
        for (line, name) in names.enumerated() {
            let candle = Candle(
                openTime: Timestamp(seconds: 1_704_067_200), open: 1, high: 1, low: 1, close: 1,
                volume: 1)
            _ = chunk.append(candle, name.0, name.1, line: line)
        }
        let write = ChunkWrite(
            tickers: TickerStore(ids: { desk.ledger.newID() }, mostTokens: 2), clock: desk.time.clock,
            source: "x", mostSeries: 3)
        let result = try await desk.ledger.change(testContext(at: desk.time.now)) { change in
            try await write.run(chunk, in: change)
        }
        return result.refused
    }

    @Test func `tokens and series are made while there is room`() async throws {
        try await Desk.with(isAnalysing: false) { _, desk in
            let first = try await write(desk, [("A", .day), ("B", .day), ("C", .day), ("A", .hour)])
            #expect(first.map(\.line) == [2] && first.map(\.code) == ["too_many"])
            let second = try await write(desk, [("A", .minute), ("B", .day), ("D", .day)])
            #expect(second.map(\.line).sorted() == [0, 2] && Set(second.map(\.code)) == ["too_many"])
            #expect(try await desk.rows("select 1 from token").count == 2)
            #expect(try await desk.rows("select 1 from series").count == 3)
            #expect(try await desk.rows("select 1 from candle").count == 3)
        }
    }
}
