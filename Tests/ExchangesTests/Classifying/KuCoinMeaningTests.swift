import Testing

@testable import Exchanges

@Suite struct KuCoinMeaningTests {
    private static let spot = "POST spot /api/v1/hf/orders"
    private static let future = "POST futures /api/v1/orders"

    private static func order(_ symbol: String, _ more: String) -> String {
        #"{"clientOid":"a","side":"buy","symbol":"\#(symbol)",\#(more)}"#
    }

    private static let orders: [MeaningCase] = [
        .init(
            spot, order("BTC-USDT", #""type":"limit","size":"2","price":"5""#),
            "trade: BTC-USDT buy limit spot 2 @5 #a"),
        .init(spot, order("BTC-USDT", #""size":"2","price":"5""#), "trade: BTC-USDT buy limit spot 2 @5 #a"),
        .init(
            spot, order("BTC-USDT", #""type":"market","size":"2""#), "trade: BTC-USDT buy market spot 2 #a"),
        .init(
            spot, order("BTC-USDT", #""type":"market","funds":"90""#),
            "trade: BTC-USDT buy market spot 90q #a"),
        .init(
            spot, order("BTC-USDT", #""type":"limit","size":"2","price":"5","postOnly":true"#),
            "trade: BTC-USDT buy limit_maker spot 2 @5 post_only #a"),
        .init(
            "POST spot /api/v1/stop-order",
            order("BTC-USDT", #""type":"market","size":"2","stop":"loss","stopPrice":"4""#),
            "trade: BTC-USDT buy stop_market spot 2 stop4 #a"),
        .init(
            "POST spot /api/v1/orders",
            order("BTC-USDT", #""type":"market","size":"2","tradeType":"MARGIN_TRADE""#),
            "trade: BTC-USDT buy market margin 2 cross #a"),
        .init(
            "POST spot /api/v3/hf/margin/order",
            order("BTC-USDT", #""type":"market","size":"2","isIsolated":true"#),
            "trade: BTC-USDT buy market margin 2 isolated #a"),
        .init(
            "POST spot /api/v1/hf/orders/multi",
            #"{"orderList":[\#(order("A-B", #""type":"market","size":"1""#)),"#
                + #"\#(order("C-D", #""size":"2","price":"3""#))]}"#,
            "trade: A-B buy market spot 1 #a; C-D buy limit spot 2 @3 #a"),
        .init(
            "POST spot /api/v1/hf/orders/multi",
            #"{"symbol":"A-B","orderList":[\#(order("A-B", #""type":"market","size":"1""#))]}"#,
            "trade: A-B buy market spot 1 #a"),
        .init(
            "POST spot /api/v1/hf/orders/multi",
            #"{"symbol":"A-B","orderList":[\#(order("C-D", #""type":"market","size":"1""#))]}"#,
            "trade! body orderList[0].symbol"),
        .init(
            "POST spot /api/v3/oco/order",
            order("BTC-USDT", #""size":"2","price":"60","stopPrice":"40","limitPrice":"39""#),
            "trade: BTC-USDT buy limit spot 2 @60 #a alt1; BTC-USDT buy stop_limit spot 2 @39 stop40 "
                + "#a alt1"),
        .init(
            "POST spot /api/v1/hf/orders/alter", #"{"symbol":"BTC-USDT","orderId":"1","newSize":"3"}"#,
            "trade: ? ? limit spot 3 replaces"),
        .init(
            future, order("XBTUSDTM", #""leverage":5,"size":2,"price":"5""#),
            "trade: XBTUSDTM buy limit linear 2c @5 x5 #a"),
        .init(
            future, order("XBTUSDM", #""type":"market","size":2"#),
            "trade: XBTUSDM buy market inverse 2c #a"),
        .init(
            future, order("XBTUSDTM", #""type":"market","qty":"0.1""#),
            "trade: XBTUSDTM buy market linear 0.1 #a"),
        .init(
            future, order("XBTUSDTM", #""type":"market","valueQty":"90""#),
            "trade: XBTUSDTM buy market linear 90q #a"),
        .init(
            future, order("XBTUSDTM", #""type":"market","size":2,"reduceOnly":true,"marginMode":"CROSS""#),
            "trade: XBTUSDTM buy market linear 2c reduces cross #a"),
        .init(
            future, order("XBTUSDTM", #""type":"market","size":2,"positionSide":"SHORT""#),
            "trade: XBTUSDTM buy market linear 2c of-short #a"),
        .init(
            future,
            order("XBTUSDTM", #""type":"market","size":2,"positionSide":"SHORT","reduceOnly":true"#),
            "trade: XBTUSDTM buy market linear 2c reduces of-short #a"),
        .init(
            future, order("XBTUSDTM", #""type":"market","size":2,"positionSide":"LONG","reduceOnly":true"#),
            "trade: XBTUSDTM buy market linear 2c of-long #a"),
        .init(
            future, #"{"clientOid":"a","symbol":"XBTUSDTM","type":"market","closeOrder":true}"#,
            "trade: XBTUSDTM ? market linear closes #a"),
        .init(
            "POST futures /api/v1/st-orders",
            order(
                "XBTUSDTM", #""type":"market","size":2,"triggerStopUpPrice":"9","triggerStopDownPrice":"4""#),
            "trade: XBTUSDTM buy market linear 2c #a; "
                + "XBTUSDTM sell take_profit_market linear 2c stop9 alt1; "
                + "XBTUSDTM sell stop_market linear 2c stop4 alt1"),
        .init(
            "POST futures /api/v1/orders/multi", "[\(order("XBTUSDTM", #""type":"market","size":2"#))]",
            "trade: XBTUSDTM buy market linear 2c #a"),
        .init(
            "POST spot /api/ua/v1/unified/order/place",
            #"{"tradeType":"FUTURES","symbol":"XBTUSDTM","side":"BUY","orderType":"MARKET","size":"2","#
                + #""reduceOnly":true}"#,
            "trade: XBTUSDTM buy market linear 2c reduces"),
        .init(
            "POST spot /api/ua/v1/classic/order/place",
            #"{"tradeType":"SPOT","symbol":"BTC-USDT","side":"BUY","orderType":"MARKET","size":"2","#
                + #""sizeUnit":"QUOTECCY"}"#,
            "trade: BTC-USDT buy market spot 2q"),
        .init(
            "POST spot /api/ua/v1/classic/order/place",
            #"{"tradeType":"FUTURES","symbol":"XBTUSDTM","side":"BUY","orderType":"MARKET","size":"2","#
                + #""reduceOnly":true,"positionSide":"LONG"}"#,
            "trade: XBTUSDTM buy market linear 2c of-long"),
    ]

    private static let others: [MeaningCase] = [
        .init(spot, order("BTC-USDT", #""type":"market","size":"2","funds":"3""#), "trade! body funds"),
        .init(
            spot, order("BTC-USDT", #""size":"2","price":"5","postOnly":true,"timeInForce":"IOC""#),
            "trade! body postOnly"),
        .init(
            future, order("XBTUSDTM", #""size":2,"price":"5","postOnly":true,"timeInForce":"FOK""#),
            "trade! body postOnly"),
        .init(
            "POST spot /api/v3/withdrawals",
            #"{"currency":"XRP","toAddress":"7","amount":"5","withdrawType":"UID"}"#,
            "withdraw! body withdrawType"),
        .init(
            "POST spot /api/v1/withdrawals",
            #"{"currency":"XRP","address":"rX","amount":"5","isInner":true}"#, "withdraw! body isInner"),
        .init(
            spot, order("BTC-USDT", #""type":"market","size":"2","reduceOnly":true"#),
            "trade! body reduceOnly"),
        .init(future, order("XBTUSDTM", #""type":"market","size":2,"qty":"1""#), "trade! body qty"),
        .init(future, order("XBTUSDTM", #""type":"market""#), "trade! body quantity"),
        .init(future, order("XBTUSDTM", #""type":"market","size":2,"stopPrice":"4""#), "trade! body stop"),
        .init(future, #"{"symbol":"XBTUSDTM","type":"market","size":2}"#, "trade! body side"),
        .init(
            "POST spot /api/v1/margin/order",
            order("BTC-USDT", #""type":"market","size":"2","autoBorrow":true"#),
            "trade! body autoBorrow"),
        .init(
            "POST spot /api/v1/orders/multi",
            #"{"symbol":"X-Y","orderList":[\#(order("A-B", #""type":"market","size":"1""#))]}"#,
            "trade! body orderList[0].symbol"),
        .init("DELETE spot /api/v1/hf/orders/11aa", "symbol=BTC-USDT", "cancel"),
        .init("DELETE futures /api/v1/orders/multi-cancel", #"{"orderIdsList":["1"]}"#, "cancel"),
        .init("DELETE spot /api/v1/sub/api-key", "", "admin"),
        .init("GET futures /api/v1/positions", "", "read"),
        .init("GET spot /api/v1/positions", "", "admin"),
        .init("GET spot /api/v1/accounts/ledgers", "", "read"),
        .init("GET spot /api/v1/accounts/5bd6e9286d99522a52e458de", "", "read"),
        .init("GET spot /api/v1/accounts/universal-transfer", "", "admin"),
        .init("POST spot /api/v1/bullet-private", "", "stream"),
        .init("POST futures /api/v2/changeCrossUserLeverage", "{}", "admin"),
        .init("POST futures /api/v3/transfer-out", "{}", "transfer"),
        .init(
            "POST spot /api/v3/withdrawals",
            #"{"currency":"XRP","toAddress":"rX","amount":"5","memo":"7","chain":"xrp"}"#,
            "withdraw: XRP xrp rX 7 5"),
    ]

    @Test(arguments: orders + others)
    func `a request means`(_ example: MeaningCase) {
        #expect(ExchangeName.kucoin.classifier.meaning(example.line, example.text) == example.words)
    }

    @Test(arguments: [
        (#""tradeType":"SPOT","orderType":"MARKET""#, "trade! body sizeUnit"),
        (
            #""tradeType":"SPOT","orderType":"LIMIT","price":"5","sizeUnit":"QUOTECCY""#,
            "trade! body sizeUnit"
        ),
        (#""tradeType":"MARGIN","orderType":"MARKET","sizeUnit":"UNIT""#, "trade! body sizeUnit"),
        (#""tradeType":"FUTURES","orderType":"MARKET","sizeUnit":"QUOTECCY""#, "trade! body sizeUnit"),
        (
            #""tradeType":"SPOT","orderType":"LIMIT","price":"5","postOnly":true,"timeInForce":"FOK""#,
            "trade! body postOnly"
        ),
        (#""tradeType":"SPOT","orderType":"LIMIT","price":"5""#, "trade: BTC-USDT buy limit spot 2 @5"),
    ])
    func `orders of unified accounts say what they count`(_ more: String, _ words: String) {
        let order = #"{"symbol":"BTC-USDT","side":"BUY","size":"2",\#(more)}"#
        let line = "POST spot /api/ua/v1/unified/order/place"
        #expect(ExchangeName.kucoin.classifier.meaning(line, order) == words)
    }
}
