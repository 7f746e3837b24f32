import Access
import EventLoop
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

/// Closes that are told again: what candles would have told, had each come when it closed.
struct RetellingTests {
    private static let first = 260

    /// Everything but what only a stored signal has.
    private static func lines(_ events: [Event]) -> [String] {
        events.filter { EventType.toldOfCandles.contains($0.type) }.map { event in
            let members = event.data.members.filter { $0.name != "signal_id" }.map { ($0.name, $0.value) }
            return "\(event.type) "
                + String(decoding: JSONValue.object(JSONObject(members: members)).bytes, as: UTF8.self)
        }
    }

    private nonisolated(nonsending) static func told(
        _ desk: Desk, from: Timestamp, to: Timestamp,
        types: Set<EventType> = EventType.toldOfCandles, fields: [String: Set<String>] = [:]
    ) async throws -> [Event] {
        let offLoop = try OffLoop(threads: 1, limit: 16, name: "kb-offloop")
        defer { offLoop.stop() }
        let retelling = CandleRetelling(database: desk.database, offLoop: offLoop)
        var past = try await retelling.events(PastQuestion(types, from: from, to: to, fields: fields))
        var events: [Event] = []
        while let page = try await past.next() { events += page }
        return events
    }

    @Test func `what is told again is what was told when the candles came one by one`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(Self.first + 90))
        try await Desk.with { _, desk in
            try await desk.push(sol[..<Self.first])
            desk.ledger.wish { type, _ in type == .marketClosed }
            let before = desk.events.count
            for place in Self.first..<sol.count { try await desk.push(sol[place...place]) }
            let live = Self.lines(Array(desk.events[before...]))
            let from = Interval.day.close(of: sol[Self.first].openTime)
            let again = try await Self.told(desk, from: from, to: desk.time.now)
            #expect(Self.lines(again) == live)
            #expect(Set(again.map(\.type)).isSuperset(of: [.marketClosed, .gradeChanged, .levelBroken]))
            #expect(again.map(\.at) == again.map(\.at).sorted() && again.first?.at == from)
            #expect(Set(again.map(\.id)).count == again.count)
        }
    }

    @Test func `years that came in one upload are told at their own times, and only what is asked for`()
        async throws
    {
        let sol = Array(try CandleFixture.candles("SOL").prefix(500))
        try await Desk.with { _, desk in
            try await desk.push(sol[...])
            let (from, to) = (sol[300].openTime, sol[400].openTime)
            let grades = try await Self.told(desk, from: from, to: to, types: [.gradeChanged])
            #expect(grades.count > 50 && grades.allSatisfy { $0.type == .gradeChanged })
            #expect(grades.allSatisfy { $0.at >= from && $0.at < to && $0.data["retroactive"] == false })
            // A day's candle closed within the last hour though it opened long before.
            let last = Interval.day.close(of: sol[499].openTime)
            let newest = try await Self.told(
                desk, from: last - .hours(1), to: desk.time.now, types: [.marketClosed])
            #expect(newest.map(\.at) == [last])
            // Where it begins is nothing to what it tells.
            let whole = try await Self.told(
                desk, from: sol[0].openTime, to: to, types: [.gradeChanged])
            #expect(Self.lines(whole.filter { $0.at >= from }) == Self.lines(grades))
            for fields in [["symbol": Set(["BTC"])], ["interval": ["1h"]], ["token_id": ["nothing"]]] {
                let none = try await Self.told(desk, from: from, to: to, fields: fields)
                #expect(none.isEmpty, "\(fields)")
            }
            let some = try await Self.told(
                desk, from: from, to: to, types: [.gradeChanged],
                fields: ["symbol": ["SOL", "BTC"], "source": ["x"], "interval": ["1d"]])
            #expect(some.count == grades.count)
        }
    }

    @Test func `series that close together are told in the order of time`() async throws {
        let candles = Array(try CandleFixture.candles("SOL").prefix(320))
        try await Desk.with { _, desk in
            try await desk.push(candles[...])
            let other = try await desk.upload("source=x", candles.csv("ADA"))
            #expect(other.status == 200)
            while try await desk.analyst.sweepAndSettle(within: .seconds(30)) > 0 {}
            let told = try await Self.told(
                desk, from: candles[0].openTime, to: desk.time.now, types: [.marketClosed])
            #expect(told.map(\.at) == told.map(\.at).sorted())
            let symbols = told.suffix(4).compactMap { $0.data["symbol"]?.asString }
            #expect(symbols == ["ADA", "SOL", "ADA", "SOL"])
        }
    }

    @Test func `too much is refused, and says how to ask for less`() async throws {
        try await Desk.with { _, desk in
            try await desk.push(Array(try CandleFixture.candles("SOL").prefix(10)))
            let grown = Statement(
                "test_grown", "update series set interval = '1m', first_open = '2000-01-01'")
            _ = try await desk.database.transaction { try await $0.query(grown) }
            await #expect(throws: FieldErrors.self) {
                _ = try await Self.told(
                    desk, from: Timestamp(seconds: 0), to: desk.time.now, types: [.marketClosed])
            }
        }
    }
}
