import JSON
import Kernel
import Postgres
import Signals
import TestSupport
import Testing

@testable import Market

/// What is measured of a market at a close hangs on nothing that came after it.
struct MarketPrefixTests {
    /// A walk that differs from token to token.
    private func closes(_ seed: Int, _ days: Int) -> [Double] {
        var price = 100.0
        return (0..<days).map { day in
            price *= 1 + Double((day * (seed + 3) * 7919) % 41 - 20) / 400
            return price
        }
    }

    /// Everything that is read at the close of a day.
    private nonisolated(nonsending) func seen(_ desk: MarketDesk, _ day: Int) async throws -> [String] {
        let time = MarketDesk.day(day)
        let moment = MarketMoment.close(of: time, "x", .day, now: desk.time.now)
        let inputs = try await InvestorReads.inputs(
            moment, factsAt: time, isOver: { false }, in: desk.database)
        let grades = InvestorGrade.grades(inputs ?? []).map { inputs, grade in
            let parts = InvestorGrade.Component.allCases.map { grade.parts[$0] }
            return "\(inputs) \(parts) \(String(describing: grade.value))"
        }.sorted()
        let market = try await NarrativeScoreStore.market(moment, in: desk.database)
        let readings = market.tokens.map { "\($0.key) \($0.value)" }.sorted()
        let counts = try await MarketReading.counted(moment, by: .traderV0, in: desk.database)
        let regime = try await MarketRegime.read(moment, in: desk.database)
        #expect(grades.count == 3 && readings.count == 3 && counts.live == 3 && regime != nil)
        return grades + readings + ["\(counts)", "\(String(describing: regime))"]
    }

    @Test func `at each of its days it is the same before and after the next ones came`() async throws {
        try await MarketDesk.with { _, desk in
            let all = ["BTC", "A", "B"].enumerated().map { ($0.element, closes($0.offset, 440)) }
            let days = [372, 373, 400, 439]
            var (begin, before): (Int, [[String]]) = (0, [])
            for day in days {
                desk.time.move(to: MarketDesk.day(day + 1))
                for (symbol, closes) in all {
                    try await desk.push(symbol, closes: Array(closes[begin...day]), fromDay: begin)
                }
                while try await desk.analyst.sweepAndSettle(within: .seconds(60)) > 0 {}
                begin = day + 1
                before.append(try await seen(desk, day))
            }
            for (day, then) in zip(days, before) {
                #expect(try await seen(desk, day) == then, "day \(day)")
            }
        }
    }
}
