package import JSON

/// Markets, accounts and misfortunes of a stand-in exchange. Each market has one price, at which all trade.
extension StandInExchange {
    /// How much an address may ask in a minute before it is throttled, and before it is banned.
    package struct Limit: Sendable {
        package var weight: Int64
        package var banAt: Int64?
        package var banSeconds: Int64?

        package init(weight: Int64, banAt: Int64? = nil, banSeconds: Int64? = nil) {
            (self.weight, self.banAt, self.banSeconds) = (weight, banAt, banSeconds)
        }
    }

    /// KuCoin's futures, whose paths mean something else on their own host.
    package var futuresBaseURLOfKuCoin: String { "http://127.0.0.1:\(kuCoinFuturesPort)" }

    /// Resting orders that the price reaches trade at their own prices.
    /// - Parameter symbol: as ccxt writes it: `BTC/USDT`, `BTC/USDT:USDT`, `BTC/USD:BTC`.
    package func setPrice(_ price: String, of symbol: String, at venue: Venue) async throws {
        try await control(
            "POST", "/price",
            ["exchange": .string(venue.rawValue), "symbol": .string(symbol), "price": .string(price)])
    }

    /// - Parameter account: a key's name, unless keys share an account.
    package func setBalances(_ amounts: [String: String], of account: String, at venue: Venue) async throws {
        let balances = JSONValue.object(of: amounts.map { ($0.key, .string($0.value)) })
        try await control(
            "POST", "/balances",
            ["exchange": .string(venue.rawValue), "account": .string(account), "balances": balances])
    }

    /// `balances`, `free` and `positions` by currency and symbol.
    package func account(_ account: String, at venue: Venue) async throws -> JSONValue {
        try await control(
            "GET", "/account", ["exchange": .string(venue.rawValue), "account": .string(account)])
    }

    /// Without a limit for nil.
    package func limit(_ limit: Limit?, at venue: Venue) async throws {
        try await control(
            "POST", "/limits",
            .object(of: [
                ("exchange", .string(venue.rawValue)), ("weight", .integer(limit?.weight)),
                ("ban_at", .integer(limit?.banAt)), ("ban_seconds", .integer(limit?.banSeconds)),
            ]))
    }

    /// Connections are refused, and those that there are are cut, until it comes back.
    package func goOut(_ venue: Venue) async throws { try await outage(venue, true) }

    package func comeBack(_ venue: Venue) async throws { try await outage(venue, false) }

    private func outage(_ venue: Venue, _ isOut: Bool) async throws {
        try await control("POST", "/outage", ["exchange": .string(venue.rawValue), "out": .bool(isOut)])
    }

    /// Requests to paths that withdraw or transfer, whether they were allowed or not.
    package func reached(_ venue: Venue) async throws -> [Record] {
        let answer = try await control("GET", "/reached", ["exchange": .string(venue.rawValue)])
        return answer["reached"]?.asArray?.map { Record($0) } ?? []
    }
}
