import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Market

/// A token that is called otherwise today, and whose ticker is another's: what was known then is found and
/// told by the name of then.
struct PastNameTests {
    private nonisolated(nonsending) func supply(_ desk: MarketDesk, _ value: Int) async throws {
        let fact = """
            {"token":"MATIC","name":"team","source":"desk","value":\(value),\
            "expires_at":"2027-01-01T00:00:00Z"}
            """
        let metric = """
            {"token":"MATIC","metric":"users","source":"desk","time":"2024-02-01T00:00:00Z","value":\(value)}
            """
        for (path, row) in [("facts", fact), ("token-metrics", metric)] {
            let answer = try await desk.call("POST", path, row, type: "application/x-ndjson")
            guard answer.json["inserted"] == 1 else { throw MarketDesk.Refused(text: answer.text) }
        }
    }

    /// A grade for a year of days would take a year of days.
    private nonisolated(nonsending) func grade(_ desk: MarketDesk) async throws {
        _ = try await desk.rows(
            """
            with model as (insert into grade_model (id, name, parameters_hash) values (99, 'investor/v0', 'h')
                returning id)
            insert into investor_grade (token_id, source, time, known_at, value, data_quality, facts, candles,
                model, revision, retroactive)
            select t.token_id, 'x', '2024-02-01', '\(desk.time.now)', 60, 80, 0, 300, m.id, 1, false
            from ticker t cross join model m where t.symbol = 'MATIC'
            """)
    }

    @Test func `as_of finds and shows the ticker of then, wherever it is taken`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("MATIC", closes: (0..<40).map { Double(100 + $0 % 7) } + [200, 300])
            try await desk.push("MATIC", closes: [100, 101], fromDay: 44)
            try await supply(desk, 10)
            try await grade(desk)
            let narrative = try await desk.call(
                "POST", "narratives", #"{"name":"theme","source":"x","members":[{"token":"MATIC"}]}"#)
            let list = try await desk.call(
                "POST", "mover-lists", #"{"name":"m","source":"x","interval":"1d","window":"1d"}"#)
            try await desk.measure("movers")
            let (then, first) = (desk.time.now, desk.time.now)
            let id = try await desk.get("tokens?symbol=MATIC").json["data"]?[0]?["id"]?.asString ?? ""
            desk.time.advance(.hours(1))
            let renamed = try await desk.call(
                "PATCH", "tokens/\(id)", #"{"symbol":"POL","renamed_at":"2024-02-20T00:00:00Z"}"#)
            #expect(renamed.status == 200, "\(renamed.text)")
            desk.time.advance(.hours(1))
            try await desk.push("MATIC", closes: [7, 8], fromDay: 60)
            try await supply(desk, 20)
            let narratives = "narratives/\(narrative.json["id"]?.asString ?? "")"
            let lists = "mover-lists/\(list.json["id"]?.asString ?? "")"
            for path in [
                "facts?limit=9", "facts?token=MATIC", "facts?token=\(id)", "grades/investor?limit=9",
                "grades/investor?token=MATIC", "grades/trader?interval=1d", "gaps?limit=9", "signals?limit=9",
            ] {
                let data = try await desk.get("\(path)&as_of=\(then)").json["data"]?.asArray ?? []
                #expect(!data.isEmpty || path.hasPrefix("signals"), "\(path)")
                let tokens = data.map { ($0["series"] ?? $0) }
                #expect(
                    tokens.allSatisfy { $0["symbol"] == "MATIC" && $0["token_id"]?.asString == id },
                    "\(path): \(data)")
            }
            let seen = try await desk.get(
                "token-metrics/observations?token=MATIC&metric=users&source=desk&as_of=\(then)")
            #expect(seen.json["data"]?[0]?["value"]?.asDouble == 10, "\(seen.text)")
            let members = try await desk.get("\(narratives)?as_of=\(then)").json["members"]
            #expect(members?[0]?["symbol"] == "MATIC", "\(narrative.text)")
            let stays = try await desk.get("\(lists)?as_of=\(first)")
            #expect(stays.json["gainers"]?[0]?["symbol"] == "MATIC", "\(stays.text)")
            let movers = try await desk.get("movers?source=x&interval=1d&window=1d&as_of=\(then)")
            #expect(movers.json["gainers"]?[0]?["symbol"] == "MATIC", "\(movers.text)")
            // Of now they have the names of now.
            for path in ["facts?token=\(id)", "grades/investor?token=POL", narratives] {
                let now = try await desk.get(path).json
                #expect((now["data"] ?? now["members"])?[0]?["symbol"] == "POL", "\(path)")
            }
        }
    }
}
