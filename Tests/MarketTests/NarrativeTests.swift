import Access
import Events
import JSON
import Kernel
import Postgres
import Signals
import TestSupport
import Testing

@testable import Market

struct NarrativeTests {
    private func token(_ number: UInt64) -> TokenID { TokenID(UUID(high: 1, low: number)) }

    private static let theme: [Double] = {
        let rise: [Double] = (0...32).map { 100 + 5 * Double($0) }
        let fall: [Double] = (1...7).map { 260 - 15 * Double($0) }
        return rise + fall
    }()

    @Test func `a score is made of three places, told with what they are of`() {
        let market = NarrativeMarket([
            token(1): .init(weekReturn: 0.3, isAbove: true, volume: 300, volumeBefore: 100),
            token(2): .init(weekReturn: 0.1, isAbove: false, volume: 100, volumeBefore: 100),
            token(3): .init(weekReturn: -0.1, isAbove: false, volume: 100, volumeBefore: 100),
            token(4): .init(weekReturn: -0.3, isAbove: nil, volume: nil, volumeBefore: nil),
        ])
        let score = market.score(of: [token(1), token(2)])
        #expect(score?.members == 2 && abs((score?.excessReturn ?? 0) - 0.2) < 1e-12)
        // Between 0.1 and 0.3: three of four tokens are below.
        #expect(score?.returnPlace == 75 && score?.breadth == 50)
        // 400 of 500 after 200 of 300; alone the first has 1.8 times its share, the others 0.6.
        #expect(abs((score?.shareChange ?? 0) - 0.2) < 1e-12)
        #expect(abs((score?.sharePlace ?? 0) - 200.0 / 3) < 1e-9)
        #expect(abs((score?.value ?? 0) - (0.4 * 75 + 0.3 * 50 + 20)) < 1e-9)
        #expect(market.score(of: [token(9)]) == nil && market.score(of: [token(4)]) == nil)
    }

    @Test func `members belong to it for a time, and as it was known`() async throws {
        try await MarketDesk.with { _, desk in
            for name in ["A", "B"] { try await desk.push(name, closes: [1]) }
            let made = try await desk.call(
                "POST", "narratives",
                """
                {"name":"theme","source":"x","members":[{"token":"A","valid_to":"2024-02-01T00:00:00Z"},\
                {"token":"A","valid_from":"2024-03-01T00:00:00Z"},{"token":"B"}]}
                """)
            #expect(made.status == 201 && made.json["members"]?.asArray?.count == 3, "\(made.text)")
            let path = "narratives/\(made.json["id"]?.asString ?? "")"
            let then = desk.time.now
            desk.time.advance(.hours(1))
            let changed = try await desk.call("PATCH", path, #"{"members":[{"token":"B"}]}"#)
            #expect(changed.json["members"]?.asArray?.count == 1 && changed.json["revision"] == 2)
            #expect(try await desk.get("\(path)?as_of=\(then)").json["members"]?.asArray?.count == 3)
            let overlap = try await desk.call(
                "PATCH", path,
                #"{"members":[{"token":"A"},{"token":"A","valid_from":"2024-03-01T00:00:00Z"}]}"#)
            #expect(overlap.pointers == ["/members/1/token"], "\(overlap.text)")
            let wrong = try await desk.call(
                "POST", "narratives",
                """
                {"name":"","source":"X","interval":"1w","members":[{"token":"A",\
                "valid_from":"2024-03-01T00:00:00Z","valid_to":"2024-01-01T00:00:00Z"}]}
                """)
            let expected: Set = ["/name", "/source", "/interval", "/members/0/valid_to"]
            #expect(Set(wrong.pointers) == expected, "\(wrong.text)")
            #expect(try await desk.call("DELETE", path).status == 204)
            #expect(try await desk.get(path).status == 404)
        }
    }

    @Test func `a theme that loses its place fades once`() async throws {
        try await MarketDesk.with { _, desk in
            let steady = (0..<40).map { _ in 100.0 }
            // Ahead of all until a week ago, and behind them since.
            let theme = Self.theme
            desk.time.move(to: MarketDesk.day(33))
            try await desk.push("HOT", closes: Array(theme.prefix(33)))
            for name in ["A", "B", "C"] { try await desk.push(name, closes: Array(steady.prefix(33))) }
            let made = try await desk.call(
                "POST", "narratives", #"{"name":"theme","source":"x","members":[{"token":"HOT"}]}"#)
            let id = made.json["id"]?.asString ?? ""
            try await desk.measure("narratives")
            let first = try await desk.get("narratives/\(id)").json["latest"]
            #expect(first?["fading"] == false && first?["members"] == 1, "\(made.text)")
            desk.time.move(to: MarketDesk.day(40))
            try await desk.push("HOT", closes: Array(theme.suffix(7)), volume: 1, fromDay: 33)
            for name in ["A", "B", "C"] {
                try await desk.push(name, closes: Array(steady.suffix(7)), fromDay: 33)
            }
            try await desk.measure("narratives")
            try await desk.measure("narratives")
            let faded = desk.events.filter { $0.type == .narrativeFaded }
            #expect(faded.count == 1 && faded.first?.data["retroactive"] == false)
            // Another name changes no score, and is no other measurement.
            _ = try await desk.call("PATCH", "narratives/\(id)", #"{"name":"other"}"#)
            try await desk.measure("narratives")
            #expect(try await desk.rows("select 1 from narrative_score").count == 2)
            let latest = try await desk.get("narratives").json["data"]?[0]?["latest"]
            #expect(latest?["fading"] == true)
            let parts = latest?["parts"]?.asArray ?? []
            let sum = parts.reduce(0) { $0 + ($1["contribution"]?.asDouble ?? 0) }
            #expect(parts.count == 3 && abs(sum - (latest?["score"]?.asDouble ?? -1)) < 1e-9)
            let scores = try await desk.get("narratives/\(id)/scores?limit=1")
            #expect(scores.json["data"]?.asArray?.count == 1 && scores.json["next_cursor"] != .null)
        }
    }
}
