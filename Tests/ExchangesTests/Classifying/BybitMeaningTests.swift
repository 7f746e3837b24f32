import Testing

@testable import Exchanges

@Suite struct BybitMeaningTests {
    private static let create = "POST main /v5/order/create"
    private static let batch = "POST main /v5/order/create-batch"

    private static func order(_ more: String) -> String {
        #"{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.1","#
            + #""price":"50000"\#(more.isEmpty ? "" : ",")\#(more)}"#
    }

    private static func market(_ category: String, _ side: String, _ more: String = "") -> String {
        #"{"category":"\#(category)","symbol":"BTCUSDT","side":"\#(side)","orderType":"Market","#
            + #""qty":"5"\#(more)}"#
    }

    private static let orders: [MeaningCase] = [
        .init(create, order(#""timeInForce":"GTC""#), "trade: BTCUSDT buy limit linear 0.1 @50000 gtc"),
        .init(
            create, order(#""timeInForce":"PostOnly""#),
            "trade: BTCUSDT buy limit_maker linear 0.1 @50000 post_only"),
        .init(create, market("spot", "Buy"), "trade: BTCUSDT buy market spot 5q"),
        .init(create, market("spot", "Sell"), "trade: BTCUSDT sell market spot 5"),
        .init(
            create, market("spot", "Buy", #","marketUnit":"baseCoin""#), "trade: BTCUSDT buy market spot 5"),
        .init(
            create, market("spot", "Sell", #","marketUnit":"quoteCoin""#),
            "trade: BTCUSDT sell market spot 5q"),
        .init(create, market("linear", "Buy"), "trade: BTCUSDT buy market linear 5"),
        .init(create, market("inverse", "Buy"), "trade: BTCUSDT buy market inverse 5c"),
        .init(create, market("option", "Buy"), "trade: BTCUSDT buy market option 5"),
        .init(create, market("spot", "Buy", #","isLeverage":1"#), "trade: BTCUSDT buy market margin 5q"),
        .init(create, market("spot", "Sell", #","reduceOnly":true"#), "trade: BTCUSDT sell market spot 5"),
        .init(
            create, market("linear", "Sell", #","reduceOnly":true"#),
            "trade: BTCUSDT sell market linear 5 reduces"),
        .init(
            create, market("linear", "Sell", #","positionIdx":1"#),
            "trade: BTCUSDT sell market linear 5 reduces of-long"),
        .init(
            create, market("linear", "Sell", #","positionIdx":2"#),
            "trade: BTCUSDT sell market linear 5 of-short"),
        .init(
            create,
            market("linear", "Sell", #","reduceOnly":true,"closeOnTrigger":true"#).replacing(
                "\"5\"", "\"0\""),
            "trade: BTCUSDT sell market linear reduces closes"),
        .init(
            create, market("linear", "Sell", #","triggerPrice":"40","triggerDirection":2"#),
            "trade: BTCUSDT sell stop_market linear 5 stop40"),
        .init(
            create, order(#""triggerPrice":"51","orderLinkId":"a""#),
            "trade: BTCUSDT buy stop_limit linear 0.1 @50000 stop51 #a"),
        .init(
            create, order(#""takeProfit":"60","stopLoss":"40","tpslMode":"Full""#),
            "trade: BTCUSDT buy limit linear 0.1 @50000; "
                + "BTCUSDT sell take_profit_market linear 0.1 stop60 reduces alt1; "
                + "BTCUSDT sell stop_market linear 0.1 stop40 reduces alt1"),
        .init(
            create, market("spot", "Sell", #","triggerPrice":"4","orderFilter":"tpslOrder""#),
            "trade: BTCUSDT sell stop_market spot 5 stop4"),
        .init(create, market("spot", "Sell", #","triggerPrice":"4""#), "trade! body orderFilter"),
        .init(create, market("spot", "Sell", #","orderFilter":"OcoOrder""#), "trade! body orderFilter"),
        .init(create, order(#""bboSideType":"Queue","bboLevel":"1""#), "trade: BTCUSDT buy other linear 0.1"),
        .init(create, market("spot", "Buy", #","orderIv":"1""#), "trade! body orderIv"),
        .init(create, market("spot", "Buy", #","bboSideType":"Queue""#), "trade! body bboSideType"),
        .init(create, market("option", "Buy", #","bboSideType":"Queue""#), "trade! body bboSideType"),
        .init(create, market("linear", "Buy", #","orderIv":"1""#), "trade! body orderIv"),
        .init(create, market("option", "Buy", #","orderIv":"1""#), "trade: BTCUSDT buy other option 5"),
        .init(
            "POST main /v5/order/amend", #"{"category":"spot","symbol":"BTCUSDT","orderId":"1","qty":"2"}"#,
            "trade: BTCUSDT ? limit spot 2dearer replaces"),
        .init(
            "POST main /v5/order/amend",
            #"{"category":"spot","symbol":"BTCUSDT","orderId":"1","orderIv":"2"}"#, "trade! body orderIv"),
        .init(create, market("spot", "Buy", #","isLeverage":true"#), "trade! body isLeverage"),
        .init(
            batch,
            #"{"category":"spot","request":[{"symbol":"A","side":"Buy","orderType":"Market","qty":"9"},"#
                + #"{"symbol":"B","side":"Sell","orderType":"Limit","qty":"1","price":"2"}]}"#,
            "trade: A buy market spot 9q; B sell limit spot 1 @2"),
        .init(
            "POST main /v5/order/amend", #"{"category":"linear","symbol":"BTCUSDT","orderId":"1","qty":"2"}"#,
            "trade: BTCUSDT ? limit linear 2 replaces"),
        .init(
            "POST main /v5/position/trading-stop",
            #"{"category":"linear","symbol":"BTCUSDT","stopLoss":"40","tpslMode":"Full","positionIdx":0}"#,
            "trade: BTCUSDT ? stop_market linear stop40 reduces closes"),
    ]

    private static let others: [MeaningCase] = [
        .init(create, order(#""surprise":1"#), "trade! body surprise"),
        .init(create, order(#""reduceOnly":"true""#), "trade! body reduceOnly"),
        .init(create, order(#""reduceOnly":1"#), "trade! body reduceOnly"),
        .init(create, order("").replacing("linear", "everything"), "trade! body category"),
        .init(create, order("").replacing("0.1", "1e1"), "trade! body qty"),
        .init(create, order("").replacing("\"0.1\"", "1e1"), "admin! body"),
        .init(create, order("").replacing("0.1", "0"), "trade! body quantity"),
        .init(create, order(#""qty":"1""#), "admin! body"),
        .init(create, "category=linear", "admin! body"),
        .init(create, "[" + order("") + "]", "trade! body []"),
        .init(
            batch, #"{"category":"spot","request":[{"symbol":"A","category":"linear"}]}"#,
            "trade! body request[0].category"),
        .init("POST main /v5/order/cancel-all", #"{"category":"linear"}"#, "cancel"),
        .init("POST main /v5/order/disconnected-cancel-all", #"{"timeWindow":40}"#, "cancel"),
        .init("GET main /v5/order/realtime", "category=linear", "read"),
        .init("GET main /v5/user/query-api", "", "read"),
        .init("GET main /v5/market/tickers", "category=linear", "admin"),
        .init("POST main /v5/broker/award/distribute-award", "{}", "withdraw"),
        .init("POST main /v5/user/delete-api", "{}", "admin"),
        .init("POST main /v5/account/borrow", #"{"coin":"BTC","amount":"1"}"#, "admin"),
        .init("POST main /v5/position/set-leverage", #"{"category":"linear"}"#, "admin"),
        .init("POST main /v5/asset/transfer/inter-transfer", "{}", "transfer"),
        .init(
            "POST main /v5/asset/withdraw/create",
            #"{"coin":"XRP","chain":"XRP","address":"rX","tag":"7","amount":"5","timestamp":1,"#
                + #""accountType":"FUND"}"#,
            "withdraw: XRP XRP rX 7 5"),
        .init(
            "POST main /v5/asset/withdraw/create",
            #"{"coin":"XRP","address":"1","amount":"5","timestamp":1,"accountType":"FUND","forceChain":2}"#,
            "withdraw! body forceChain"),
    ]

    @Test(arguments: orders + others)
    func `a request means`(_ example: MeaningCase) {
        #expect(ExchangeName.bybit.classifier.meaning(example.line, example.text) == example.words)
    }
}
