import Testing

@testable import Exchanges

/// What is signed where a signature fits any path: nothing that an endpoint without a table could take for
/// an order.
@Suite struct SignableNamesTests {
    private static let open: [ExchangeName] = [.binance, .bybit, .mexc]

    private func refusal(_ exchange: ExchangeName, _ request: IncomingRequest) throws -> String? {
        let classifier = exchange.classifier
        let draft = try classifier.draft(of: request)
        let meaning = classifier.meaning(of: draft)
        return classifier.refusesToSign(meaning, draft) ?? classifier.refusesStrangers(meaning, draft)
    }

    private func refusal(_ exchange: ExchangeName, _ line: String, _ text: String) throws -> String? {
        try refusal(exchange, RequestClassifier.request(line, text))
    }

    @Test func `a read carries no conversion and a cancel no order that no table states`() throws {
        let conversion =
            "baseAsset=BTC&quoteAsset=USDT&limitPrice=1&side=SELL&expiredType=1_D&baseAmount=10"
        let order = #"{"symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"1","orderLinkId":"a"}"#
        let strategy = #"{"category":"linear","symbol":"A","request":[{"symbol":"A","side":"Buy"}]}"#
        for (exchange, line, text) in [
            (ExchangeName.binance, "GET spot /api/v3/account", conversion),
            (.binance, "DELETE spot /api/v3/order", "symbol=BTCUSDT&orderId=1&side=BUY"),
            (.binance, "POST spot /api/v3/userDataStream", "quantity=1"),
            (.binance, "POST spot /sapi/v1/unheard/of", "amount=1"),
            (.binance, "POST spot /sapi/v1/convert/acceptQuote", "quoteId=1"),
            (.binance, "POST spot /sapi/v1/asset/transfer", "type=MAIN_UMFUTURE&asset=BTC&amount=1"),
            (.bybit, "POST main /v5/order/cancel", order),
            (.bybit, "POST main /v5/order/cancel-batch", strategy),
            (.bybit, "POST main /v5/unheard/of", #"{"strategyType":"twap"}"#),
            (.bybit, "POST main /v5/order/cancel", #"[{"symbol":"A"}]"#),
            (.bybit, "POST main /v5/order/cancel", #"{"category":"linear","a\u0073":{}}"#),
            (.mexc, "GET spot /api/v3/account", "asset=BTC&amount=1"),
            (.mexc, "POST futures /api/v1/private/order/cancel", #"[{"orderId":1,"vol":2}]"#),
        ] { #expect(try refusal(exchange, line, text) != nil, "\(exchange) \(line) \(text)") }
    }

    @Test func `what stock ccxt reads and cancels is signed as it writes it`() throws {
        var count = 0
        for example in try CcxtRequest.all()
        where Self.open.contains(example.exchange) && [.read, .cancel].contains(example.operation) {
            let reason = try refusal(example.exchange, example.request)
            #expect(reason == nil, "\(example): \(reason ?? "")")
            count += 1
        }
        #expect(count > 150)
    }

    @Test func `an order, a withdrawal and a leverage are signed with all that their route knows`() throws {
        var count = 0
        for example in try CcxtRequest.all()
        where Self.open.contains(example.exchange) && [.trade, .withdraw].contains(example.operation) {
            #expect(try refusal(example.exchange, example.request) == nil, "\(example)")
            count += 1
        }
        #expect(count > 100)
        #expect(try refusal(.binance, "POST usdm /fapi/v1/leverage", "symbol=A&leverage=3") == nil)
    }

    @Test func `no name on the lists tells how much, and nothing that moves money needs only those`() {
        let telling = [
            "side", "quantity", "qty", "amount", "vol", "price", "quoteOrderQty", "asset", "address",
            "leverage", "orderType", "strategyType", "fromAsset", "toAsset", "quoteId", "productId",
            "batchOrders", "orders", "reduceOnly", "subAccount", "email", "permissions",
        ]
        for exchange in Self.open {
            let classifier = exchange.classifier
            let names = (query: classifier.signable.query, body: classifier.signable.body)
            #expect(names.query.union(names.body).isDisjoint(with: telling), "\(exchange)")
            // What trades is read, and judged with whatever carries its names.
            for route in classifier.table.routes
            where [.transfer, .withdraw, .admin].contains(route.operation) {
                let known = route.method == .post ? names.body : names.query
                let isTold = (route.required ?? []).allSatisfy { group in
                    group.split(separator: "|").contains { known.contains(String($0)) }
                }
                #expect(!isTold, "\(exchange) \(route.path)")
            }
        }
    }
}
