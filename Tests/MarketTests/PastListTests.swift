import Access
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Market

/// What was there at a time, with what was known of it: also what has been changed or deleted since.
struct PastListTests {
    private nonisolated(nonsending) func data(
        _ desk: MarketDesk, _ path: String
    ) async throws -> [JSONValue] {
        let answer = try await desk.get(path)
        #expect(answer.status == 200, "\(path): \(answer.text)")
        return answer.json["data"]?.asArray ?? []
    }

    private func symbols(_ list: JSONValue?) -> [String] {
        list?["tokens"]?.asArray?.compactMap { $0["symbol"]?.asString } ?? []
    }

    @Test func `watchlists have their tokens of then, and a deleted one is still known`() async throws {
        try await MarketDesk.with { _, desk in
            for name in ["A", "B"] { try await desk.push(name, closes: [1, 2]) }
            let before = desk.time.now
            desk.time.advance(.hours(1))
            let made = try await desk.call("POST", "watchlists", #"{"name":"w","tokens":["A","B"]}"#)
            let id = made.json["id"]?.asString ?? ""
            var moments = [desk.time.now]
            for tokens in [#"["B"]"#, #"["B","A"]"#] {
                desk.time.advance(.hours(1))
                #expect(
                    try await desk.call("PATCH", "watchlists/\(id)", #"{"tokens":\#(tokens)}"#).status == 200)
                moments.append(desk.time.now)
            }
            desk.time.advance(.hours(1))
            #expect(try await desk.call("DELETE", "watchlists/\(id)").status == 204)
            let again = try await desk.call("POST", "watchlists", #"{"name":"w"}"#)
            #expect(again.status == 201, "the name is free again: \(again.text)")
            var seen: [Set<String>] = []
            for moment in moments {
                seen.append(Set(symbols(try await desk.get("watchlists/\(id)?as_of=\(moment)").json)))
                let all = try await data(desk, "watchlists?as_of=\(moment)")
                #expect(all.count == 1 && Set(symbols(all.first)) == seen.last)
                // Lists that are narrowed by it are by its tokens of then.
                let tokens = try await data(desk, "tokens?watchlist=\(id)&as_of=\(moment)")
                #expect(tokens.count == seen.last?.count)
            }
            #expect(seen == [["A", "B"], ["B"], ["A", "B"]])
            #expect(try await data(desk, "watchlists?as_of=\(before)").isEmpty)
            #expect(try await desk.get("watchlists/\(id)?as_of=\(before)").status == 404)
            #expect(try await desk.get("watchlists/\(id)").status == 404)
            #expect(try await desk.get("tokens?watchlist=\(id)").status == 404)
            #expect(try await data(desk, "watchlists").count == 1)
            let other = PrincipalID(.user, UUID(high: 9, low: 9))
            let foreign = try await desk.call("GET", "watchlists/\(id)?as_of=\(moments[0])", as: other)
            #expect(foreign.status == 404)
        }
    }

    @Test func `narratives and metrics that were deleted are known of the time before`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("A", closes: [1])
            let before = desk.time.now
            desk.time.advance(.hours(1))
            let made = try await desk.call(
                "POST", "narratives", #"{"name":"n","source":"x","members":[{"token":"A"}]}"#)
            let id = made.json["id"]?.asString ?? ""
            let row =
                #"{"token":"A","metric":"users","source":"desk","time":"2024-02-01T00:00:00Z","value":7}"#
            _ = try await desk.call("POST", "token-metrics", row, type: "application/x-ndjson")
            let then = desk.time.now
            desk.time.advance(.hours(1))
            let more = row.replacing("02-01", with: "02-02")
            _ = try await desk.call("POST", "token-metrics", more, type: "application/x-ndjson")
            desk.time.advance(.hours(1))
            #expect(try await desk.call("DELETE", "narratives/\(id)").status == 204)
            let metric = "token=A&metric=users&source=desk"
            let gone = try await desk.call("DELETE", "token-metrics?\(metric)")
            #expect(gone.json["deleted"] == 2, "\(gone.text)")
            for path in ["narratives", "token-metrics"] {
                #expect(try await data(desk, path).isEmpty)
                #expect(try await data(desk, "\(path)?as_of=\(before)").isEmpty)
                #expect(try await data(desk, "\(path)?as_of=\(then)").count == 1)
            }
            #expect(try await desk.get("narratives/\(id)").status == 404)
            #expect(try await desk.get("narratives/\(id)/scores").status == 404)
            #expect(try await desk.get("narratives/\(id)/scores?as_of=\(then)").status == 200)
            let members = try await desk.get("narratives/\(id)?as_of=\(then)").json["members"]
            #expect(members?[0]?["symbol"] == "A")
            let listed = try await data(desk, "token-metrics?as_of=\(then)")
            #expect(listed[0]["observations"] == 1)
            #expect(listed[0]["newest"]?.asString == "2024-02-01T00:00:00.000Z")
            let values = try await data(desk, "token-metrics/observations?\(metric)&as_of=\(then)")
            #expect(values.count == 1 && values[0]["value"]?.asDouble == 7)
            #expect(try await desk.get("token-metrics/observations?\(metric)").status == 404)
            // Both names are free again, and what comes now is nothing of the past.
            let next = try await desk.call("POST", "narratives", #"{"name":"N","source":"x","members":[]}"#)
            #expect(next.status == 201, "\(next.text)")
            _ = try await desk.call("POST", "token-metrics", row, type: "application/x-ndjson")
            #expect(try await data(desk, "token-metrics?\(metric)").first?["observations"] == 1)
            #expect(try await data(desk, "token-metrics?as_of=\(then)").count == 1)
        }
    }

    @Test func `tokens and series are those of then, by their names and candles of then`() async throws {
        try await MarketDesk.with { _, desk in
            let start = desk.time.now
            desk.time.advance(.hours(1))
            try await desk.push("MATIC", closes: [1, 2, 3])
            let id = try await data(desk, "tokens?symbol=MATIC")[0]["id"]?.asString ?? ""
            func patch(_ body: String) async throws {
                desk.time.advance(.hours(1))
                let answer = try await desk.call("PATCH", "tokens/\(id)", body)
                #expect(answer.status == 200, "\(answer.text)")
            }
            try await patch(#"{"name":"Polygon","categories":["l2"]}"#)
            let named = desk.time.now
            let then = try await data(desk, "tokens")
            let series = try await data(desk, "series")
            try await patch(#"{"symbol":"POL","renamed_at":"2024-02-20T00:00:00Z"}"#)
            try await patch(#"{"name":"POL","primary_source":"x"}"#)
            desk.time.advance(.hours(1))
            // Before it was renamed it was the old one's ticker.
            try await desk.push("MATIC", closes: [4], fromDay: 4)
            try await desk.push("MATIC", closes: [5], fromDay: 1)
            try await desk.push("MATIC", closes: [9], fromDay: 60)
            #expect(try await data(desk, "tokens?as_of=\(named)") == then)
            #expect(try await data(desk, "tokens?symbol=MATIC&as_of=\(named)") == then)
            #expect(try await data(desk, "tokens?symbol=POL&as_of=\(named)").isEmpty)
            #expect(try await data(desk, "tokens?category=l2&sort=-created_at&as_of=\(named)") == then)
            #expect(try await desk.get("tokens/\(id)?as_of=\(named)").json == then[0])
            #expect(try await desk.get("tokens/\(id)?as_of=\(start)").status == 404)
            #expect(try await data(desk, "tokens?as_of=\(start)").isEmpty)
            let first = try await desk.get("tokens/\(id)?as_of=\(start + .hours(1))").json
            #expect(first["name"] == .null && first["revision"] == 1, "\(first)")
            #expect(try await data(desk, "tokens").count == 2)
            let past = try await data(desk, "series?as_of=\(named)")
            #expect(past.count == 1)
            for field in ["symbol", "first", "last", "candles", "missing", "missing_last_100", "revised"] {
                #expect(past[0][field] == series[0][field], "\(field): \(past)")
            }
            #expect(past[0]["primary"] == .null && past[0]["freshness"] == .null)
            #expect(try await data(desk, "series?token=MATIC&as_of=\(named)") == past)
            let later = try await data(desk, "series?token=POL&as_of=\(desk.time.now)")
            #expect(later[0]["candles"] == 4 && later[0]["missing"] == 1 && later[0]["revised"] == 1)
            #expect(try await data(desk, "series?as_of=\(start)").isEmpty)
        }
    }
}
