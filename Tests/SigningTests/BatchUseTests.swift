import Exchanges
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signing

/// Whatever stands behind the first order of a batch is told, found and counted as well.
@Suite(.serialized) struct BatchUseTests {
    private static let policy =
        #"{"operations": ["read", "trade", "cancel"], "hosts": ["spot", "usdm"], "orders": {}}"#

    static func order(_ symbol: String, _ side: String = "BUY") -> String {
        #"{"symbol":"\#(symbol)","side":"\#(side)","type":"LIMIT","timeInForce":"GTC","quantity":"0.5","#
            + #""price":"100"}"#
    }

    static func batch(_ desk: SigningDesk, _ key: String, _ orders: [String]) async throws -> TestAnswer {
        let list = "[\(orders.joined(separator: ","))]"
        let encoded = list.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
        return try await desk.proxy(
            key, "POST", "/fapi/v1/batchOrders", query: "batchOrders=\(encoded.joined())", host: "usdm")
    }

    /// A batch about BTCUSDT and ETHBTC, one about BTCUSDT, and a single order.
    private func used(_ desk: SigningDesk) async throws -> String {
        desk.exchange.says(200, "[]")
        desk.exchange.permitsFutures(true)
        let key = try await desk.key("a", policy: Self.policy)
        for orders in [
            [Self.order("BTCUSDT"), Self.order("ETHBTC", "SELL"), Self.order("ETHBTC")],
            [Self.order("BTCUSDT"), Self.order("BTCUSDT")],
        ] {
            let sent = try await Self.batch(desk, key, orders)
            try #require(sent.status == 200, "\(sent.text)")
        }
        let single = try await desk.proxy(key, "POST", "/api/v3/order", query: SigningDesk.order)
        try #require(single.status == 200, "\(single.text)")
        return key
    }

    @Test func `a use is found by every symbol of its orders, and tells all of them`() async throws {
        try await SigningDesk.run { desk in
            let key = try await used(desk)
            for (query, count) in [
                ("symbol=BTCUSDT", 3), ("symbol=ETHBTC", 1), ("symbol=ETH", 0),
                ("symbol=ETHBTC&key_id=\(key)", 1),
            ] {
                let list = try await desk.call("GET", "/v1/usage-events?\(query)")
                #expect(list.json["data"]?.asArray?.count == count, "\(query): \(list.text)")
            }
            let found = try await desk.call("GET", "/v1/usage-events?symbol=ETHBTC").json["data"]?[0]
            #expect(found?["symbol"] == "BTCUSDT" && found?["side"] == "buy" && found?["orders"] == 3)
            #expect(found?["symbols"] == ["BTCUSDT", "ETHBTC"] && found?["sides"] == ["buy", "sell"])
            let all = try await desk.call("GET", "/v1/keys/\(key)/usage").json["data"]?.asArray ?? []
            #expect(all.count { $0["symbols"] == ["BTCUSDT"] && $0["sides"] == ["buy"] } == 2, "\(all)")
            let data = try await desk.events().filter { $0.type == "key.used" }.map(\.data)
            #expect(data.map { $0["symbols"] } == [["BTCUSDT", "ETHBTC"], ["BTCUSDT"], nil], "\(data)")
            #expect(data.map { $0["sides"] } == [["buy", "sell"], ["buy"], nil])
        }
    }

    @Test func `a denied batch hides nothing either`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: #"{"operations": ["read"], "hosts": ["usdm"]}"#)
            let sent = try await Self.batch(desk, key, [Self.order("BTCUSDT"), Self.order("ETHBTC")])
            #expect(sent.status == 403, "\(sent.text)")
            let data = try await desk.events().last { $0.type == "key.use.denied" }?.data
            #expect(data?["symbols"] == ["BTCUSDT", "ETHBTC"])
            let list = try await desk.call("GET", "/v1/usage-events?symbol=ETHBTC&verdict=denied")
            #expect(list.json["data"]?.asArray?.count == 1, "\(list.text)")
        }
    }

    @Test func `it counts in the group of each symbol, and once where nobody asks for symbols`()
        async throws
    {
        try await SigningDesk.run { desk in
            _ = try await used(desk)
            desk.time.move(.seconds(1))
            let summary = try await desk.call("GET", "/v1/usage-summary?group_by=symbol&operation=trade")
            let groups = summary.json["data"]?.asArray?.map { group in
                "\(group["symbol"]?.asString ?? "–") \(group["uses"]?.asInt ?? 0)"
            }
            #expect(groups == ["BTCUSDT 3", "ETHBTC 1"], "\(summary.text)")
            for query in ["operation=trade", "operation=trade&group_by=key&bucket=1h"] {
                let whole = try await desk.call("GET", "/v1/usage-summary?\(query)")
                #expect(whole.json["data"]?[0]?["uses"]?.asInt == 3, "\(query): \(whole.text)")
            }
        }
    }

    @Test func `orders that may be left behind are told with all their symbols, each once`() async throws {
        try await SigningDesk.run { desk in
            _ = try await used(desk)
            let command = #"{"selector":{"all":true},"mode":"suspended","reason":"a drill","dry_run":true}"#
            let told = try await desk.call("POST", "/v1/keys/mode", command)
            #expect(told.json["orders_seen"]?[0]?["orders"]?.asInt == 6, "\(told.text)")
            #expect(told.json["orders_seen"]?[0]?["symbols"] == ["BTCUSDT", "ETHBTC"])
        }
    }

    private static let asBefore = Statement(
        "test_batch_as_before",
        """
        update usage_event set symbols = null, data = (data::jsonb - 'symbols' - 'sides')::json
        where data ->> 'orders' <> '1'
        """)

    @Test func `a proposal knows the symbols of batches that are too old to be judged`() async throws {
        try await SigningDesk.run(judgesAtMost: 2) { desk in
            let key = try await used(desk)
            desk.time.move(.seconds(1))
            for _ in 0..<2 { #expect(try await desk.proxy(key, "GET", "/api/v3/account").status == 200) }
            let told = try await desk.call("GET", "/v1/keys/\(key)/policy/proposal")
            let orders = told.json["document"]?["orders"]
            #expect(orders == ["symbols": ["BTCUSDT", "ETHBTC"]], "\(told.text)")
            // An earlier version wrote the first one only: what the others were nobody knows.
            _ = try await desk.database.query(Self.asBefore)
            let less = try await desk.call("GET", "/v1/keys/\(key)/policy/proposal")
            #expect(less.status == 200 && less.json["document"]?["orders"]?["symbols"] == nil, "\(less.text)")
        }
    }

    @Test func `a list is bounded, and says by null that there is more, or something unknown`() {
        func orders(_ symbols: [String?]) -> [OrderIntent] {
            symbols.map { OrderIntent($0, .sell, .market, on: .linear) }
        }
        #expect(BatchOrders(orders([])) == nil && BatchOrders(orders(["A"])) == nil)
        #expect(BatchOrders(orders(["A", "A"]))?.column == nil)
        #expect(BatchOrders(orders(["A", "A"]))?.symbols == ["A"])
        #expect(BatchOrders(orders(["A", nil, "b\\\""]))?.column == #"{"A",null,"b\\\""}"#)
        #expect(BatchOrders(orders(["A", nil, "B"]))?.symbols == ["A", "B"])
        let most = BatchOrders.symbolsAtMost
        let many = BatchOrders(orders((0...most).map { "S\($0)" }))
        #expect(many?.symbols == (0..<most).map { "S\($0)" } && many?.sides == ["sell"])
        #expect(many?.column?.hasSuffix(",null}") == true)
    }
}
