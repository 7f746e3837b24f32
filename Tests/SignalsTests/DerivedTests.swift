import HTTPServer
import Indicators
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signals

/// Candles of coarser intervals are made of finer ones, exactly.
struct DerivedTests {
    /// Monday.
    private static let monday = Timestamp(seconds: 1_704_067_200)

    private func candles(_ count: Int, from start: Timestamp = monday) -> [Candle] {
        (0..<count).map { index in
            let price = 100 + Double((index * 7_919) % 101) / 3
            return Candle(
                openTime: start + .minutes(Int64(index)), open: price, high: price * 1.01, low: price / 1.02,
                close: price * 1.003, volume: Double((index * 104_729) % 997) / 7)
        }
    }

    private func csv(_ candles: some Sequence<Candle>, interval: String = "1m") -> [UInt8] {
        candles.csv("A", interval)
    }

    @Test func `a candle is the first open, the extremes, the last close and the sum of its parts`() {
        let parts = candles(15)
        let whole = DerivedCandle(parts, .minute, to: .quarterHour)
        #expect(whole.candle.openTime == Self.monday && whole.candle.closed && whole.missing == 0)
        #expect(whole.candle.open == parts[0].open && whole.candle.close == parts[14].close)
        #expect(whole.candle.high == parts.map(\.high).max() && whole.candle.low == parts.map(\.low).min())
        #expect(whole.candle.volume == parts.map(\.volume).reduce(0, +))
        var unclosed = parts.filter { $0.openTime != Self.monday + .minutes(3) }
        unclosed[13].closed = false
        let rest = DerivedCandle(unclosed, .minute, to: .quarterHour)
        #expect(!rest.candle.closed && rest.missing == 2)
    }

    @Test func `intervals lie on their boundaries, and weeks begin on Monday`() {
        let sunday = Self.monday - .minutes(1)
        #expect(Interval.week.open(at: sunday) == Self.monday - .days(7))
        #expect(Interval.week.open(at: Self.monday) == Self.monday)
        #expect(Interval.week.nextOpen(from: sunday) == Self.monday)
        for interval in Interval.allCases {
            for finer in interval.finer {
                #expect(interval.seconds % finer.seconds == 0)
                #expect(interval.isAligned(Self.monday) && finer.isAligned(interval.open(at: sunday)))
            }
        }
    }

    @Test func `every page from both ends is the fold of all parts`() async throws {
        try await Desk.with { _, desk in
            var all = candles(3_000)
            all.removeSubrange(1_000..<1_020)
            _ = try await desk.upload("source=x", csv(all))
            for interval in [Interval.fiveMinutes, .quarterHour, .hour, .fourHours, .day, .week] {
                let expected = Dictionary(grouping: all) { interval.open(at: $0.openTime) }
                    .sorted { $0.key < $1.key }
                    .map { DerivedCandle($0.value, .minute, to: interval) }
                for sort in ["time", "-time"] {
                    let found = try await everything(desk, interval, sort)
                    let ordered = sort == "time" ? expected : expected.reversed()
                    #expect(found.count == ordered.count)
                    for (row, whole) in zip(found, ordered) {
                        #expect(row["time"]?.asString == whole.candle.openTime.description)
                        #expect(row["volume"]?.asDouble == whole.candle.volume)
                        #expect(row["high"]?.asDouble == whole.candle.high)
                        #expect(row["closed"]?.asBool == whole.candle.closed)
                        #expect(row["missing"]?.asInt == Int64(whole.missing))
                    }
                }
            }
            let gap = try await desk.get("/v1/candles?token=A&interval=5m&sort=time&limit=1")
            #expect(gap.json["series"]?["derived_from"] == "1m" && gap.json["missing_last_100"] == 0)
        }
    }

    @Test func `a derived candle that is not whole is missing for whoever counts them`() async throws {
        try await Desk.with { _, desk in
            // Minutes from 00:02 on, every seventh of which is not there.
            var all = candles(1_000).dropFirst(2).filter { ($0.openTime.seconds / 60) % 7 != 0 }
            _ = try await desk.upload("source=x", csv(all))
            let then = desk.time.now
            func missing(_ interval: String, _ known: String = "") async throws -> JSONValue? {
                let values = try await desk.get(
                    "/v1/indicators?token=A&interval=\(interval)&names=sma2&limit=1000\(known)")
                let candles = try await desk.get("/v1/candles?token=A&interval=\(interval)\(known)")
                #expect(values.json["missing_last_100"] == candles.json["missing_last_100"])
                return values.json["missing_last_100"]
            }
            for known in ["", "&as_of=\(then)"] {
                let whole = try await desk.get("/v1/candles?token=A&interval=5m&limit=100\(known)").json
                let open = whole["data"]?.asArray?.count { $0["closed"] == false } ?? 0
                #expect(try await missing("5m", known)?.asInt == Int64(open) && open > 50)
                // None is whole: an hour that is not over yet is not counted.
                #expect(try await missing("1h", known) == 16)
                #expect(try await missing("1d", known) == 0)
            }
            desk.time.advance(.minutes(1))
            all = Array(candles(1_000).dropFirst(2))
            _ = try await desk.upload("source=x", csv(all))
            // The first hour, in which the series begins, stays one that is not whole.
            #expect(try await missing("1h") == 1)
            #expect(try await missing("5m") == 0)
            #expect(try await missing("1h", "&as_of=\(then)") == 16)
        }
    }

    private nonisolated(nonsending) func everything(
        _ desk: Desk, _ interval: Interval, _ sort: String
    ) async throws -> [JSONValue] {
        var seen: [JSONValue] = []
        var cursor = ""
        repeat {
            let query = "token=A&interval=\(interval.rawValue)&sort=\(sort)&limit=333\(cursor)"
            let page = try await desk.get("/v1/candles?\(query)").json
            seen += page["data"]?.asArray ?? []
            cursor = page["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        return seen
    }

    @Test func `a stored interval is read as it is, and derived from another when that is named`()
        async throws
    {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv(candles(120)))
            _ = try await desk.upload("source=x", csv(candles(1), interval: "1h"))
            let stored = try await desk.get("/v1/candles?token=A&interval=1h").json
            #expect(stored["data"]?.asArray?.count == 1 && stored["series"]?["derived_from"] == .null)
            #expect(stored["data"]?[0]?["missing"] == nil)
            let derived = try await desk.get("/v1/candles?token=A&interval=1h&base=1m").json
            #expect(derived["data"]?.asArray?.count == 2 && derived["series"]?["derived_from"] == "1m")
            let range = "from=2024-01-01T00:30:00Z&to=2024-01-01T01:00:01Z"
            let inside = try await desk.get("/v1/candles?token=A&interval=1h&base=1m&\(range)").json
            #expect(inside["data"]?.asArray?.map { $0["time"]?.asString } == ["2024-01-01T01:00:00.000Z"])
            #expect(try await desk.get("/v1/candles?token=A&interval=1h&base=1d").status == 400)
            #expect(try await desk.get("/v1/candles?token=A&interval=1h&base=5m").status == 404)
        }
    }

    @Test func `a derived candle is as its parts were known`() async throws {
        try await Desk.with { _, desk in
            var parts = candles(5)
            _ = try await desk.upload("source=x", csv(parts))
            let before = desk.time.now
            desk.time.advance(.seconds(10))
            let was = parts[2].high
            parts[2].high = 1_000
            _ = try await desk.upload("source=x", csv(parts))
            let now = try await desk.get("/v1/candles?token=A&interval=5m").json["data"]?[0]
            #expect(now?["high"]?.asDouble == 1_000 && now?["revision"]?.asInt == 2)
            let then = try await desk.get("/v1/candles?token=A&interval=5m&as_of=\(before)").json["data"]?[0]
            #expect(then?["revision"]?.asInt == 1)
            #expect((then?["high"]?.asDouble ?? 0) >= was && (then?["high"]?.asDouble ?? 0) < 1_000)
        }
    }

    @Test func `an answer reads a bounded number of rows, and the next page goes on`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv(candles(3_000)))
            let finder = SeriesFinder(database: desk.database)
            let series = try await finder.readable(.symbol("A"), .hour, nil, asOf: .forever)
            var range = TimeRange(from: .never, to: .forever, asOf: .forever)
            let (first, cutAt) = try await DerivedReads.list(
                series, range, isAscending: true, limit: 200, mostRows: 2_000, in: desk.database)
            #expect(first.count == 2_000 / 60 && cutAt == first.last?.candle.openTime)
            range.from = try #require(first.last).candle.openTime + .seconds(1)
            let (rest, cutAgain) = try await DerivedReads.list(
                series, range, isAscending: true, limit: 200, mostRows: 2_000, in: desk.database)
            #expect(cutAgain == nil && first.count + rest.count == 50)
            #expect(Page(first, limit: 200, cut: ["1"]) { ["\($0.candle.openTime)"] }.next != nil)
        }
    }

    @Test func `indicators of derived candles read a bounded number of rows, and the next page goes on`()
        async throws
    {
        try await Desk.with { _, desk in
            // Of the first forty hours a minute is missing each: none of them is closed.
            let all = candles(3_000).enumerated().filter { $0.offset >= 2_400 || $0.offset % 60 != 7 }
            _ = try await desk.upload("source=x", csv(all.map(\.element)))
            let series = try await SeriesFinder(database: desk.database).readable(
                .symbol("A"), .hour, nil, asOf: .forever)
            let reads = IndicatorReads(database: desk.database)
            for isAscending in [true, false] {
                var range = TimeRange(from: .never, to: .forever, asOf: .forever)
                var (times, pages): ([Timestamp], Int) = ([], 0)
                while true {
                    let (rows, cutAt) = try await reads.page(
                        [IndicatorName("max2")], series, range, isAscending: isAscending, limit: 100,
                        mostRows: 500)
                    times += rows.map(\.time)
                    pages += 1
                    guard let cutAt else { break }
                    range.narrow(Cursor([String(cutAt.microseconds)]), isAscending)
                }
                #expect(pages > 2 && times.sorted() == (40..<50).map { Self.monday + .hours($0) })
            }
        }
    }

    @Test func `indicators of a page are those of one pass, whatever they remember`() async throws {
        try await Desk.with { _, desk in
            let all = candles(2_500)
            _ = try await desk.upload("source=x", csv(all.prefix(2_400)))
            let windows =
                "sma20,bb_upper20_2,stoch_d,mfi14,cci20,willr14,aroon_up25,max20,roc10,donchian_low20"
            for names in [windows, "rsi14,ema20,obv,sma200,wma20,macd_hist", "tr"] {
                for query in ["interval=1m", "interval=5m"] {
                    for sort in ["time", "-time"] {
                        try await compare(desk, all.prefix(2_400), names, query, sort)
                    }
                }
            }
            // Newer candles go on from the states that were kept; a revised one makes them worthless.
            _ = try await desk.upload("source=x", csv(all))
            try await compare(desk, all[...], "rsi14,ema20,obv", "interval=1m", "-time")
            var revised = all
            revised[10].close *= 1.001
            let then = desk.time.now
            desk.time.advance(.hours(1))
            _ = try await desk.upload("source=x", csv(revised[10...10]))
            try await compare(desk, revised[...], "rsi14,ema20,obv", "interval=1m", "-time")
            // As they were known before it: from states of their own, which are not those of now.
            for _ in 0..<2 {
                try await compare(desk, all[...], "rsi14,ema20,obv", "interval=1m", "-time", asOf: then)
            }
        }
    }

    @Test func `states are kept of each moment that is read, and of those that were asked for last`()
        async throws
    {
        try await Desk.with(isAnalysing: false) { _, desk in
            _ = try await desk.upload("source=x", csv(candles(1)))
            let series = try await SeriesFinder(database: desk.database).readable(
                .symbol("A"), .minute, nil, asOf: .forever)
            var states = IndicatorStates()
            let names = [try IndicatorName("ema20")]
            for hour in 0..<Int64(20) {
                let place = IndicatorStates.Place(series, names, Self.monday + .hours(hour))
                let state = IndicatorStates.State(
                    set: IndicatorSet(names), after: Self.monday, bars: Int(hour) + 1)
                states.keep(state, place, series.stored)
                let first = IndicatorStates.Place(series, names, Self.monday)
                #expect(states.last(first, series.stored, before: .forever)?.bars == 1)
            }
            let kept = (0..<Int64(20)).filter { hour in
                let place = IndicatorStates.Place(series, names, Self.monday + .hours(hour))
                return states.last(place, series.stored, before: .forever) != nil
            }
            #expect(kept == [0] + (5..<20))
        }
    }

    private nonisolated(nonsending) func compare(
        _ desk: Desk, _ candles: ArraySlice<Candle>, _ names: String, _ query: String, _ sort: String,
        asOf: Timestamp? = nil
    ) async throws {
        let known = asOf.map { "&as_of=\($0)" } ?? ""
        let names = try names.split(separator: ",").map { try IndicatorName(String($0)) }
        var set = IndicatorSet(names)
        let interval = query == "interval=5m" ? Interval.fiveMinutes : .minute
        let bars =
            interval == .minute
            ? Array(candles)
            : Dictionary(grouping: candles) { interval.open(at: $0.openTime) }.sorted { $0.key < $1.key }
                .map { DerivedCandle($0.value, .minute, to: interval).candle }
        var expected: [String: [Double?]] = [:]
        for bar in bars { expected[bar.openTime.description] = try set.update(bar.bar) }
        var cursor = ""
        for _ in 0..<3 {
            let list = names.map(\.text).joined(separator: ",")
            let target =
                "/v1/indicators?token=A&\(query)&names=\(list)&sort=\(sort)&limit=150\(known)\(cursor)"
            let page = try await desk.get(target).json
            #expect(page["data"]?.asArray?.isEmpty == false)
            for row in page["data"]?.asArray ?? [] {
                let values = names.map { row["values"]?[$0.text]?.asDouble }
                #expect(expected[row["time"]?.asString ?? ""] == values)
            }
            guard let next = page["next_cursor"]?.asString else { break }
            cursor = "&cursor=\(next)"
        }
    }
}
