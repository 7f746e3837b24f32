import Events
import JSON
import Kernel
import Postgres
import Signals
import TestSupport
import Testing

@testable import Market

/// A candle that comes late, or is replaced, reaches what the market made of it.
struct MarketRevisionTests {
    private static func path(_ days: Int, growth: Double) -> [Double] {
        var price = 100.0
        return (0..<days).map { day in
            price *= day % 5 == 4 ? 0.99 : 1 + growth
            return price
        }
    }

    private nonisolated(nonsending) func pending(_ desk: MarketDesk) async throws -> [String] {
        try await desk.rows("select reader || ' ' || next from market_revision order by 1").map { $0.text(0) }
    }

    private nonisolated(nonsending) func measure(_ desk: MarketDesk) async throws {
        _ = try await desk.analyst.sweepAndSettle(within: .seconds(20))
        try await desk.measure("narratives")
    }

    @Test func `scores and counts of closes behind it are measured again`() async throws {
        try await MarketDesk.with { _, desk in
            let steady = Array(repeating: 100.0, count: 60)
            desk.time.move(to: MarketDesk.day(58))
            for name in ["BTC", "HOT", "A", "B"] { try await desk.push(name, closes: Array(steady[..<58])) }
            _ = try await desk.call(
                "POST", "narratives", #"{"name":"theme","source":"x","members":[{"token":"HOT"}]}"#)
            try await measure(desk)
            for day in 58..<60 {
                desk.time.move(to: MarketDesk.day(day + 1))
                for name in ["BTC", "HOT", "A", "B"] {
                    try await desk.push(name, closes: [100], fromDay: day)
                }
                try await measure(desk)
            }
            let counts = """
                select (select count(*)::int4 from market_reading where time < '\(MarketDesk.day(59))'),
                    (select count(*)::int4 from narrative_score where time < '\(MarketDesk.day(59))')
                """
            #expect(try await desk.rows(counts).map { [$0.int(0), $0.int(1)] } == [[2, 2]])
            #expect(try await pending(desk) == [])
            // Of three closes the second and the third saw it.
            desk.time.advance(.minutes(1))
            try await desk.push("HOT", closes: [150], volume: 1_000, fromDay: 58)
            try await measure(desk)
            #expect(try await pending(desk).count == 3, "it waits for others of its kind")
            #expect(try await desk.rows(counts).map { [$0.int(0), $0.int(1)] } == [[2, 2]])
            desk.time.advance(.minutes(2))
            try await measure(desk)
            #expect(try await desk.rows(counts).map { [$0.int(0), $0.int(1)] } == [[3, 3]])
            let again = try await desk.rows(
                "select time, retroactive from narrative_score where known_at = '\(desk.time.now)' order by 1"
            )
            #expect(again.map { $0.timestamp(0) } == [MarketDesk.day(58)] && again[0].bool(1))
            let reading = try await desk.rows(
                "select above, known_at from market_reading where time = '\(MarketDesk.day(58))' order by 2")
            #expect(reading.map { $0.int(0) } == [0, 1] && reading[1].timestamp(1) == desk.time.now)
            #expect(try await pending(desk).map { $0.split(separator: " ").first } == ["investor"])
        }
    }

    @Test func `Investor Grades behind it are revised, of the past, up to the newest`() async throws {
        try await MarketDesk.with { _, desk in
            desk.time.move(to: MarketDesk.day(340))
            let good = Self.path(340, growth: 0.01)
            try await desk.push("GOOD", closes: good, volume: 100)
            try await desk.push("BAD", closes: Self.path(340, growth: 0.001))
            try await desk.measure("investor-grades")
            let revisions = """
                select g.time, g.revision, g.retroactive from investor_grade g join ticker t using (token_id)
                where t.symbol = 'GOOD' order by g.time
                """
            let first = try await desk.rows(revisions)
            #expect(first.count > 5 && first.allSatisfy { $0.int(1) == 1 })
            let (told, then) = (desk.events.count, desk.time.now)
            // A fall of the fourth day before the newest.
            desk.time.advance(.minutes(1))
            try await desk.push("GOOD", closes: [good[336] * 0.5], volume: 100, fromDay: 336)
            try await desk.measure("investor-grades")
            desk.time.advance(.minutes(2))
            try await desk.measure("investor-grades")
            let after = try await desk.rows(revisions)
            let revised = after.filter { $0.int(1) > 1 }.map { $0.timestamp(0) }
            #expect(revised == (336..<340).map { MarketDesk.day($0) })
            #expect(after.suffix(4).allSatisfy { $0.bool(2) })
            let events = desk.events.dropFirst(told).filter { $0.type == .investorGradeChanged }
            #expect(!events.isEmpty && events.allSatisfy { $0.data["retroactive"] == true })
            let grades = try await desk.get("grades/investor?token=GOOD&limit=9").json["data"]?.asArray ?? []
            let pairs = zip(grades, grades.dropFirst())
            #expect(pairs.allSatisfy { $0["previous"] == $1["grade"] })
            let known =
                try await desk.get("grades/investor?token=GOOD&limit=9&as_of=\(then)")
                .json["data"]?.asArray ?? []
            #expect(known.count == 9 && known.allSatisfy { $0["revision"] == 1 })
            #expect(try await pending(desk).contains { $0.hasPrefix("investor") } == false)
        }
    }
}
