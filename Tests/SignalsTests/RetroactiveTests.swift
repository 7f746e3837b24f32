import EventLoop
import Events
import Exchanges
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

/// What is told as news, and what as of the past.
struct RetroactiveTests {
    private func isLate(_ event: Event) -> Bool { event.data["retroactive"] == true }

    @Test func `history that comes in pieces makes no news, and a candle that has just closed does`()
        async throws
    {
        let sol = Array(try CandleFixture.candles("SOL").prefix(302))
        try await Desk.with { _, desk in
            // Nothing of it is news any more.
            desk.time.move(to: Interval.day.close(of: sol[298].openTime) + .hours(60))
            for start in stride(from: 0, to: 299, by: 60) {
                _ = try await desk.upload("source=x", sol[start..<min(start + 60, 299)].csv("SOL"))
            }
            let told: Set<EventType> = [.gradeChanged, .signalOpened, .signalClosed, .levelBroken]
            let history = desk.events.filter { $0.data["retroactive"] != nil }
            #expect(told.isSubset(of: history.map(\.type)) && history.allSatisfy(isLate))
            #expect(try await desk.rows("select 1 from grade where not retroactive").isEmpty)
            #expect(try await desk.rows("select 1 from signal where not retroactive").isEmpty)
            let before = desk.events.count
            try await desk.push(sol[299...])
            let fresh = desk.events.dropFirst(before).filter { $0.type == .gradeChanged }
            #expect(fresh.count { !isLate($0) } == 1 && fresh.last.map(isLate) == false)
            let stored = try await desk.rows("select 1 from grade where not retroactive")
            #expect(stored.count == 2, "of each model")
        }
    }

    @Test func `a feed that fills up tells no page as news, and then each candle`() async throws {
        try await FeedDesk.with(.binance, isAnalysing: true) { desk in
            let now = desk.desk.time.now
            desk.venue.meanwhile = { _ = try? await desk.desk.analyst.sweepAndSettle(within: .seconds(20)) }
            _ = try await desk.create(from: Interval.minute.open(at: now - .minutes(3_500)))
            desk.venue.lacks = (now - .minutes(60))..<Interval.minute.open(at: now)
            try await desk.pull()
            _ = try await desk.desk.analyst.sweepAndSettle(within: .seconds(20))
            let history = desk.desk.events.filter { $0.type == .gradeChanged }
            #expect(desk.venue.asked >= 4 && !history.isEmpty && history.allSatisfy(isLate))
            desk.desk.analyst.stop()
            desk.desk.time.advance(.minutes(1))
            try await desk.pull()
            #expect(desk.desk.analyst.queue.isUrgent, "somebody waits for what has just closed")
        }
    }

    /// Days of SOL at whose close a bullish signal of v0 opened, and was closed.
    private func course(_ sol: [Candle]) throws -> (opening: Int, closing: Int) {
        var analysis = SeriesAnalysis(.day)
        let outcomes = analysis.update(sol, gate: nil)
        func last(_ isIt: (SignalChange) -> Bool) -> Int? {
            outcomes.lastIndex { $0.changes.contains { isIt($0) && $0.signal.direction == .bullish } }
        }
        let closing = try #require(last { if case .closed = $0 { true } else { false } })
        let opened = try #require(
            outcomes[closing].changes.compactMap { change -> Timestamp? in
                if case .closed(let signal) = change { signal.decisionCandle } else { nil }
            }.first)
        return (try #require(sol.firstIndex { $0.openTime == opened }), closing)
    }

    @Test func `what a replaced newest candle opens, or opens again, is told as of the past`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(420))
        let (opening, closing) = try course(sol)
        try await Desk.with { _, desk in
            // At first it is a candle at which nothing opens.
            var other = sol[opening]
            (other.open, other.high) = (sol[opening - 1].close, sol[opening - 1].close)
            other.low = other.open * 0.8
            other.close = other.low
            try await desk.push(sol[..<opening])
            try await desk.push([other])
            func opened() -> [Event] {
                desk.events.filter {
                    $0.type == .signalOpened && $0.data["direction"] == "bullish"
                        && $0.data["decided_at"]?.asString == sol[opening].openTime.description
                }
            }
            #expect(opened().isEmpty)
            try await desk.push(sol[opening...opening])
            #expect(opened().map(isLate) == [true])
            let row = try await desk.rows(
                "select bool_and(retroactive) from signal where decided_at = '\(sol[opening].openTime)'")
            #expect(row.first?.bool(0) == true)
            // It ends as news, and is open again when the candle that ended it is another.
            for candle in sol[(opening + 1)...closing] { try await desk.push([candle]) }
            let id = opened().first?.data["signal_id"]
            let closed = desk.events.filter { $0.type == .signalClosed && $0.data["signal_id"] == id }
            #expect(closed.map(isLate) == [false])
            var kept = sol[closing]
            kept.close = max(sol[closing - 1].close, sol[opening].close) * 1.02
            kept.high = max(kept.high, kept.close)
            try await desk.push([kept])
            let signal = try await desk.get("/v1/signals/\(id?.asString ?? "")").json
            #expect(signal["state"] == "open", "\(signal)")
            #expect(opened().map { $0.data["signal_id"] } == [id, id] && opened().allSatisfy(isLate))
        }
    }

    @Test func `every one of the candles that came together tells of its levels, once`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(420))
        var (stream, found) = (LevelStream(), 0)
        for (index, candle) in sol.enumerated() {
            let before = stream.levels
            stream.update(candle)
            let moves = stream.moves(from: before)
            if (250..<400).contains(index), moves.contains(where: { $0.kind == .broken }) { found = index }
        }
        let broken = found
        #expect(broken > 0)
        try await Desk.with { _, desk in
            try await desk.push(sol[..<broken])
            func moves() -> [Event] {
                desk.events.filter {
                    $0.type == .levelBroken && $0.data["time"]?.asString == sol[broken].openTime.description
                }
            }
            try await desk.push(sol[broken...(broken + 2)])
            let count = moves().count
            #expect(count > 0 && moves().allSatisfy(isLate))
            var changed = sol[broken + 1]
            changed.volume *= 1.5
            try await desk.push([changed])
            #expect(moves().count == count)
        }
    }
}
