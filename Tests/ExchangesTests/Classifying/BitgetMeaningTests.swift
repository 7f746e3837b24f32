import Testing

@testable import Exchanges

@Suite struct BitgetMeaningTests {
    private static let spot = "POST main /api/v2/spot/trade/place-order"
    private static let mix = "POST main /api/v2/mix/order/place-order"
    private static let unified = "POST main /api/v3/trade/place-order"

    private static func cash(_ side: String, _ more: String) -> String {
        #"{"symbol":"BTCUSDT","side":"\#(side)","size":"2",\#(more)}"#
    }

    private static func future(_ more: String, _ product: String = "USDT-FUTURES") -> String {
        #"{"symbol":"BTCUSDT","productType":"\#(product)","marginMode":"isolated","marginCoin":"USDT","#
            + #""size":"2","#
            + #""side":"sell","orderType":"market"\#(more)}"#
    }

    private static let orders: [MeaningCase] = [
        .init(
            spot, cash("buy", #""orderType":"limit","price":"5","force":"gtc""#),
            "trade: BTCUSDT buy limit spot 2 @5 gtc"),
        .init(spot, cash("buy", #""orderType":"market""#), "trade: BTCUSDT buy market spot 2q"),
        .init(spot, cash("sell", #""orderType":"market""#), "trade: BTCUSDT sell market spot 2"),
        .init(
            spot, cash("sell", #""orderType":"market","tpslType":"tpsl","triggerPrice":"4""#),
            "trade: BTCUSDT sell stop_market spot 2 stop4"),
        .init(
            spot,
            cash("buy", #""orderType":"limit","price":"5","force":"post_only","presetStopLossPrice":"4""#),
            "trade: BTCUSDT buy limit_maker spot 2 @5 post_only; "
                + "BTCUSDT sell stop_market spot 2 stop4 alt1"),
        .init(
            "POST main /api/v2/spot/trade/batch-orders",
            #"{"symbol":"BTCUSDT","orderList":[{"side":"buy","orderType":"market","size":"9","#
                + #""force":"gtc"}]}"#,
            "trade: BTCUSDT buy market spot 9q gtc"),
        .init(
            "POST main /api/v2/spot/trade/cancel-replace-order",
            #"{"symbol":"BTCUSDT","price":"6","size":"3","orderId":"1"}"#,
            "trade: BTCUSDT ? limit spot 3 @6 replaces"),
        .init(
            "POST main /api/v2/spot/trade/place-plan-order",
            cash(
                "buy",
                #""triggerPrice":"5","orderType":"market","planType":"total","triggerType":"fill_price""#),
            "trade: BTCUSDT buy stop_market spot 2q stop5"),
        .init(
            "POST main /api/v2/margin/crossed/place-order",
            #"{"symbol":"BTCUSDT","side":"buy","orderType":"market","quoteSize":"9","loanType":"normal"}"#,
            "trade: BTCUSDT buy market margin 9q cross"),
        .init(mix, future(""), "trade: BTCUSDT sell market linear 2 isolated"),
        .init(mix, future("", "COIN-FUTURES"), "trade: BTCUSDT sell market inverse 2 isolated"),
        .init(mix, future(#","reduceOnly":"YES""#), "trade: BTCUSDT sell market linear 2 reduces isolated"),
        .init(mix, future(#","tradeSide":"close""#), "trade: BTCUSDT ? market linear 2 isolated"),
        .init(
            mix, future(#","tradeSide":"close","reduceOnly":"YES""#),
            "trade: BTCUSDT ? market linear 2 reduces isolated"),
        .init(
            mix, future(#","tradeSide":"open","reduceOnly":"YES""#),
            "trade: BTCUSDT sell market linear 2 isolated"),
        .init(
            mix, future(#","presetStopSurplusPrice":"9","presetStopLossPrice":"4""#),
            "trade: BTCUSDT sell market linear 2 isolated; "
                + "BTCUSDT buy take_profit_market linear 2 stop9 isolated alt1; "
                + "BTCUSDT buy stop_market linear 2 stop4 isolated alt1"),
        .init(
            "POST main /api/v2/mix/order/place-plan-order",
            future(#","planType":"normal_plan","triggerPrice":"4""#),
            "trade: BTCUSDT sell stop_market linear 2 stop4 isolated"),
        .init(
            "POST main /api/v2/mix/order/place-tpsl-order",
            #"{"symbol":"BTCUSDT","productType":"usdt-futures","planType":"loss_plan","triggerPrice":"4","#
                + #""holdSide":"long","size":"1"}"#,
            "trade: BTCUSDT ? stop_market linear stop4 reduces closes of-long"),
        .init(
            "POST main /api/v2/mix/order/close-positions", #"{"productType":"USDT-FUTURES"}"#,
            "trade: ? ? market linear reduces closes"),
        .init(
            unified, #"{"category":"SPOT","symbol":"BTCUSDT","qty":"9","side":"buy","orderType":"market"}"#,
            "trade: BTCUSDT buy market spot 9q"),
        .init(
            unified,
            #"{"category":"USDT-FUTURES","symbol":"BTCUSDT","qty":"9","side":"sell","orderType":"market","#
                + #""reduceOnly":"yes"}"#,
            "trade: BTCUSDT sell market linear 9 reduces"),
        .init(
            unified,
            #"{"category":"USDT-FUTURES","symbol":"B","qty":"9","side":"sell","orderType":"market","#
                + #""posSide":"short","#
                + #""reduceOnly":"yes"}"#, "trade: B sell market linear 9 of-short"),
    ]

    private static func plan(_ more: String) -> String {
        #"{"symbol":"BTCUSDT","productType":"usdt-futures","triggerPrice":"4","size":"9","#
            + #""holdSide":"long"\#(more)}"#
    }

    private static let plans: [MeaningCase] =
        ["profit_plan", "loss_plan", "moving_plan", "pos_profit", "pos_loss"].map { type in
            .init(
                "POST main /api/v2/mix/order/place-tpsl-order", plan(#","planType":"\#(type)""#),
                "trade: BTCUSDT ? stop_market linear stop4 reduces closes of-long")
        } + [
            // An order like any, whatever the route is called.
            .init(
                "POST main /api/v2/mix/order/place-tpsl-order", plan(#","planType":"normal_plan""#),
                "trade! body planType"),
            .init(
                "POST main /api/v2/mix/order/modify-tpsl-order", plan(#","planType":"normal_plan""#),
                "trade! body planType"),
            .init(
                "POST main /api/v2/mix/order/place-tpsl-order", plan(#","planType":"track_plan""#),
                "trade! body planType"),
            // It finds a profit or a stop by its id, and needs no type.
            .init(
                "POST main /api/v2/mix/order/modify-tpsl-order", plan(#","orderId":"1""#),
                "trade: BTCUSDT ? stop_market linear stop4 reduces closes of-long"),
        ]

    private static let others: [MeaningCase] = [
        .init(spot, cash("buy", #""orderType":"market","x":1"#), "trade! body x"),
        .init(spot, cash("sell", #""orderType":"market","triggerPrice":"4""#), "trade! body tpslType"),
        .init(mix, future("", "MY-FUTURES"), "trade! body productType"),
        .init(mix, future(#","reduceOnly":"PERHAPS""#), "trade! body reduceOnly"),
        .init(mix, future(#","reduceOnly":true"#), "trade! body reduceOnly"),
        .init(mix, future(#","reduceOnly":false"#), "trade! body reduceOnly"),
        .init(
            "POST main /api/v3/trade/modify-order",
            #"{"orderId":"1","symbol":"BTCUSDT","category":"USDT-FUTURES","qty":"2","price":"5"}"#,
            "trade: ? ? limit linear 2 @5 replaces"),
        .init("POST main /api/v3/p2p/order-release", "{}", "withdraw"),
        .init(
            "POST main /api/v2/spot/wallet/withdrawal",
            #"{"coin":"XRP","transferType":"internal_transfer","address":"77","size":"5"}"#,
            "withdraw! body transferType"),
        .init(
            "POST main /api/v2/spot/wallet/withdrawal",
            #"{"coin":"XRP","transferType":"on_chain","address":"7","size":"5","innerToType":"uid"}"#,
            "withdraw! body innerToType"),
        .init(
            "POST main /api/v2/margin/crossed/place-order",
            #"{"symbol":"BTCUSDT","side":"buy","orderType":"market","quoteSize":"9","loanType":"autoLoan"}"#,
            "trade! body loanType"),
        .init(
            "POST main /api/v2/mix/order/batch-place-order",
            #"{"symbol":"A","productType":"USDT-FUTURES","marginMode":"crossed","marginCoin":"USDT","#
                + #""orderList":[{"#
                + #""symbol":"B","size":"1","side":"buy","orderType":"market"}]}"#,
            "trade! body orderList[0].symbol"),
        .init("POST main /api/v2/mix/order/click-backhand", "{}", "admin"),
        .init("POST main /api/v2/mix/order/cancel-all-orders", "{}", "cancel"),
        .init("GET main /api/v2/mix/position/all-position", "productType=USDT-FUTURES", "read"),
        .init("GET main /api/v2/spot/account/subaccount-assets", "", "admin"),
        .init("GET main /user/verify", "", "stream+orders"),
        .init("POST main /api/v2/mix/account/set-leverage", "{}", "admin"),
        .init("POST main /api/v2/spot/wallet/transfer", "{}", "transfer"),
        .init(
            "POST main /api/v2/spot/wallet/withdrawal",
            #"{"coin":"XRP","transferType":"on_chain","address":"rX","tag":"7","size":"5","chain":"XRP"}"#,
            "withdraw: XRP XRP rX 7 5"),
    ]

    @Test(arguments: orders + plans + others)
    func `a request means`(_ example: MeaningCase) {
        #expect(ExchangeName.bitget.classifier.meaning(example.line, example.text) == example.words)
    }
}
