import Kernel
import Testing

@testable import Exchanges

/// What is asked is counted as each exchange counts, and what answers tell of it is understood.
@Suite struct RateTests {
    private static let now = Timestamp(milliseconds: 1_700_000_000_000)

    private func draft(
        _ method: RequestDraft.Method, _ path: String, host: String = "main", query: [RequestDraft.Field] = []
    ) -> RequestDraft { RequestDraft(known: method, host: host, path: path, query: query) }

    /// `owner name limit cost`, of each draw.
    private func draws(
        _ exchange: ExchangeName, _ draft: RequestDraft, _ meaning: RequestMeaning = RequestMeaning(.read)
    ) -> [String] {
        exchange.classifier.draws(of: draft, meaning).map { draw in
            "\(draw.budget.owner.rawValue) \(draw.budget.name) \(draw.allowance?.limit ?? 0) \(draw.cost)"
        }
    }

    private func order(_ symbol: String) -> OrderIntent { OrderIntent(symbol, .buy, .limit, on: .spot) }

    @Test func `Binance counts weight by address, and orders by account`() {
        let order = RequestMeaning(.trade, orders: [order("BTCUSDT")])
        let place = draft(.post, "/api/v3/order", host: "spot")
        #expect(
            draws(.binance, place, order) == [
                "address weight_1m 6000 1", "account api_orders_10s 100 1", "account api_orders_1d 200000 1",
            ])
        #expect(draws(.binance, place, RequestMeaning(.cancel)) == ["address weight_1m 6000 1"])
        let open = draft(.get, "/api/v3/openOrders", host: "spot")
        #expect(draws(.binance, open) == ["address weight_1m 6000 80"])
        let ofSymbol = draft(
            .get, "/api/v3/openOrders", host: "spot", query: [.init("symbol", "BTCUSDT")])
        #expect(draws(.binance, ofSymbol) == ["address weight_1m 6000 6"])
        let futures = draft(.get, "/fapi/v3/account", host: "usdm")
        #expect(draws(.binance, futures) == ["address weight_1m 2400 5"])
        let wallet = draft(.get, "/sapi/v1/account/apiRestrictions", host: "spot")
        #expect(
            draws(.binance, wallet) == [
                "address sapi_weight_1m 12000 1", "account sapi_weight_1m 180000 1",
            ])
    }

    @Test func `OKX counts orders by instrument, and other endpoints each`() {
        let orders = RequestMeaning(
            .trade, orders: [order("BTC-USDT"), order("ETH-USDT"), order("BTC-USDT")])
        #expect(
            draws(.okx, draft(.post, "/api/v5/trade/batch-orders"), orders) == [
                "account POST /api/v5/trade/batch-orders BTC-USDT 300 2",
                "account POST /api/v5/trade/batch-orders ETH-USDT 300 1",
            ])
        // What is attached is placed later, by the exchange.
        let whole = RequestMeaning(
            .trade, orders: [order("BTC-USDT"), order("BTC-USDT").attached(.stopMarket)])
        #expect(
            draws(.okx, draft(.post, "/api/v5/trade/order"), whole) == [
                "account POST /api/v5/trade/order BTC-USDT 60 1"
            ])
        #expect(
            draws(.okx, draft(.get, "/api/v5/account/balance")) == [
                "account GET /api/v5/account/balance 10 1"
            ])
    }

    @Test func `Kraken's counter is not for orders, and cancels cost nothing`() {
        #expect(draws(.kraken, draft(.post, "/0/private/Balance", host: "spot")) == ["account counter 20 1"])
        #expect(draws(.kraken, draft(.post, "/0/private/Ledgers", host: "spot")) == ["account counter 20 2"])
        let add = draft(.post, "/0/private/AddOrder", host: "spot")
        #expect(
            draws(.kraken, add, RequestMeaning(.trade, orders: [order("XBTUSD")])) == [
                "account orders XBTUSD 180 1"
            ])
        let cancel = draft(.post, "/0/private/CancelOrder", host: "spot")
        #expect(draws(.kraken, cancel, RequestMeaning(.cancel)) == [])
    }

    @Test func `what is public is counted by address alone`() {
        let time = draft(.get, "/api/v2/public/time")
        #expect(draws(.bitget, time) == ["address requests_1m 6000 1"])
        #expect(draws(.coinbase, draft(.get, "/api/v3/brokerage/time")) == [])
        #expect(draws(.okx, draft(.get, "/api/v5/public/time")) == [])
    }

    @Test func `an id in a path makes no budget of its own`() {
        let routes = ["123", "456"].map { id in
            ExchangeName.gate.classifier.routeName(of: draft(.delete, "/api/v4/spot/orders/\(id)"))
        }
        #expect(routes[0] == routes[1])
        #expect(!routes[0].contains("123"))
        let unknown = ExchangeName.gate.classifier.routeName(of: draft(.get, "/api/v4/nothing/of/ours"))
        #expect(unknown == "GET another")
    }

    @Test func `every exchange's headers are read`() {
        let table: [(ExchangeName, String, [(String, String)], RateReading)] = [
            (
                .binance, "/api/v3/account", [("X-MBX-USED-WEIGHT-1M", "42")],
                RateReading(RateBudget(.address, "weight_1m"), used: 42)
            ),
            (
                .binance, "/api/v3/order", [("x-mbx-order-count-10s", "7")],
                RateReading(RateBudget(.account, "api_orders_10s"), used: 7)
            ),
            (
                .binance, "/sapi/v1/x", [("X-SAPI-USED-UID-WEIGHT-1M", "9")],
                RateReading(RateBudget(.account, "sapi_weight_1m"), used: 9)
            ),
            (
                .bybit, "/v5/order/create",
                [
                    ("X-Bapi-Limit", "10"), ("X-Bapi-Limit-Status", "3"),
                    ("X-Bapi-Limit-Reset-Timestamp", "1700000000400"),
                ],
                RateReading(
                    RateBudget(.account, "route"), left: 3, limit: 10,
                    endsAt: Self.now + .milliseconds(400))
            ),
            (
                .kucoin, "/api/v1/hf/orders",
                [
                    ("gw-ratelimit-limit", "4000"), ("gw-ratelimit-remaining", "1"),
                    ("gw-ratelimit-reset", "2000"),
                ],
                RateReading(
                    RateBudget(.account, "spot_30s"), left: 1, limit: 4_000, endsAt: Self.now + .seconds(2))
            ),
            (
                .gate, "/api/v4/spot/orders",
                [
                    ("X-Gate-RateLimit-Limit", "200"), ("X-Gate-RateLimit-Requests-Remain", "199"),
                    ("X-Gate-RateLimit-Reset-Timestamp", "1700000005"),
                ],
                RateReading(
                    RateBudget(.account, "route"), left: 199, limit: 200, endsAt: Self.now + .seconds(5))
            ),
            (
                .bitget, "/api/v2/spot/trade/place-order", [("x-mbx-used-remain-limit", "4")],
                RateReading(RateBudget(.account, "route"), left: 4, endsAt: Self.now + .seconds(1))
            ),
        ]
        for (exchange, path, headers, reading) in table {
            let found = exchange.readings(
                RateHeaders(headers.map { (name: $0.0, value: $0.1) }), of: draft(.get, path, host: "spot"),
                route: "route", at: Self.now)
            #expect(found == [reading], "\(exchange)")
        }
    }

    @Test func `headers that say nonsense say nothing, and a reset that never comes is a second`() {
        let odd = [
            "", "-1", "x", "1e9", "99999999999999999999", "9223372036854775807", "1.5",
        ]
        for value in odd {
            for exchange in ExchangeName.allCases {
                let names = [
                    "x-mbx-used-weight-1m", "x-sapi-used-ip-weight-1m", "x-bapi-limit", "x-bapi-limit-status",
                    "x-bapi-limit-reset-timestamp", "gw-ratelimit-limit", "gw-ratelimit-remaining",
                    "gw-ratelimit-reset", "x-gate-ratelimit-limit", "x-gate-ratelimit-requests-remain",
                    "x-gate-ratelimit-reset-timestamp", "x-mbx-used-remain-limit",
                ]
                let readings = exchange.readings(
                    RateHeaders(names.map { (name: $0, value: value) }),
                    of: draft(.get, "/api/v3/account", host: "spot"), route: "route", at: Self.now)
                #expect(readings.isEmpty, "\(exchange) \(value)")
            }
        }
        for reset in ["1600000000000", "1700009000000", "17592186044415"] {
            let headers = RateHeaders([
                ("x-bapi-limit", "10"), ("x-bapi-limit-status", "0"), ("x-bapi-limit-reset-timestamp", reset),
            ])
            let reading = ExchangeName.bybit.readings(
                headers, of: draft(.get, "/v5/x"), route: "r", at: Self.now)
            #expect(reading.first?.endsAt == Self.now + .seconds(1))
        }
    }

    private static let stops: [(ExchangeName, Int, String?, Int?, String)] = [
        (ExchangeName.binance, 418, "-1003", 120, "address ban 120"),
        (.binance, 429, "-1003", nil, "address 60"), (.binance, 429, "-1003", 7, "address 7"),
        (.binance, 429, "-1015", nil, "account spares 10"), (.binance, 400, "-2010", nil, "nothing"),
        (.binance, 403, nil, nil, "nothing"), (.bybit, 403, nil, nil, "address ban 600"),
        (.bybit, 200, "10006", nil, "account route 1"), (.bybit, 200, "0", nil, "nothing"),
        (.okx, 429, "50011", nil, "account route 2"), (.okx, 200, "50061", nil, "account spares 2"),
        (.kraken, 200, "EAPI:Rate limit exceeded", nil, "account 5"),
        (.kraken, 200, "EOrder:Rate limit exceeded", nil, "account spares 3"),
        (.kraken, 200, "EGeneral:Temporary lockout", nil, "account ban 900"),
        (.kraken, 200, "EOrder:Insufficient funds", nil, "nothing"),
        (.coinbase, 429, nil, nil, "address 1"), (.coinbase, 429, "RESOURCE_EXHAUSTED", 3, "account 3"),
        (.kucoin, 429, "429000", nil, "account 10"), (.kucoin, 403, "403000", 60, "address ban 60"),
        (.gate, 429, "TOO_MANY_REQUESTS", nil, "account route 10"),
        (.gate, 403, "FORBIDDEN", nil, "nothing"), (.gate, 403, "FORBIDDEN", 30, "address ban 30"),
        (.bitget, 429, "429", 2, "address 2"), (.mexc, 200, "510", nil, "account route 2"),
        (.mexc, 418, nil, nil, "address ban 120"), (.mexc, 429, "429", 999_999_999, "address 259200"),
        (.mexc, 429, "429", 0, "address 1"),
    ]

    @Test(arguments: stops)
    func `too much is understood, whoever says it`(
        _ exchange: ExchangeName, _ status: Int, _ code: String?, _ retryAfter: Int?, _ expected: String
    ) {
        let stop = exchange.stop(status: status, code: code, retryAfter: retryAfter, route: "r")
        let text = stop.map { stop -> String in
            var words = [stop.owner.rawValue]
            if stop.route != nil { words.append("route") }
            if stop.isBan { words.append("ban") }
            if stop.sparesCancels { words.append("spares") }
            return (words + ["\(Int(stop.length.seconds))"]).joined(separator: " ")
        }
        #expect((text ?? "nothing") == expected)
    }
}
