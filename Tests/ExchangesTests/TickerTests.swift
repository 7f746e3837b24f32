import Exchanges
import JSON
import Kernel
import Testing

/// Prices by the documents of each exchange.
@Suite struct TickerTests {
    struct Case: Sendable {
        let exchange: ExchangeName
        let instrument: Instrument
        /// Path and query.
        let asks: String
        let answer: String

        init(
            _ exchange: ExchangeName, _ symbol: String, _ host: String,
            _ kind: OrderIntent.Instrument = .spot, settle: String = "USDT", asks: String, _ answer: String
        ) {
            self.exchange = exchange
            instrument = Instrument(
                symbol, host: host, kind, base: "BTC", quote: kind == .inverse ? "USD" : "USDT",
                settle: settle)
            (self.asks, self.answer) = (asks, answer)
        }
    }

    private static let cases = [
        Case(
            .binance, "BTCUSDT", "spot", asks: "/api/v3/ticker/price?symbol=BTCUSDT",
            #"{"symbol":"BTCUSDT","price":"50000.10000000"}"#),
        Case(
            .binance, "BTCUSDT", "usdm", .linear, asks: "/fapi/v1/ticker/price?symbol=BTCUSDT",
            #"{"symbol":"BTCUSDT","price":"50000.10","time":1589437530011}"#),
        Case(
            .binance, "BTCUSD_PERP", "coinm", .inverse, settle: "BTC",
            asks: "/dapi/v1/ticker/price?symbol=BTCUSD_PERP",
            #"[{"symbol":"BTCUSD_PERP","ps":"BTCUSD","price":"50000.1","time":1591257246176}]"#),
        Case(
            .bybit, "BTCUSDT", "main", asks: "/v5/market/tickers?category=spot&symbol=BTCUSDT",
            #"""
            {"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"symbol":"BTCUSDT",
            "bid1Price":"50000","lastPrice":"50000.1","usdIndexPrice":"49999"}]},"time":1673859087947}
            """#),
        Case(
            .bybit, "BTCUSD", "main", .inverse, settle: "BTC",
            asks: "/v5/market/tickers?category=inverse&symbol=BTCUSD",
            #"{"result":{"category":"inverse","list":[{"symbol":"BTCUSD","lastPrice":"50000.1"}]}}"#
        ),
        Case(
            .okx, "BTC-USDT", "main", asks: "/api/v5/market/ticker?instId=BTC-USDT",
            #"""
            {"code":"0","msg":"","data":[{"instType":"SPOT","instId":"BTC-USDT","last":"50000.1",
            "askPx":"50001","ts":"1597026383085"}]}
            """#),
        Case(
            .kraken, "XBTUSD", "spot", asks: "/0/public/Ticker?pair=XBTUSD",
            #"{"error":[],"result":{"XXBTZUSD":{"a":["50001","1","1.000"],"c":["50000.10000","0.01"]}}}"#
        ),
        Case(
            .coinbase, "BTC-USD", "main", asks: "/api/v3/brokerage/market/products/BTC-USD",
            #"{"product_id":"BTC-USD","price":"50000.1","price_percentage_change_24h":"1"}"#),
        Case(
            .kucoin, "BTC-USDT", "spot", asks: "/api/v1/market/orderbook/level1?symbol=BTC-USDT",
            #"{"code":"200000","data":{"time":1729172965609,"sequence":"1","price":"50000.1"}}"#),
        Case(
            .kucoin, "XBTUSDM", "futures", .inverse, settle: "BTC", asks: "/api/v1/ticker?symbol=XBTUSDM",
            #"{"code":"200000","data":{"symbol":"XBTUSDM","side":"buy","size":1,"price":"50000.1"}}"#),
        Case(
            .gate, "BTC_USDT", "main", asks: "/api/v4/spot/tickers?currency_pair=BTC_USDT",
            #"[{"currency_pair":"BTC_USDT","last":"50000.1","lowest_ask":"50001"}]"#),
        Case(
            .gate, "BTC_USDT", "main", .linear, asks: "/api/v4/futures/usdt/tickers?contract=BTC_USDT",
            #"[{"contract":"BTC_USDT","last":"50000.1","mark_price":"50002"}]"#),
        Case(
            .bitget, "BTCUSDT", "main", asks: "/api/v2/spot/market/tickers?symbol=BTCUSDT",
            #"{"code":"00000","data":[{"symbol":"BTCUSDT","lastPr":"50000.1","ts":"1695808949356"}]}"#),
        Case(
            .bitget, "BTCUSDT", "main", .linear,
            asks: "/api/v2/mix/market/ticker?symbol=BTCUSDT&productType=USDT-FUTURES",
            #"{"code":"00000","data":[{"symbol":"BTCUSDT","lastPr":"50000.1","markPrice":"50002"}]}"#),
        Case(
            .bitget, "BTCUSD", "main", .inverse, settle: "BTC",
            asks: "/api/v2/mix/market/ticker?symbol=BTCUSD&productType=COIN-FUTURES",
            #"{"code":"00000","data":[{"symbol":"BTCUSD","lastPr":"50000.1"}]}"#),
        Case(
            .mexc, "BTCUSDT", "spot", asks: "/api/v3/ticker/price?symbol=BTCUSDT",
            #"{"symbol":"BTCUSDT","price":"50000.10"}"#),
        Case(
            .mexc, "BTC_USDT", "futures", .linear, asks: "/api/v1/contract/ticker?symbol=BTC_USDT",
            #"{"success":true,"code":0,"data":{"symbol":"BTC_USDT","lastPrice":50000.1,"bid1":50000}}"#),
    ]

    @Test(arguments: cases.indices)
    func `a ticker is asked for and read as the exchange documents it`(place: Int) throws {
        let known = Self.cases[place]
        let adapter = known.exchange.adapter
        let draft = try #require(adapter.ticker(of: known.instrument))
        let query = draft.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        #expect(draft.method == .get && draft.host == known.instrument.host)
        #expect(draft.path + (query.isEmpty ? "" : "?\(query)") == known.asks)
        let answer = try JSONValue.parse(Array(known.answer.utf8))
        #expect(adapter.price(in: answer, of: known.instrument) == Decimal("50000.1"))
    }

    @Test(arguments: cases.indices)
    func `an answer without a price, or about something else, is none`(place: Int) throws {
        let known = Self.cases[place]
        let wrong = [
            "{}", "[]", #"{"code":50011,"msg":"Too many requests"}"#,
            known.answer.replacing("50000.1", with: "0"), known.answer.replacing("50000.1", with: "-5"),
        ]
        for text in wrong {
            let answer = try JSONValue.parse(Array(text.utf8))
            #expect(known.exchange.adapter.price(in: answer, of: known.instrument) == nil, "\(text)")
        }
        // What does not say what it is about was asked for alone.
        guard known.answer.contains(#""\#(known.instrument.symbol)""#) else { return }
        let other = known.answer.replacing(#""\#(known.instrument.symbol)""#, with: #""ETHUSDT""#)
        let answer = try JSONValue.parse(Array(other.utf8))
        #expect(known.exchange.adapter.price(in: answer, of: known.instrument) == nil, "\(other)")
    }

    @Test(arguments: [(ExchangeName.okx, "x-simulated-trading"), (.bitget, "paptrading")])
    func `a demonstration that shares its host is asked for its own prices`(
        exchange: ExchangeName, mark: String
    ) throws {
        let adapter = exchange.adapter
        let instrument = Instrument("BTC", host: "main", .spot, base: "BTC", quote: "USDT")
        let draft = try #require(adapter.ticker(of: instrument))
        let demo = try #require(adapter.host("main", in: .demo))
        let live = try #require(adapter.host("main", in: .live))
        #expect(SignedRequest(unsigned: draft, to: demo).headers.map(\.name) == [mark])
        #expect(SignedRequest(unsigned: draft, to: live).headers.isEmpty)
    }

    @Test func `every exchange tells the prices of all that it lists`() {
        for exchange in Exchange.all {
            let adapter = exchange.name.adapter
            let hosts = Set(adapter.instrumentLists.map(\.host))
            #expect(Set(adapter.tickers.map(\.host)) == hosts, "\(exchange.title)")
            for ticker in adapter.tickers { #expect(ticker.path.hasPrefix("/")) }
            for host in hosts {
                let option = Instrument("BTC-C", host: host, .option, base: "BTC", quote: "USDT")
                #expect(adapter.ticker(of: option) == nil)
            }
        }
    }
}
