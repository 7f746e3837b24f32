import EventLoop
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

/// What rules over the market are told of a close.
struct MarketCloseTests {
    private func csv(_ candles: some Sequence<Candle>) -> [UInt8] {
        let rows = candles.map { c in
            "SOL,1d,\(c.openTime),\(c.open),\(c.high),\(c.low),\(c.close),\(c.volume)\n"
        }
        return Array(("token,interval,open_time,open,high,low,close,volume\n" + rows.joined()).utf8)
    }

    private nonisolated(nonsending) func push(_ candles: some BidirectionalCollection<Candle>, _ desk: Desk)
        async throws
    {
        let last = try #require(candles.last)
        desk.time.move(to: Interval.day.close(of: last.openTime) + .seconds(2))
        #expect(try await desk.upload("source=x", csv(candles)).status == 200)
        while try await desk.analyst.sweepAndSettle(within: .seconds(30)) > 0 {}
    }

    private func closes(_ desk: Desk) -> [Event] { desk.events.filter { $0.type == .marketClosed } }

    @Test func `a close is told once, of the newest candle, and only to those who ask`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(303))
        try await Desk.with { _, desk in
            try await push(sol[..<300], desk)
            try await push(sol[300...300], desk)
            #expect(closes(desk).isEmpty, "nobody asked")
            desk.ledger.wish { type, _ in type == .marketClosed }
            try await push(sol[301...302], desk)
            var again = sol[302]
            again.close = (again.high + again.low) / 2
            try await push([again], desk)
            try await push([sol[290]], desk)
            let told = closes(desk)
            #expect(told.map { $0.data["time"]?.asString } == [sol[302].openTime.description])
            let data = try #require(told.first?.data)
            #expect(data["candle"]?["close"]?.asDouble == sol[302].close && data["retroactive"] == false)
            let grade = try #require(
                desk.events.last {
                    $0.type == .gradeChanged && $0.data["time"] == data["time"] && $0.at <= told[0].at
                })
            #expect(data["grade"]?["value"] == grade.data["grade"])
            #expect(data["grade"]?["previous"] == grade.data["previous"])
            for (name, fields) in EventType.marketFields {
                let members = data[name]?.asObject?.members ?? []
                #expect(members.map(\.name) == fields.map(\.name), "\(name)")
                for (member, field) in zip(members, fields) where member.value.isNull {
                    #expect(field.isNullable, "\(name).\(field.name)")
                }
            }
            let (support, resistance) = (data["level"]?["support"], data["level"]?["resistance"])
            #expect(support?.asDouble.map { $0 < sol[301].close } ?? true)
            #expect(resistance?.asDouble.map { $0 > sol[301].close } ?? true)
            #expect([support, resistance].contains { $0?.isNull == false })
        }
    }
}
