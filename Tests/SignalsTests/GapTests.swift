import Events
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signals

struct GapTests {
    private func csv(_ token: String, _ days: some Sequence<Int>, closed: Bool = true) -> [UInt8] {
        let rows = days.map { day in
            let time = Timestamp(seconds: 1_704_067_200 + Int64(day) * 86_400)
            return "\(token),1d,\(time),1,2,1,1.5,\(day),\(closed)"
        }
        let head = "token,interval,open_time,open,high,low,close,volume,closed\n"
        return Array((head + rows.joined(separator: "\n")).utf8)
    }

    private func told(_ answer: TestAnswer) -> [String] {
        answer.json["data"]?.asArray?.map { gap in
            let from = gap["from"]?.asString ?? ""
            return "\(gap["symbol"]?.asString ?? "") \(from.prefix(10)) \(gap["missing"]?.asInt ?? 0)"
        } ?? []
    }

    private nonisolated(nonsending) func pages(_ desk: Desk, _ query: String) async throws -> [String] {
        var (found, cursor): ([String], String) = ([], "")
        repeat {
            let page = try await desk.get("/v1/gaps?limit=1\(query)\(cursor)")
            found += told(page)
            cursor = page.json["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        return found
    }

    @Test func `gaps come series by series, of now and of then, and of candles that never closed`()
        async throws
    {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv("B", [0, 1, 4, 6]))
            _ = try await desk.upload("source=x", csv("A", 0...3))
            _ = try await desk.upload("source=x", csv("C", [0, 9]))
            let then = desk.time.now
            let all = ["B 2024-01-06 1", "B 2024-01-03 2", "C 2024-01-02 8"]
            #expect(try await pages(desk, "") == all)
            #expect(told(try await desk.get("/v1/gaps")) == all)
            #expect(try await pages(desk, "&from=2024-01-05&to=2024-01-06") == ["C 2024-01-02 8"])
            #expect(try await pages(desk, "&token=B&from=2024-01-04&to=2024-01-06") == ["B 2024-01-03 2"])
            #expect(try await pages(desk, "&token=C&to=2024-01-02") == [])
            desk.time.advance(.hours(1))
            _ = try await desk.upload("source=x", csv("B", [2, 3, 5]))
            _ = try await desk.upload("source=x", csv("A", [4, 5], closed: false))
            _ = try await desk.upload("source=x", csv("A", [6]))
            // Two that never closed are missing; the newest ones, which may be open still, were not.
            #expect(try await pages(desk, "") == ["A 2024-01-05 2", "C 2024-01-02 8"])
            #expect(try await pages(desk, "&as_of=\(then)") == all)
            #expect(try await pages(desk, "&as_of=2020-01-01") == [])
        }
    }

    @Test func `an answer looks at a bounded number of candles, and says where to go on`() async throws {
        try await Desk.with { _, desk in
            for token in ["A", "B", "C"] {
                _ = try await desk.upload("source=x", csv(token, [0, 2, 3]))
            }
            let range = TimeRange(from: .never, to: .forever, asOf: .forever)
            var (place, answers): (GapReads.Place?, [Int]) = (nil, [])
            repeat {
                let (found, cut) = try await GapReads.list(
                    .init(range: range), after: place, limit: 10, mostCandles: 1, in: desk.database)
                answers.append(found.count)
                place = cut.flatMap { GapReads.Place($0.parts) }
            } while place != nil
            #expect(answers == [1, 1, 1])
        }
    }

    /// Minutes; nil: left out, false: never closed.
    private func minutes(_ states: some Sequence<Bool?>) -> [UInt8] {
        let rows = states.enumerated().compactMap { minute, closed in
            closed.map { "A,1m,\(Timestamp(seconds: 1_704_067_200 + Int64(minute) * 60)),1,2,1,1.5,1,\($0)" }
        }
        let head = "token,interval,open_time,open,high,low,close,volume,closed\n"
        return Array((head + rows.joined(separator: "\n")).utf8)
    }

    @Test func `a candle that never closed is missing wherever candles are counted`() async throws {
        try await Desk.with { _, desk in
            var states: [Bool?] = Array(repeating: true, count: 120)
            for minute in 40..<70 { states[minute] = false }
            states[80] = nil
            states[0] = false
            states[119] = false
            _ = try await desk.upload("source=x", minutes(states))
            #expect(try await desk.analyst.sweepAndSettle(within: .seconds(30)) >= 0)
            let then = desk.time.now
            let query = "token=A&interval=1m&limit=1"
            for known in ["", "&as_of=\(then)"] {
                let gaps = try await desk.get("/v1/gaps?token=A\(known)")
                #expect(gaps.json["data"]?.asArray?.map { $0["missing"] } == [1, 30])
                let series = try await desk.get("/v1/series?token=A\(known)").json["data"]?[0]
                #expect(series?["missing"] == 31 && series?["missing_last_100"] == 31)
                #expect(series?["candles"] == 119)
                for path in ["candles?\(query)", "indicators?\(query)", "levels?token=A&interval=1m"] {
                    #expect(
                        try await desk.get("/v1/\(path)\(known)").json["missing_last_100"] == 31, "\(path)")
                }
            }
            let grade = try await desk.get("/v1/grades/trader?\(query)").json["data"]?[0]
            #expect(grade?["missing_last_100"] == 31)
            // What closes late is missing no more, except as it was known.
            for minute in 40..<70 { states[minute] = true }
            desk.time.advance(.minutes(1))
            _ = try await desk.upload("source=x", minutes(states))
            let now = try await desk.get("/v1/series?token=A").json["data"]?[0]
            #expect(now?["missing"] == 1 && now?["missing_last_100"] == 1)
            let was = try await desk.get("/v1/candles?\(query)&as_of=\(then)").json
            #expect(was["missing_last_100"] == 31)
        }
    }

    @Test func `a gap is told once a later candle has closed, with those that have not`() async throws {
        try await Desk.with { _, desk in
            func told() -> [String] {
                desk.events.filter { $0.type == .candleGap }.map {
                    let from = $0.data["from"]?.asString?.dropFirst(11).prefix(5) ?? ""
                    return "\(from) \($0.data["missing"]?.asInt ?? 0)"
                }
            }
            _ = try await desk.upload("source=x", minutes([true, false]))
            _ = try await desk.upload("source=x", minutes([true, false, nil, false]))
            #expect(told() == [])
            _ = try await desk.upload("source=x", minutes([true, false, nil, true]))
            #expect(told() == ["00:01 2"])
            _ = try await desk.upload("source=x", minutes([true, true, true, true, false, true, true]))
            #expect(told() == ["00:01 2", "00:04 1"])
        }
    }
}
