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
    private func closes(_ desk: Desk) -> [Event] { desk.events.filter { $0.type == .marketClosed } }

    @Test func `a close is told once, of the newest candle, and only to those who ask`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(303))
        try await Desk.with { _, desk in
            try await desk.push(sol[..<300])
            try await desk.push(sol[300...300])
            #expect(closes(desk).isEmpty, "nobody asked")
            desk.ledger.wish { type, _ in type == .marketClosed }
            try await desk.push(sol[301...302])
            var again = sol[302]
            again.close = (again.high + again.low) / 2
            try await desk.push([again])
            try await desk.push([sol[290]])
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
