import Kernel
import Testing

@testable import Exchanges

/// What a signature that is handed out could also be used for.
@Suite struct SignatureOpennessTests {
    private func draft(_ exchange: ExchangeName, _ line: String, _ text: String = "") throws -> RequestDraft {
        try exchange.classifier.draft(of: RequestClassifier.request(line, text))
    }

    private func alsoFits(
        _ exchange: ExchangeName, _ line: String, _ text: String = ""
    ) throws -> Set<RequestOperation> {
        Set(try others(exchange, line, text).map(\.meaning.operation))
    }

    private func others(
        _ exchange: ExchangeName, _ line: String, _ text: String = ""
    ) throws -> [OtherReading] {
        exchange.classifier.otherReadings(of: try draft(exchange, line, text))
    }

    private func refusal(_ exchange: ExchangeName, _ line: String, _ text: String = "") throws -> String? {
        let draft = try draft(exchange, line, text)
        return exchange.classifier.refusesToSign(exchange.classifier.meaning(of: draft), draft)
    }

    @Test func `nothing is signed that, cut elsewhere, has another parameter`() throws {
        for query in [
            "side=BUY&type=MARKET&quoteOrderQty=1&newClientOrderId=asymbol=BTCUSDT", "xsymbol=BTCUSDT",
            "address=x&amount=1&name=xcoin=BTC", "a=btimestamp=1", "atimestamp=1", "x%73ymbol=A",
        ] {
            for (exchange, line) in [
                (ExchangeName.binance, "GET spot /api/v3/account"), (.mexc, "GET spot /api/v3/account"),
            ] {
                #expect(try refusal(exchange, line, query) != nil, "\(exchange) \(query)")
            }
        }
        #expect(
            try refusal(.binance, "GET spot /api/v3/account", "symbol=b%3Dc&omitZeroBalances=true") == nil)
    }

    @Test func `what the tables name can be signed`() throws {
        for exchange in [ExchangeName.binance, .mexc] {
            for name in exchange.classifier.names where !["timestamp", "signature"].contains(name) {
                let draft = try RequestDraft(
                    .get, host: "spot", path: "/p", query: [RequestDraft.Field(name, "1")])
                #expect(
                    exchange.classifier.refusesToSign(RequestMeaning(.read), draft) == nil, "\(name)")
            }
        }
    }

    @Test func `a read of one symbol is also the cancelling of all its orders`() throws {
        for (exchange, host, path) in [
            (ExchangeName.binance, "spot", "/api/v3/openOrders"), (.binance, "usdm", "/fapi/v1/openOrders"),
            (.mexc, "spot", "/api/v3/openOrders"),
        ] {
            #expect(try alsoFits(exchange, "GET \(host) \(path)").isEmpty)
            #expect(try alsoFits(exchange, "GET \(host) \(path)", "symbol=BTCUSDT") == [.cancel])
        }
    }

    @Test func `one of two names is enough where the exchange takes either`() throws {
        for name in ["algoId", "clientAlgoId"] {
            #expect(try alsoFits(.binance, "GET usdm /fapi/v1/algoOrder", "\(name)=1").contains(.cancel))
        }
        #expect(try alsoFits(.binance, "GET usdm /fapi/v1/algoOrder", "orderId=1").isEmpty)
    }

    @Test func `what the signer writes is no parameter, and a client's own is dropped`() throws {
        let time = RequestDraft.Field("timestamp", "1")
        for (exchange, host) in [(ExchangeName.mexc, "futures"), (.mexc, "spot"), (.binance, "usdm")] {
            let draft = try RequestDraft(.get, host: host, path: "/p", query: [time])
            #expect(exchange.classifier.meaning(of: draft).problems.first?.name == "timestamp")
        }
        #expect(try draft(.mexc, "GET futures /p", "timestamp=1&a=2").query == [.init("a", "2")])
        let nonce = try RequestDraft(
            .post, host: "spot", path: "/p", body: .json(Array(#"{"nonce":"1"}"#.utf8)))
        #expect(ExchangeName.kraken.classifier.meaning(of: nonce).problems.first?.name == "nonce")
    }

    @Test func `a read with an order's parameters is also that order`() throws {
        let query = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1"
        let fits = try alsoFits(.binance, "GET spot /api/v3/account", query)
        #expect(fits.isSuperset(of: [.trade, .cancel]))
        let order = try #require(
            try others(.binance, "GET spot /api/v3/account", query).first {
                $0.method == .post && $0.host == "spot" && $0.path == "/api/v3/order"
            })
        #expect(order.meaning.orders == [OrderIntent.bought("BTCUSDT", "1")])
        #expect(order.permissions == [.tradeSpot])
    }

    @Test func `a read with a withdrawal's parameters is also that withdrawal`() throws {
        let query = "coin=BTC&address=1B&amount=1"
        for (exchange, line) in [
            (ExchangeName.binance, "GET spot /api/v3/account"), (.binance, "GET usdm /fapi/v1/order"),
            (.mexc, "GET spot /api/v3/account"),
        ] {
            let withdrawals = try others(exchange, line, query).compactMap(\.meaning.withdrawal)
            #expect(withdrawals.contains { $0.asset == "BTC" && $0.address == "1B" }, "\(exchange)")
        }
    }

    @Test func `a transfer's parameters are told in an order, too`() throws {
        let form = "symbol=A&side=BUY&type=MARKET&quantity=1&asset=BTC&amount=1"
        #expect(try alsoFits(.binance, "POST spot /api/v3/order", form).contains(.transfer))
    }

    @Test func `one of two parameters is enough where an exchange takes either`() throws {
        for query in ["algoId=1", "clientAlgoId=a"] {
            let fits = try others(.binance, "GET spot /api/v3/account", query)
            #expect(
                fits.contains {
                    $0.host == "usdm" && $0.method == .delete && $0.path == "/fapi/v1/algoOrder"
                        && $0.meaning.operation == .cancel && $0.permissions == [.tradeDerivatives]
                })
        }
    }

    @Test func `a reading comes once, however many of its names are there`() throws {
        let fits = try others(.binance, "GET spot /api/v3/account", "algoId=1&clientAlgoId=a&symbol=A")
        #expect(Set(fits.map { "\($0.method) \($0.host) \($0.path)" }).count == fits.count)
    }

    @Test func `an order of spot fits futures`() throws {
        let form = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1"
        let fits = try others(.binance, "POST spot /api/v3/order", form)
        let future = try #require(
            fits.first { $0.host == "usdm" && $0.method == .post && $0.path == "/fapi/v1/order" })
        #expect(future.meaning.orders.first?.instrument == .linear)
        #expect(future.permissions == [.tradeDerivatives])
        let margin = try #require(fits.first { $0.path == "/sapi/v1/margin/order" && $0.method == .post })
        #expect(margin.permissions == [.tradeSpot, .tradeMargin])
        #expect(!fits.contains { $0.host == "spot" && $0.path == "/api/v3/order" && $0.method == .post })
    }

    @Test func `a query fits no body where the exchange reads JSON`() throws {
        #expect(try alsoFits(.bybit, "GET main /v5/order/realtime", "category=linear&symbol=A").isEmpty)
        let body = #"{"category":"linear","symbol":"A","side":"Buy","orderType":"Market","qty":"1"}"#
        #expect(try alsoFits(.bybit, "POST main /v5/order/create", body) == [.trade, .cancel])
        #expect(try alsoFits(.mexc, "GET futures /api/v1/private/order/list/open_orders", "symbol=A").isEmpty)
    }

    @Test func `a cancel with a spread order's fields is also that order, and no other order is`() throws {
        func fields(_ symbol: String) -> String {
            #"{"category":"linear","symbol":"\#(symbol)","side":"Buy","orderType":"Market","qty":"1"}"#
        }
        #expect(
            try others(.bybit, "POST main /v5/order/cancel", fields("SOLUSDT_SOL/USDT")).contains {
                $0.path == "/v5/spread/order/create" && $0.meaning.operation == .admin
            })
        #expect(
            try !others(.bybit, "POST main /v5/order/create", fields("SOLUSDT")).contains {
                $0.path.hasPrefix("/v5/spread/")
            })
        let answer = #"{"rfqId":"1","category":"linear","symbol":"A"}"#
        #expect(try alsoFits(.bybit, "POST main /v5/order/cancel", answer).contains(.admin))
    }

    @Test func `what sets leverage elsewhere says to what`() throws {
        let set = try others(.binance, "GET spot /api/v3/account", "symbol=BTCUSDT&leverage=20")
        let usdm = try #require(set.first { $0.host == "usdm" && $0.path == "/fapi/v1/leverage" })
        #expect(usdm.meaning.setting?.leverage == .told(Decimal(exactly: 20)))
        let body = #"{"category":"linear","symbol":"A","buyLeverage":"7","sellLeverage":"7"}"#
        let bybit = try others(.bybit, "POST main /v5/order/cancel", body).first {
            $0.path == "/v5/position/set-leverage"
        }
        #expect(bybit?.meaning.setting?.leverage == .told(Decimal(exactly: 7)))
    }

    @Test func `without parameters a read of futures at MEXC is also the cancelling of everything`() throws {
        #expect(try alsoFits(.mexc, "GET futures /api/v1/private/position/open_positions").contains(.cancel))
        #expect(try alsoFits(.mexc, "GET spot /api/v3/account").isEmpty)
    }

    @Test func `a token that covers no content is given for nothing that content decides`() throws {
        let body = #"{"order_id":"1","price":"1","size":"1"}"#
        #expect(try refusal(.coinbase, "POST main /api/v3/brokerage/orders/edit", body) != nil)
        let funds = "POST main /api/v3/brokerage/portfolios/move_funds"
        #expect(try refusal(.coinbase, funds, "{}") != nil)
        #expect(try refusal(.coinbase, "GET main /api/v3/brokerage/accounts") == nil)
        #expect(try refusal(.coinbase, "POST main /api/v3/brokerage/orders/batch_cancel", "{}") == nil)
    }

    @Test func `a signature that covers everything fits nothing else`() throws {
        for exchange in [ExchangeName.okx, .kraken, .kucoin, .gate, .bitget] {
            #expect(exchange.classifier.openness == .closed)
            #expect(Exchange.of(exchange).notCovered == [.host])
        }
        #expect(try alsoFits(.okx, "GET main /api/v5/trade/orders-pending", "instId=A").isEmpty)
    }

    @Test func `every route there that does something states what it needs`() {
        for exchange in [ExchangeName.binance, .bybit, .mexc] {
            for route in exchange.classifier.table.routes where ![.read, .stream].contains(route.operation) {
                #expect(route.required != nil, "\(exchange) \(route.path)")
                #expect(
                    route.required?.isEmpty == false || route.path.hasSuffix("cancel_all")
                        || ["/api/v1/private/trackorder/cancel", "/api/v1/private/position/close_all"]
                            .contains(route.path),
                    "\(exchange) \(route.path)")
            }
        }
    }
}

extension OrderIntent {
    fileprivate static func bought(_ symbol: String, _ quantity: String) -> OrderIntent {
        var order = OrderIntent(symbol, .buy, .market, on: .spot)
        order.quantity = Decimal(quantity)
        return order
    }
}
