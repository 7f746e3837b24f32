import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

struct ReadTests {
    private func csv(_ rows: [String]) -> [UInt8] {
        Array(("token,interval,open_time,open,high,low,close,volume\n" + rows.joined(separator: "\n")).utf8)
    }

    private func row(_ token: String, _ day: Int) -> String {
        "\(token),1d,2024-01-\(day < 10 ? "0" : "")\(day),1,2,1,1.5,\(day)"
    }

    @Test func `candles are paged from the newest, and from the oldest when asked`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv((1...5).map { row("A", $0) }))
            var seen: [String] = []
            var cursor = ""
            repeat {
                let page = try await desk.get("/v1/candles?token=A&interval=1d&limit=2\(cursor)").json
                seen += page["data"]?.asArray?.compactMap { $0["time"]?.asString } ?? []
                cursor = page["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(seen == (1...5).reversed().map { "2024-01-0\($0)T00:00:00.000Z" })
            let up = try await desk.get(
                "/v1/candles?token=A&interval=1d&sort=time&from=2024-01-02&to=2024-01-04")
            #expect(up.json["data"]?.asArray?.map { $0["volume"]?.asDouble } == [2, 3])
            #expect(up.json["series"]?["source"] == "x")
        }
    }

    @Test func `a time that ends before it begins is refused by every list`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv([row("A", 1)]))
            let series = "token=A&interval=1d&"
            for list in [
                "candles?\(series)", "gaps?", "indicators?\(series)", "signals?", "grades/trader?\(series)",
            ] {
                for to in ["2024-01-01", "2024-01-02"] {
                    let answer = try await desk.get("/v1/\(list)from=2024-01-02&to=\(to)")
                    #expect(answer.status == 400 && answer.pointers == ["query:to"], "\(answer.text)")
                    #expect(answer.text.contains("must be after from"))
                }
                #expect(try await desk.get("/v1/\(list)from=2024-01-01&to=2024-01-02").status == 200)
            }
        }
    }

    @Test func `gaps, series and tokens are listed`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv([1, 2, 5, 6, 9].map { row("A", $0) } + [row("B", 1)]))
            let gaps = try await desk.get("/v1/gaps?token=A").json["data"]?.asArray ?? []
            #expect(gaps.map { $0["from"]?.asString?.prefix(10) } == ["2024-01-07", "2024-01-03"])
            #expect(gaps.map { $0["missing"]?.asInt } == [2, 2])
            let series = try await desk.get("/v1/series").json["data"]?.asArray ?? []
            #expect(series.map { $0["symbol"]?.asString } == ["A", "B"])
            #expect(
                series[0]["missing"] == 4 && series[0]["missing_last_100"] == 4 && series[0]["candles"] == 5)
            #expect(series[1]["missing"] == 0)
            let tokens = try await desk.get("/v1/tokens?sort=-symbol").json["data"]?.asArray ?? []
            #expect(tokens.map { $0["symbol"]?.asString } == ["B", "A"])
            #expect(try await desk.get("/v1/gaps?token=NONE").json["data"] == [])
        }
    }

    @Test func `a series of several sources must be told`() async throws {
        try await Desk.with { _, desk in
            for source in ["x", "y"] {
                _ = try await desk.upload("source=\(source)", csv([row("A", 1)]))
            }
            let vague = try await desk.get("/v1/candles?token=A&interval=1d")
            #expect(vague.status == 400 && vague.json["errors"]?[0]?["code"] == "ambiguous_source")
            #expect(try await desk.get("/v1/candles?token=A&interval=1d&source=y").status == 200)
            #expect(try await desk.get("/v1/candles?token=C&interval=1d").status == 404)
        }
    }

    @Test func `closes are told to those who may read candles, and what is made of them to others too`()
        async throws
    {
        try await Desk.with { _, desk in
            let prices = (0..<20).map { [5: 9, 12: 9, 19: 6][$0] ?? 5 }
            let rows = prices.enumerated().map { day, price in
                "A,1d,2024-01-\(day < 9 ? "0" : "")\(day + 1),\(price),\(price + 1),\(price - 1),\(price),7"
            }
            _ = try await desk.upload("source=x", csv(rows))
            let caller = TestCaller(desk.operations)
            for (context, sees) in [
                (testContext(at: desk.time.now), true),
                (testContext([.signalsRead], at: desk.time.now), false),
            ] {
                let target = "/v1/indicators?token=A&interval=1d&names=sma5"
                let values = try await caller.call("GET", target, context).json["data"]?[0]
                #expect(
                    values?["close"]?.asDouble == (sees ? 6 : nil)
                        && values?["values"]?["sma5"]?.asDouble == 5.2)
                let levels = try await caller.call("GET", "/v1/levels?token=A&interval=1d", context).json
                #expect(levels["close"]?.asDouble == (sees ? 6 : nil), "\(levels)")
                let first = levels["levels"]?[0]
                #expect(first?["price"]?.asDouble != nil && (first?["distance"]?.asDouble != nil) == sees)
            }
        }
    }

    @Test func `a ticker's time ends where no candle is in the way`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv([row("A", 1), row("A", 5)]))
            let id = try await desk.get("/v1/tokens").json["data"]?[0]?["id"]?.asString ?? ""
            let caller = TestCaller(desk.operations)
            func end(_ time: String) async throws -> TestAnswer {
                try await caller.call(
                    "PATCH", "/v1/tokens/\(id)", testContext(at: desk.time.now),
                    headers: [(name: "if-match", value: "*")], body: #"{"valid_to":\#(time)}"#)
            }
            #expect(try await end("\"2024-01-05T00:00:00Z\"").code == "conflict")
            let ended = try await end("\"2024-01-06T00:00:00Z\"")
            #expect(ended.status == 200 && ended.etag == "\"2\"")
            #expect(ended.json["valid_to"]?.asString == "2024-01-06T00:00:00.000Z")
            _ = try await desk.upload("source=x", csv([row("A", 7)]))
            #expect(try await end("null").code == "conflict")
        }
    }

    @Test func `indicators have a catalogue, and values with the same nulls as the rules`() async throws {
        try await Desk.with { _, desk in
            let catalogue = try await desk.get("/v1/indicators").json["data"]?.asArray ?? []
            #expect(catalogue.count == 38)
            let rsi = catalogue.first { $0["name"] == "rsi14" }
            #expect(rsi?["look_back"] == 14 && rsi?["first_stable"] == 294)
            _ = try await desk.upload("source=x", csv((1...20).map { row("A", $0) }))
            let values = try await desk.get("/v1/indicators?token=A&interval=1d&names=sma20,obv")
            let newest = values.json["data"]?[0]
            #expect(newest?["values"]?["sma20"]?.asDouble == 1.5)
            #expect(values.json["data"]?[1]?["values"]?["sma20"] == .null)
            #expect(try await desk.get("/v1/indicators?token=A").status == 400)
            let own = try await desk.get(
                "/v1/indicators?token=A&interval=1d&sort=time&names=max2,sma5,bb_mid4_2")
            let last = own.json["data"]?.asArray?.last
            #expect(last?["values"]?["max2"]?.asDouble == 2 && last?["values"]?["sma5"]?.asDouble == 1.5)
            #expect(own.json["data"]?[2]?["values"]?["bb_mid4_2"] == .null)
        }
    }

    @Test func `an indicator's name that is wrong is told why`() async throws {
        try await Desk.with { _, desk in
            let described = try await desk.get("/v1/indicators?names=macd_hist8_21_5").json["data"]?[0]
            #expect(described?["parameters"]?["slow"] == 21 && described?["look_back"] == 24)
            #expect(described?["bounds"]?["fast"]?["minimum"] == 2)
            for (names, message) in [
                ("rsi1", "rsi: n must be a whole number from 2 to 1000"),
                ("sma20,vwap", "vwap is no indicator"), ("rsi,rsi", "must be at most 40"), ("rsi,", " is no"),
            ] {
                let answer = try await desk.get("/v1/indicators?names=\(names)")
                #expect(answer.status == 400 && answer.json["errors"]?[0]?["pointer"] == "query:names")
                #expect(answer.text.contains(message), "\(answer.text)")
            }
        }
    }

    @Test func `every list answers with all of its filters and sorts`() async throws {
        try await Desk.with { _, desk in
            let sol = try CandleFixture.candles("SOL").prefix(300).map { c in
                "SOL,1d,\(c.openTime),\(c.open),\(c.high),\(c.low),\(c.close),\(c.volume)"
            }
            _ = try await desk.upload("source=x", csv(sol))
            let past = "&as_of=\(desk.time.now + .seconds(30))"
            for sort in ["decided_at", "-decided_at", "roi_net", "-roi_net", "roi_close", "-roi_close"] {
                for (asOf, model) in [("", 0), (past, 0), ("&model=trader/v1", 1)] {
                    var seen: [String] = []
                    var cursor = ""
                    repeat {
                        let page = try await desk.get("/v1/signals?sort=\(sort)&limit=3\(asOf)\(cursor)")
                        #expect(page.status == 200, "\(page.text)")
                        seen += page.json["data"]?.asArray?.compactMap { $0["id"]?.asString } ?? []
                        cursor = page.json["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
                    } while !cursor.isEmpty
                    let rows = try await desk.rows("select model_number from signal where not withdrawn")
                    let stored = rows.count { $0.int(0) == model }
                    #expect(seen.count == stored && Set(seen).count == stored && stored > 3)
                }
            }
            let first = try await desk.get("/v1/signals?interval=1d&sort=roi_net&limit=2").json
            let cursor = "cursor=\(first["next_cursor"]?.asString ?? "")"
            for (query, status) in [
                ("interval=1d&sort=roi_net&limit=2", 200), ("sort=roi_net&interval=1d&limit=5", 200),
                ("interval=1d&sort=-roi_net", 400), ("interval=1d&sort=roi_net&source=y", 400),
                ("interval=1d", 400), ("interval=1d&sort=decided_at", 400),
            ] {
                let page = try await desk.get("/v1/signals?\(query)&\(cursor)")
                #expect(page.status == status, "\(query): \(page.text)")
                if status == 400 { #expect(page.json["errors"]?[0]?["code"] == "invalid_cursor") }
            }
            for sort in ["time", "-time", "grade", "-grade"] {
                let newest = try await desk.get(
                    "/v1/grades/trader?interval=1d&sort=\(sort)&grade_gte=0&why=true")
                #expect(newest.json["data"]?.asArray?.count == 1, "\(newest.text)")
            }
            #expect(try await desk.get("/v1/grades/trader?interval=1d&from=2024-01-01").status == 400)
            #expect(try await desk.get("/v1/grades/trader?interval=1d&token=SOL&sort=grade").status == 400)
            let filtered = try await desk.get(
                "/v1/signals?token=SOL&interval=1d&source=x&direction=bullish&state=closed&grade_gte=0"
                    + "&grade_lt=100&from=2020-01-01&to=2030-01-01")
            #expect(filtered.status == 200 && filtered.json["data"]?.asArray?.isEmpty == false)
            try await readWhatIsNoNumber(desk)
        }
    }

    /// As it was stored when candles had no bounds: it passes no filter.
    private nonisolated(nonsending) func readWhatIsNoNumber(_ desk: Desk) async throws {
        for change in ["grade set value", "series set grade", "signal set roi_net"] {
            _ = try await desk.rows("update \(change) = 'NaN'")
        }
        for query in [
            "grades/trader?interval=1d&grade_gte=0", "grades/trader?interval=1d&token=SOL&grade_gte=0",
            "signals?grade_gte=0", "signals?roi_net_gte=-1",
        ] {
            let found = try await desk.get("/v1/\(query)")
            #expect(found.status == 200 && found.json["data"] == [], "\(query)")
        }
        let calibration = try await desk.get("/v1/signals/calibration")
        #expect(calibration.status == 200, "\(calibration.text)")
    }

    @Test func `open signals go stale when the data stop, and stay so`() async throws {
        try await Desk.with { _, desk in
            let candles = try CandleFixture.candles("SOL")
            var analysis = SeriesAnalysis(.day)
            var end = 0
            for (index, candle) in candles.prefix(400).enumerated() {
                _ = analysis.update(.init(candle, .noSeries))
                if analysis.openSignals.contains(where: { $0.direction == .bullish && $0.model == .traderV0 })
                {
                    end = index
                }
            }
            let rows = candles.prefix(end + 1).map { c in
                "SOL,1d,\(c.openTime),\(c.open),\(c.high),\(c.low),\(c.close),\(c.volume)"
            }
            _ = try await desk.upload("source=x", csv(rows))
            #expect(try await desk.rows("select 1 from signal where state = 'open'").count >= 1)
            let jobs = SignalJobs(ledger: desk.ledger, analyst: desk.analyst).jobs
            let staleness = try #require(jobs.first { $0.name == "signal-staleness" })
            for _ in 0..<2 {
                _ = try await staleness.run(
                    .init(id: desk.ledger.newID(), context: testContext(at: desk.time.now)))
                #expect(try await desk.rows("select 1 from signal where state = 'open'").isEmpty)
            }
            #expect(desk.events.contains { $0.type == .signalStale })
            // The same candle again, as a revision: the signal is stale as before.
            _ = try await desk.rows("update series set dirty_from = first_open")
            _ = try await desk.analyst.sweepAndSettle(within: .seconds(20))
            #expect(try await desk.rows("select 1 from signal where state = 'open'").isEmpty)
        }
    }

    @Test func `one run asks all series whether their data have stopped`() async throws {
        try await Desk.with(isAnalysing: false) { _, desk in
            desk.analyst.stop()
            _ = try await desk.rows(
                """
                with made as (
                    insert into token (id, created_at, updated_at)
                    select gen_random_uuid(), now(), now() from generate_series(0, \(SignalJobs.mostStale))
                    returning id
                ), named as (
                    insert into ticker (token_id, symbol)
                    select id, upper(substr(md5(id::text), 1, 12)) from made
                ), listed as (
                    insert into series (token_id, source, interval, first_open, last_open, last_closed,
                        created_at, updated_at)
                    select id, 'x', '1d', '2024-01-01', '2024-01-01', '2024-01-01', now(), now() from made
                    returning id
                )
                insert into signal (id, series, direction, decided_at, state, retroactive, known_at, body,
                    model_number)
                select gen_random_uuid(), id, 'bullish', '2024-01-01', 'open', false, now(), '{}', 0
                from listed
                """)
            let jobs = SignalJobs(ledger: desk.ledger, analyst: desk.analyst).jobs
            let staleness = try #require(jobs.first { $0.name == "signal-staleness" })
            let result = try await staleness.run(
                .init(id: desk.ledger.newID(), context: testContext(at: desk.time.now)))
            #expect(JSONValue.object(result)["series"]?.asInt == Int64(SignalJobs.mostStale + 1))
        }
    }

    @Test func `signals are sorted by their path too, and carry what was missing`() async throws {
        try await Desk.with { _, desk in
            var sol = Array(try CandleFixture.candles("SOL").prefix(400))
            sol.removeSubrange(150..<155)
            let rows = sol.map { c in
                "SOL,1d,\(c.openTime),\(c.open),\(c.high),\(c.low),\(c.close),\(c.volume)"
            }
            _ = try await desk.upload("source=x", csv(rows))
            var analysis = SeriesAnalysis(.day)
            let decided = analysis.update(sol, gate: nil).flatMap(\.changes).map(\.signal)
                .filter { $0.direction == .bullish }
            let expected = decided.reduce(into: [:]) { $0[$1.decisionCandle.description] = $1.missingLast100 }
            #expect(Set(expected.values).count > 1)
            for (member, sort) in [("peak_high", "-peak_high"), ("max_drawdown", "max_drawdown")] {
                var (found, cursor): ([JSONValue], String) = ([], "")
                repeat {
                    let page = try await desk.get(
                        "/v1/signals?direction=bullish&limit=2&sort=\(sort)\(cursor)")
                    found += page.json["data"]?.asArray ?? []
                    cursor = page.json["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
                } while !cursor.isEmpty
                #expect(found.count == expected.count && found.count > 3)
                let values = found.compactMap { $0["roi"]?[member]?.asDouble }
                #expect(values == (member == "peak_high" ? values.sorted(by: >) : values.sorted()))
                for signal in found {
                    let missing = expected[signal["decided_at"]?.asString ?? ""]
                    #expect(signal["missing_last_100"]?.asInt == missing.map(Int64.init))
                }
                let past = try await desk.get("/v1/signals?sort=\(sort)&as_of=2026-01-01")
                #expect(past.status == 400 && past.pointers == ["query:sort"], "\(past.text)")
            }
            let levels = try await desk.get("/v1/levels?token=SOL&interval=1d").json
            #expect(levels["missing_last_100"] == 0)
        }
    }
}
