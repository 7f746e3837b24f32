import Glibc
import JSON
import TestSupport
import Testing

/// That the stand-in can be started, told and asked. What it makes of requests is tested in Python.
@Suite struct StandInExchangeTests {
    /// An answer to a request as it is written here.
    private func ask(_ standIn: StandInExchange, _ venue: StandInExchange.Venue, _ request: String) throws
        -> LoopbackMessage
    {
        let connection = try LoopbackConnection(to: standIn.port(venue))
        try connection.send("\(request)\r\nhost: 127.0.0.1\r\n\r\n")
        return try #require(try connection.receive())
    }

    @Test func `it starts, answers for every exchange, and ends`() async throws {
        let pid = try await StandInExchange.with { standIn in
            let paths: [(StandInExchange.Venue, String)] = [
                (.binance, "/api/v3/time"), (.bybit, "/v5/market/time"), (.okx, "/api/v5/public/time"),
                (.kraken, "/0/public/Time"), (.coinbase, "/api/v3/brokerage/time"),
                (.kucoin, "/api/v1/timestamp"),
            ]
            for (venue, path) in paths {
                let answer = try ask(standIn, venue, "GET \(path) HTTP/1.1")
                #expect(answer.status == 200)
                let counts = try await standIn.counts(venue)
                #expect(counts == ["accepted": 1])
            }
            return standIn.pid
        }
        #expect(kill(pid, 0) == -1)
    }

    @Test func `what it is told holds, and what came can be read`() async throws {
        try await StandInExchange.with { standIn in
            // Binance's recipe for this moment and the secret "secret", computed with openssl dgst.
            let signature = "d615d05216c634afd48df5e1fc52c0d95b77892f19502e1b619f391bc9d68205"
            let query = "timestamp=1700000000000&signature=\(signature)"
            let request = "GET /api/v3/account?\(query) HTTP/1.1\r\nX-MBX-APIKEY: desk"
            try await standIn.freezeClock(atMilliseconds: 1_700_000_000_000)
            #expect(try ask(standIn, .binance, request).status == 401)

            try await standIn.register(.init(.binance, "desk", .secret("secret")))
            #expect(try ask(standIn, .binance, request).status == 200)

            var behaviour = StandInExchange.Behaviour()
            behaviour.retryAfter = 3
            behaviour.times = 1
            try await standIn.behave(behaviour, at: .binance, apiKey: "desk")
            #expect(try ask(standIn, .binance, request).header("retry-after") == "3")

            try await standIn.set("desk", of: .binance, to: .disabled)
            #expect(try ask(standIn, .binance, request).status == 401)

            let records = try await standIn.requests(.binance, apiKey: "desk")
            #expect(records.map(\.verdict) == ["unknown_key", "accepted", "edge", "disabled_key"])
            #expect(records.last?.header("x-mbx-apikey") == "desk")
            #expect(try await standIn.orders(.binance).isEmpty)
            try await standIn.reset()
            #expect(try await standIn.requests(.binance).isEmpty)
        }
    }

    @Test func `its markets have a price, its accounts a balance, and it goes out and comes back`()
        async throws
    {
        try await StandInExchange.with { standIn in
            try await standIn.setPrice("61000.5", of: "BTC/USDT", at: .binance)
            let ticker = "GET /api/v3/ticker/price?symbol=BTCUSDT HTTP/1.1"
            #expect(try ask(standIn, .binance, ticker).json["price"]?.asString == "61000.5")
            try await standIn.setBalances(["USDT": "7"], of: "desk", at: .binance)
            let account = try await standIn.account("desk", at: .binance)
            #expect(account["free"]?["USDT"]?.asString == "7")

            try await standIn.limit(.init(weight: 1, banAt: 1), at: .binance)
            #expect(try ask(standIn, .binance, ticker).status == 418)
            try await standIn.limit(nil, at: .binance)
            _ = try ask(standIn, .binance, "POST /sapi/v1/capital/withdraw/apply HTTP/1.1")
            #expect(try await standIn.reached(.binance).map(\.reaches) == ["withdraw"])

            try await standIn.goOut(.binance)
            #expect(throws: LoopbackError.self) { try ask(standIn, .binance, ticker) }
            try await standIn.comeBack(.binance)
            #expect(try ask(standIn, .binance, ticker).status == 200)
        }
    }

    @Test func `what it does not understand is an error`() async throws {
        try await StandInExchange.with { standIn in
            _ = await #expect(throws: Impatience.self) {
                try await standIn.register(.init(.kraken, "desk", .secret("no base64!")))
            }
        }
    }
}
