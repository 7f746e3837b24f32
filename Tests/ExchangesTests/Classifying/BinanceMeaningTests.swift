import Testing

@testable import Exchanges

@Suite struct BinanceMeaningTests {
    private static let limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=50000"

    private static let spot: [MeaningCase] = [
        .init("GET spot /api/v3/account", "", "read"),
        .init("GET spot /api/v3/openOrders", "symbol=BTCUSDT", "read"),
        .init("GET spot /sapi/v1/capital/withdraw/history", "", "read"),
        .init("POST spot /sapi/v3/asset/getUserAsset", "", "read"),
        .init("GET spot /api/v3/ticker/price", "", "admin"),
        .init("POST spot /api/v3/order", limit, "trade: BTCUSDT buy limit spot 0.1 @50000 gtc"),
        .init("POST spot /api/v3/order", "?" + limit, "trade: BTCUSDT buy limit spot 0.1 @50000 gtc"),
        .init("POST spot /api/v3/order/test", limit, "trade: BTCUSDT buy limit spot 0.1 @50000 gtc"),
        .init(
            "POST spot /api/v3/order", limit + "&timestamp=1&recvWindow=5&signature=x",
            "trade: BTCUSDT buy limit spot 0.1 @50000 gtc"),
        .init(
            "POST spot /api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=500",
            "trade: BTCUSDT buy market spot 500q"),
        .init(
            "POST spot /api/v3/order",
            "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.5&newClientOrderId=a1",
            "trade: BTCUSDT sell market spot 0.5 #a1"),
        .init(
            "POST spot /api/v3/order",
            "symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=1&price=40&stopPrice=41",
            "trade: BTCUSDT sell stop_limit spot 1 @40 stop41 gtc"),
        .init(
            "POST spot /api/v3/order", "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=1&trailingDelta=100",
            "trade: BTCUSDT sell trailing spot 1"),
        .init(
            "POST spot /api/v3/order", "symbol=BTCUSDT&side=SELL&type=LIMIT_MAKER&quantity=1&price=40",
            "trade: BTCUSDT sell limit_maker spot 1 @40 post_only"),
        .init(
            "POST spot /api/v3/order",
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&pegPriceType=PRIMARY_PEG",
            "trade: BTCUSDT buy other spot 1 gtc"),
        .init(
            "POST spot /api/v3/order/cancelReplace",
            limit + "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=7",
            "trade: BTCUSDT buy limit spot 0.1 @50000 gtc replaces"),
        .init(
            "POST spot /api/v3/order/cancelReplace",
            limit + "&cancelReplaceMode=ALLOW_FAILURE&cancelOrderId=7",
            "trade: BTCUSDT buy limit spot 0.1 @50000 gtc"),
        .init(
            "PUT spot /api/v3/order/amend/keepPriority", "symbol=BTCUSDT&orderId=1&newQty=0.05",
            "trade: BTCUSDT ? limit spot 0.05 replaces"),
        .init("POST spot /api/v3/sor/order", limit, "trade: BTCUSDT buy limit spot 0.1 @50000 gtc"),
        .init("DELETE spot /api/v3/order", "symbol=BTCUSDT&orderId=1", "cancel"),
        .init("DELETE spot /api/v3/openOrders", "symbol=BTCUSDT", "cancel"),
        .init("POST spot /api/v3/userDataStream", "", "stream"),
        .init("PUT spot /sapi/v1/userDataStream/isolated", "symbol=BTCUSDT&listenKey=x", "stream"),
    ]

    private static let wrong: [MeaningCase] = [
        .init("POST spot /api/v3/order", limit + "&surprise=1", "trade! body surprise"),
        .init("POST spot /api/v3/order", "?" + limit + "&surprise=1", "trade! query surprise"),
        .init("POST spot /api/v3/order", limit + "&price=1", "admin! body price"),
        .init("POST spot /api/v3/order", limit + "&quoteOrderQty=5", "trade! body quoteOrderQty"),
        .init("POST spot /api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET", "trade! body quantity"),
        .init(
            "POST spot /api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0",
            "trade! body quantity"),
        .init(
            "POST spot /api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=-1",
            "trade! body quantity"),
        .init(
            "POST spot /api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1e3",
            "trade! body quantity"),
        .init(
            "POST spot /api/v3/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1", "trade! body price"),
        .init(
            "POST spot /api/v3/order", "symbol=BTCUSDT&side=buy&type=MARKET&quantity=1", "trade! body side"),
        .init("POST spot /api/v3/order", "symbol=BTCUSDT&side=BUY&type=SOON&quantity=1", "trade! body type"),
        .init("POST spot /api/v3/order", "side=BUY&type=MARKET&quantity=1", "trade! body symbol"),
        .init("POST spot /api/v3/order", "symbol=A,B&side=BUY&type=MARKET&quantity=1", "trade! body symbol"),
        .init("POST spot /api/v3/order", "symbol=BTC+USDT", "admin! body"),
        .init("POST spot /api/v3/order", #"{"symbol":"BTCUSDT"}"#, "admin! body"),
        .init("GET spot /api/v3/account", "?_method=DELETE", "admin! query _method"),
        .init("GET spot /api/v3/account", "apiKey=x", "admin! query apiKey"),
        .init("get spot /api/v3/account", "", "admin! method"),
        .init("GET papi /papi/v1/account", "", "admin! host"),
        .init("GET usdm /api/v3/account", "", "admin"),
    ]

    private static let margin: [MeaningCase] = [
        .init("GET spot /sapi/v1/margin/account", "", "read"),
        .init(
            "POST spot /sapi/v1/margin/order", limit + "&isIsolated=TRUE&sideEffectType=NO_SIDE_EFFECT",
            "trade: BTCUSDT buy limit margin 0.1 @50000 gtc isolated"),
        .init(
            "POST spot /sapi/v1/margin/order", limit + "&sideEffectType=AUTO_REPAY",
            "trade: BTCUSDT buy limit margin 0.1 @50000 gtc cross"),
        .init(
            "POST spot /sapi/v1/margin/order", limit + "&sideEffectType=MARGIN_BUY",
            "trade! body sideEffectType"),
        .init(
            "POST spot /sapi/v1/margin/order", limit + "&sideEffectType=AUTO_BORROW_REPAY",
            "trade! body sideEffectType"),
        .init("DELETE spot /sapi/v1/margin/openOrders", "symbol=BTCUSDT", "cancel"),
        .init("POST spot /sapi/v1/margin/borrow-repay", "asset=BTC&amount=1&type=BORROW", "admin"),
    ]

    private static let lists: [MeaningCase] = [
        .init(
            "POST spot /api/v3/order/oco",
            """
            symbol=BTCUSDT&side=SELL&quantity=1&price=60&stopPrice=40&stopLimitPrice=39\
            &stopLimitTimeInForce=GTC
            """,
            """
            trade: BTCUSDT sell limit_maker spot 1 @60 post_only alt1; \
            BTCUSDT sell stop_limit spot 1 @39 stop40 gtc alt1
            """),
        .init(
            "POST spot /api/v3/orderList/oco",
            """
            symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&abovePrice=60&belowType=STOP_LOSS\
            &belowStopPrice=40
            """,
            """
            trade: BTCUSDT sell limit_maker spot 1 @60 post_only alt1; \
            BTCUSDT sell stop_market spot 1 stop40 alt1
            """),
        .init(
            "POST spot /api/v3/orderList/otoco",
            """
            symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=50&workingQuantity=1\
            &workingTimeInForce=GTC&pendingSide=SELL&pendingQuantity=1&pendingAboveType=LIMIT_MAKER\
            &pendingAbovePrice=60&pendingBelowType=STOP_LOSS&pendingBelowStopPrice=40
            """,
            """
            trade: BTCUSDT buy limit spot 1 @50 gtc; BTCUSDT sell limit_maker spot 1 @60 post_only alt1; \
            BTCUSDT sell stop_market spot 1 stop40 alt1
            """),
        .init(
            "POST spot /api/v3/orderList/oto",
            """
            symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=50&workingQuantity=1\
            &workingTimeInForce=GTC&pendingSide=SELL&pendingQuantity=2&pendingType=MARKET
            """, "trade: BTCUSDT buy limit spot 1 @50 gtc; BTCUSDT sell market spot 2"),
        .init("DELETE spot /api/v3/orderList", "symbol=BTCUSDT&orderListId=1", "cancel"),
    ]

    private static let futures: [MeaningCase] = [
        .init("GET usdm /fapi/v3/positionRisk", "", "read"),
        .init("GET coinm /dapi/v1/positionRisk", "", "read"),
        .init("POST usdm /fapi/v1/order", limit, "trade: BTCUSDT buy limit linear 0.1 @50000 gtc"),
        .init(
            "POST usdm /fapi/v1/order", limit.replacing("GTC", "GTX"),
            "trade: BTCUSDT buy limit_maker linear 0.1 @50000 post_only"),
        .init(
            "POST coinm /dapi/v1/order", "symbol=BTCUSD_PERP&side=SELL&type=MARKET&quantity=3",
            "trade: BTCUSD_PERP sell market inverse 3c"),
        .init(
            "POST usdm /fapi/v1/order", "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&reduceOnly=true",
            "trade: BTCUSDT sell market linear 1 reduces"),
        .init(
            "POST usdm /fapi/v1/order", "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&positionSide=LONG",
            "trade: BTCUSDT sell market linear 1 reduces of-long"),
        .init(
            "POST usdm /fapi/v1/order", "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&positionSide=SHORT",
            "trade: BTCUSDT sell market linear 1 of-short"),
        .init(
            "POST usdm /fapi/v1/order",
            "symbol=BTCUSDT&side=SELL&type=STOP_MARKET&stopPrice=40&closePosition=true",
            "trade: BTCUSDT sell stop_market linear stop40 closes"),
        .init(
            "POST usdm /fapi/v1/order", limit + "&closePosition=true", "trade! body closePosition"),
        .init(
            "POST usdm /fapi/v1/order",
            "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&timeInForce=GTC&priceMatch=QUEUE",
            "trade: BTCUSDT buy other linear 1 gtc"),
        .init(
            "POST usdm /fapi/v1/algoOrder",
            "algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type=STOP_MARKET&triggerPrice=40&quantity=1",
            "trade: BTCUSDT sell stop_market linear 1 stop40"),
        .init(
            "POST usdm /fapi/v1/batchOrders",
            "batchOrders=%5B%7B%22symbol%22%3A%22BTCUSDT%22%2C%22side%22%3A%22BUY%22%2C%22type%22%3A%22"
                + "MARKET%22%2C%22quantity%22%3A%221%22%7D%5D", "trade: BTCUSDT buy market linear 1"),
        .init(
            "POST usdm /fapi/v1/batchOrders",
            #"batchOrders=[{"symbol":"A","side":"BUY","type":"MARKET","quantity":"1"},{"symbol":"B","#
                + #""side":"SELL","type":"MARKET","quantity":"2","reduceOnly":"true"}]"#,
            "trade: A buy market linear 1; B sell market linear 2 reduces"),
        .init(
            "POST usdm /fapi/v1/batchOrders",
            #"batchOrders=[{"symbol":"A","side":"BUY","type":"MARKET","quantity":"1","more":1}]"#,
            "trade! body batchOrders[0].more"),
        .init(
            "POST usdm /fapi/v1/batchOrders",
            #"batchOrders=[{"symbol":"A","side":"BUY","type":"MARKET","quantity":1e3}]"#,
            "trade! body batchOrders"),
        .init("POST usdm /fapi/v1/batchOrders", "batchOrders=[]", "trade! body batchOrders"),
        .init(
            "PUT usdm /fapi/v1/order", "symbol=BTCUSDT&orderId=1&side=BUY&quantity=2&price=51",
            "trade: BTCUSDT buy limit linear 2 @51 replaces"),
        .init("DELETE usdm /fapi/v1/allOpenOrders", "symbol=BTCUSDT", "cancel"),
        .init("POST usdm /fapi/v1/countdownCancelAll", "symbol=BTCUSDT&countdownTime=1000", "cancel"),
        .init("POST usdm /fapi/v1/listenKey", "", "stream"),
        .init("POST usdm /fapi/v1/leverage", "symbol=BTCUSDT&leverage=125", "admin"),
        .init("POST usdm /fapi/v1/marginType", "symbol=BTCUSDT&marginType=CROSSED", "admin"),
        .init(
            "POST options /eapi/v1/order",
            "symbol=BTC-260327-60000-C&side=BUY&type=LIMIT&quantity=2&price=100&timeInForce=GTC",
            "trade: BTC-260327-60000-C buy limit option 2c @100 gtc"),
        .init(
            "POST options /eapi/v1/order",
            "symbol=BTC-260327-60000-C&side=BUY&type=LIMIT&quantity=2&price=1&timeInForce=IOC&postOnly=true",
            "trade! body postOnly"),
        .init(
            "POST spot /sapi/v1/algo/futures/newOrderTwap",
            "symbol=BTCUSDT&side=BUY&quantity=1&duration=3600&limitPrice=50",
            "trade: BTCUSDT buy other linear 1 @50"),
        .init("DELETE spot /sapi/v1/algo/futures/order", "algoId=1", "cancel"),
    ]

    private static let money: [MeaningCase] = [
        .init(
            "POST spot /sapi/v1/capital/withdraw/apply",
            "coin=XRP&network=XRP&address=rX&addressTag=7&amount=5",
            "withdraw: XRP XRP rX 7 5"),
        .init(
            "POST spot /sapi/v1/capital/withdraw/apply", "coin=XRP&address=rX&amount=5&x=1",
            "withdraw! body x"),
        .init("POST spot /sapi/v1/asset/transfer", "type=MAIN_UMFUTURE&asset=BTC&amount=1", "transfer"),
        .init("POST spot /sapi/v1/giftcard/createCode", "token=BTC&amount=1", "withdraw"),
        .init("POST spot /sapi/v1/sub-account/universalTransfer", "asset=BTC", "transfer"),
        .init("POST spot /sapi/v1/convert/getQuote", "fromAsset=BTC&toAsset=USDT", "admin"),
        .init("GET spot /sapi/v1/sub-account/list", "", "admin"),
    ]

    @Test(arguments: spot + wrong + margin + lists + futures + money)
    func `a request means`(_ example: MeaningCase) {
        #expect(ExchangeName.binance.classifier.meaning(example.line, example.text) == example.words)
    }
}

extension String {
    func replacing(_ old: String, _ new: String) -> String {
        split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
    }
}
