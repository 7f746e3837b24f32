import Testing

@testable import Exchanges

@Suite struct MEXCMeaningTests {
    private static let spot = "POST spot /api/v3/order"
    private static let future = "POST futures /api/v1/private/order/submit"

    private static func contract(_ side: Int, _ type: Int, _ more: String = "") -> String {
        #"{"symbol":"BTC_USDT","vol":2,"side":\#(side),"type":\#(type),"openType":1,"price":5\#(more)}"#
    }

    private static let orders: [MeaningCase] = [
        .init(
            spot, "?symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=5",
            "trade: BTCUSDT buy limit spot 1 @5 gtc"),
        .init(
            spot, "?symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=9",
            "trade: BTCUSDT buy market spot 9q"),
        .init(
            spot, "?symbol=BTCUSDT&side=SELL&type=IMMEDIATE_OR_CANCEL&quantity=1&price=5",
            "trade: BTCUSDT sell limit spot 1 @5 ioc"),
        .init(
            "POST spot /api/v3/batchOrders",
            #"?batchOrders=[{"symbol":"A","side":"BUY","type":"LIMIT","quantity":"1","price":"2"}]"#,
            "trade: A buy limit spot 1 @2 gtc"),
        .init(future, contract(1, 1), "trade: BTC_USDT buy limit linear 2c @5 gtc of-long isolated"),
        .init(future, contract(2, 5), "trade: BTC_USDT buy market linear 2c of-short isolated"),
        .init(
            future, contract(2, 5, #","positionMode":1"#),
            "trade: BTC_USDT buy market linear 2c reduces of-short isolated"),
        .init(
            future, contract(2, 5, #","reduceOnly":true"#),
            "trade: BTC_USDT buy market linear 2c reduces of-short isolated"),
        .init(
            future, contract(4, 5, #","positionMode":2"#),
            "trade: BTC_USDT sell market linear 2c of-long isolated"),
        .init(
            future, contract(3, 2),
            "trade: BTC_USDT sell limit_maker linear 2c @5 post_only of-short isolated"),
        .init(
            future, contract(4, 3, #","positionMode":1,"flashClose":false"#),
            "trade: BTC_USDT sell limit linear 2c @5 ioc reduces of-long isolated"),
        .init(
            future, contract(3, 5, #","reduceOnly":true,"positionMode":2,"leverage":20"#),
            "trade: BTC_USDT sell market linear 2c reduces of-short x20 isolated"),
        .init(
            future, contract(3, 5, #","reduceOnly":true"#),
            "trade: BTC_USDT sell market linear 2c of-short isolated"),
        .init(
            future, contract(1, 1, #","bboTypeNum":1"#),
            "trade: BTC_USDT buy other linear 2c gtc of-long isolated"),
        .init(
            "POST futures /api/v1/private/order/submit_batch", "[\(contract(1, 1)),\(contract(3, 4))]",
            """
            trade: BTC_USDT buy limit linear 2c @5 gtc of-long isolated; \
            BTC_USDT sell limit linear 2c @5 fok of-short isolated
            """),
        .init(
            "POST futures /api/v1/private/planorder/place",
            contract(1, 1, #","triggerPrice":6,"triggerType":1,"executeCycle":1,"orderType":5,"trend":1"#),
            "trade: BTC_USDT buy stop_market linear 2c stop6 of-long isolated"),
        .init(
            "POST futures /api/v1/private/stoporder/place", #"{"positionId":1,"vol":2,"stopLossPrice":4}"#,
            "trade: ? ? stop_market linear stop4 reduces closes"),
        .init(
            "POST futures /api/v1/private/position/close_all", "{}", "trade: ? ? market linear reduces closes"
        ),
        .init(
            "POST futures /api/v1/private/order/change_limit_order", #"{"orderId":1,"price":6,"vol":3}"#,
            "trade: ? ? limit linear 3c @6 replaces"),
    ]

    private static let others: [MeaningCase] = [
        .init(spot, "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=9", "admin! body"),
        .init(spot, "?symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=9&x=1", "trade! query x"),
        .init(
            spot, "?symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=9&quantity=1",
            "trade! query quoteOrderQty"),
        .init(future, contract(5, 1), "trade! body side"),
        .init(future, contract(1, 7), "trade! body type"),
        .init(future, contract(1, 5, #","marketCeiling":true"#), "trade! body marketCeiling"),
        .init(future, contract(4, 5, #","flashClose":true"#), "trade! body flashClose"),
        .init(future, contract(4, 5, #","positionMode":3"#), "trade! body positionMode"),
        .init(future, contract(1, 1, #","x":1"#), "trade! body x"),
        .init(
            "POST futures /api/v1/private/stoporder/place",
            #"{"positionId":1,"stopLossPrice":4,"stopLossReverse":1}"#,
            "trade! body stopLossReverse"),
        .init("DELETE spot /api/v3/openOrders", "symbol=BTCUSDT", "cancel"),
        .init("POST futures /api/v1/private/order/cancel", "[1,2]", "cancel"),
        .init("GET futures /api/v1/private/position/open_positions", "", "read"),
        .init("GET spot /api/v1/private/position/open_positions", "", "admin"),
        .init("POST spot /api/v3/userDataStream", "", "stream"),
        .init("POST futures /api/v1/private/position/reverse", "{}", "admin"),
        .init("POST futures /api/v1/private/position/change_leverage", "{}", "admin"),
        .init("POST spot /api/v3/capital/transfer", "?asset=BTC", "transfer"),
        .init("POST spot /api/v3/capital/transfer/internal", "?asset=BTC", "withdraw"),
        .init(
            "POST spot /api/v3/capital/withdraw", "?coin=XRP&netWork=XRP&address=rX&memo=7&amount=5",
            "withdraw: XRP XRP rX 7 5"),
    ]

    @Test(arguments: orders + others)
    func `a request means`(_ example: MeaningCase) {
        #expect(ExchangeName.mexc.classifier.meaning(example.line, example.text) == example.words)
    }
}
