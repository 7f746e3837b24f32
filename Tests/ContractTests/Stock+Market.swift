import JSON
import TestSupport
import Testing

extension Stock {
    /// What the room of the market keeps, over the stock's own series.
    mutating func addMarket() async throws {
        try await add(
            "watchlist_id", "/v1/watchlists",
            #"{"name":"stock","tokens":["SOL"],"shared_with":[{"with":"desk","access":"read"}]}"#)
        try await add(
            "mover_list_id", "/v1/mover-lists",
            #"{"name":"stock","source":"stock","interval":"1d","window":"7d"}"#)
        try await add(
            "narrative_id", "/v1/narratives",
            #"{"name":"stock","source":"stock","members":[{"token":"SOL"}]}"#)
        let rows = [
            "facts": #""name":"team","value":70,"expires_at":"2026-12-01T00:00:00Z"}"#,
            "token-metrics": #""metric":"sentiment","time":"2025-12-01T00:00:00Z","value":1}"#,
        ]
        for (list, row) in rows {
            let answer = try await premises.call(
                "POST", "/v1/\(list)", as: owner.token, body: #"{"token":"SOL","source":"stock","# + row,
                type: "application/x-ndjson")
            #expect(answer.json["inserted"] == 1, "\(answer.text)")
        }
    }
}
