import Kernel
import Testing

@testable import Exchanges

/// Profit and stop that wait beside an order: each is an order of its own, wherever an exchange takes them.
@Suite struct AttachedOrderTests {
    private struct Case: Sendable {
        let exchange: ExchangeName
        let request: MeaningCase

        init(_ exchange: ExchangeName, _ line: String, _ text: String, _ words: String) {
            (self.exchange, request) = (exchange, MeaningCase(line, text, words))
        }
    }

    // MARK: OKX

    private static let okx = "POST main /api/v5/trade/"

    private static func okxOrder(
        _ side: String, _ type: String, _ more: String, _ symbol: String = "BTC-USDT", _ mode: String = "cash"
    ) -> String {
        #"{"instId":"\#(symbol)","tdMode":"\#(mode)","side":"\#(side)","ordType":"\#(type)","#
            + #""sz":"2",\#(more)}"#
    }

    private static func attached(_ rows: String) -> String { #""attachAlgoOrds":[\#(rows)]"# }

    private static let okxPlaced: [Case] = [
        Case(
            .okx, okx + "order",
            okxOrder(
                "sell", "limit",
                #""px":"50","# + attached(#"{"slTriggerPx":"70","slOrdPx":"1000","sz":"5"}"#)),
            "trade: BTC-USDT sell limit spot 2 @50 gtc cash; "
                + "BTC-USDT buy stop_limit spot 5 @1000 stop70 cash alt1"),
        // The smaller size is documented of parted profits only.
        Case(
            .okx, okx + "order",
            okxOrder(
                "buy", "limit",
                #""px":"5","#
                    + attached(#"{"tpTriggerPx":"6","tpOrdPx":"-1","sz":"1"},{"tpTriggerPx":"7","sz":"1"}"#)),
            "trade: BTC-USDT buy limit spot 2 @5 gtc cash; "
                + "BTC-USDT sell take_profit_market spot 2 stop6 cash alt1; "
                + "BTC-USDT sell take_profit_market spot 2 stop7 cash alt2"),
        Case(
            .okx, okx + "order",
            okxOrder(
                "sell", "market",
                #""reduceOnly":true,"# + attached(#"{"slTriggerPx":"70","slOrdPx":"-1"}"#), "BTC-USDT-SWAP",
                "cross"),
            "trade: BTC-USDT-SWAP sell market linear 2c reduces-by-mark cross; "
                + "BTC-USDT-SWAP buy stop_market linear 2c stop70 cross alt1"),
        Case(
            .okx, okx + "order",
            okxOrder("buy", "limit", #""px":"5","tpTriggerPx":"6","tpOrdPx":"6.1","slTriggerPx":"4""#),
            "trade: BTC-USDT buy limit spot 2 @5 gtc cash; "
                + "BTC-USDT sell take_profit_limit spot 2 @6.1 stop6 cash alt1; "
                + "BTC-USDT sell stop_market spot 2 stop4 cash alt1"),
        // How much an amount of quote buys is known when it is filled.
        Case(
            .okx, okx + "order", okxOrder("buy", "market", attached(#"{"slTriggerPx":"4","sz":"1"}"#)),
            "trade: BTC-USDT buy market spot 2q cash; BTC-USDT sell stop_market spot stop4 cash alt1"),
        Case(
            .okx, okx + "order", okxOrder("sell", "market", attached(#"{"callbackRatio":"0.01"}"#)),
            "trade: BTC-USDT sell market spot 2 cash; BTC-USDT buy trailing spot 2 cash alt1"),
        Case(
            .okx, okx + "order", okxOrder("sell", "market", attached(#"{"slTriggerRatio":"0.1"}"#)),
            "trade! body attachAlgoOrds[0].slTriggerRatio"),
        Case(
            .okx, okx + "batch-orders",
            "["
                + [1, 2].map { _ in okxOrder("sell", "market", attached(#"{"slTriggerPx":"7"}"#)) }.joined(
                    separator: ",") + "]",
            "trade: BTC-USDT sell market spot 2 cash; BTC-USDT buy stop_market spot 2 stop7 cash alt1; "
                + "BTC-USDT sell market spot 2 cash; BTC-USDT buy stop_market spot 2 stop7 cash alt2"),
    ]

    private static let okxOthers: [Case] = [
        Case(
            .okx, okx + "amend-order",
            #"{"instId":"BTC-USDT","ordId":"1","newSz":"3","#
                + attached(#"{"attachAlgoId":"1","newSlTriggerPx":"40","newSlOrdPx":"1000"}"#) + "}",
            "trade: BTC-USDT ? limit spot 3 replaces; "
                + "BTC-USDT ? stop_limit spot 3 @1000 stop40 replaces alt1"),
        Case(
            .okx, okx + "amend-order",
            #"{"instId":"BTC-USDT","ordId":"1","newSz":"3","#
                + attached(#"{"attachAlgoId":"1","newSlTriggerPx":"0","newSlOrdPx":"0"}"#) + "}",
            "trade: BTC-USDT ? limit spot 3 replaces"),
        Case(
            .okx, okx + "order-algo",
            okxOrder("sell", "trigger", #""triggerPx":"40","# + attached(#"{"slTriggerPx":"70"}"#)),
            "trade: BTC-USDT sell stop_market spot 2 stop40 cash; "
                + "BTC-USDT buy stop_market spot 2 stop70 cash alt1"),
        Case(
            .okx, okx + "order-algo", okxOrder("sell", "twap", #""slTriggerPx":"70""#),
            "trade! body slTriggerPx"),
        Case(
            .okx, okx + "order-algo",
            okxOrder("sell", "conditional", #""slTriggerPx":"40","# + attached(#"{"slTriggerPx":"70"}"#)),
            "trade! body attachAlgoOrds"),
        Case(
            .okx, okx + "amend-algos",
            #"{"instId":"BTC-USDT","algoId":"1","newSz":"3","newOrdPx":"1000","newTriggerPx":"70"}"#,
            "trade: BTC-USDT ? other spot 3dearer @1000 stop70 replaces"),
        Case(
            .okx, okx + "amend-algos",
            #"{"instId":"BTC-USDT","algoId":"1","newSlTriggerPx":"8","newSlOrdPx":"9"}"#,
            "trade: BTC-USDT ? other spot replaces; BTC-USDT ? stop_limit spot @9 stop8 replaces alt1"),
    ]

    // MARK: Bitget

    private static let bitget = "POST main /api/v2/"

    private static func sale(_ more: String) -> String {
        #"{"symbol":"BTCUSDT","side":"sell","orderType":"limit","size":"2","price":"50",\#(more)}"#
    }

    private static let stop = #""presetStopLossPrice":"70","executeStopLossPrice":"1000""#

    private static let bitgetCash: [Case] = [
        Case(
            .bitget, bitget + "spot/trade/place-order", sale(stop),
            "trade: BTCUSDT sell limit spot 2 @50; BTCUSDT buy stop_limit spot 2 @1000 stop70 alt1"),
        Case(
            .bitget, bitget + "spot/trade/batch-orders",
            #"{"orderList":[\#(sale(stop)),\#(sale(#""presetTakeProfitPrice":"40""#))]}"#,
            "trade: BTCUSDT sell limit spot 2 @50; BTCUSDT buy stop_limit spot 2 @1000 stop70 alt1; "
                + "BTCUSDT sell limit spot 2 @50; BTCUSDT buy take_profit_market spot 2 stop40 alt2"),
        Case(
            .bitget, bitget + "spot/trade/place-order",
            #"{"symbol":"BTCUSDT","side":"buy","orderType":"market","size":"9","presetStopLossPrice":"4"}"#,
            "trade: BTCUSDT buy market spot 9q; BTCUSDT sell stop_market spot stop4 alt1"),
        Case(
            .bitget, bitget + "spot/trade/cancel-replace-order",
            #"{"symbol":"BTCUSDT","price":"6","size":"3","orderId":"1",\#(stop)}"#,
            "trade: BTCUSDT ? limit spot 3 @6 replaces; "
                + "BTCUSDT ? stop_limit spot 3 @1000 stop70 replaces alt1"),
        Case(
            .bitget, "POST main /api/v3/trade/place-order",
            #"{"category":"SPOT","symbol":"BTCUSDT","qty":"2","side":"sell","orderType":"market","#
                + #""stopLoss":"70","slOrderType":"limit","slLimitPrice":"1000"}"#,
            "trade: BTCUSDT sell market spot 2; BTCUSDT buy stop_limit spot 2 @1000 stop70 alt1"),
        Case(
            .bitget, "POST main /api/v3/trade/place-order",
            #"{"category":"SPOT","symbol":"BTCUSDT","qty":"2","side":"sell","orderType":"market","#
                + #""stopLoss":"70","slOrderType":"market","slLimitPrice":"1000"}"#,
            "trade! body slLimitPrice"),
    ]

    private static func future(_ more: String) -> String {
        #"{"symbol":"BTCUSDT","productType":"USDT-FUTURES","marginMode":"isolated","marginCoin":"USDT","#
            + #""size":"2","side":"buy","orderType":"market",\#(more)}"#
    }

    private static let bitgetFutures: [Case] = [
        Case(
            .bitget, bitget + "mix/order/place-order",
            future(#""presetStopLossPrice":"4","presetStopLossExecutePrice":"3""#),
            "trade: BTCUSDT buy market linear 2 isolated; "
                + "BTCUSDT sell stop_limit linear 2 @3 stop4 isolated alt1"),
        Case(
            .bitget, bitget + "mix/order/place-plan-order",
            future(
                #""planType":"normal_plan","triggerPrice":"5","stopSurplusTriggerPrice":"9","#
                    + #""stopSurplusExecutePrice":"10""#),
            "trade: BTCUSDT buy stop_market linear 2 stop5 isolated; "
                + "BTCUSDT sell take_profit_limit linear 2 @10 stop9 isolated alt1"),
        Case(
            .bitget, bitget + "mix/order/modify-order",
            #"{"orderId":"1","symbol":"BTCUSDT","productType":"USDT-FUTURES","newPresetStopLossPrice":"4"}"#,
            "trade: BTCUSDT ? limit linear replaces; BTCUSDT ? stop_market linear stop4 replaces alt1"),
    ]

    // MARK: The others

    private static func bybit(_ category: String, _ more: String) -> String {
        #"{"category":"\#(category)","symbol":"BTCUSDT","side":"Sell","orderType":"Market","#
            + #""qty":"2",\#(more)}"#
    }

    private static let limited = #""stopLoss":"70","slOrderType":"Limit","slLimitPrice":"1000""#

    private static let bybitOrders: [Case] = [
        Case(
            .bybit, "POST main /v5/order/create", bybit("spot", limited),
            "trade: BTCUSDT sell market spot 2; BTCUSDT buy stop_limit spot 2 @1000 stop70 alt1"),
        Case(
            .bybit, "POST main /v5/order/create", bybit("spot", #""isLeverage":1,"takeProfit":"40""#),
            "trade: BTCUSDT sell market margin 2; BTCUSDT buy take_profit_market margin 2 stop40 alt1"),
        Case(
            .bybit, "POST main /v5/order/create", bybit("linear", #""positionIdx":2,\#(limited)"#),
            "trade: BTCUSDT sell market linear 2 of-short; "
                + "BTCUSDT buy stop_limit linear 2 @1000 stop70 reduces of-short alt1"),
        Case(.bybit, "POST main /v5/order/create", bybit("option", limited), "trade! body takeProfit"),
        Case(
            .bybit, "POST main /v5/order/create", bybit("spot", #""stopLoss":"70","slLimitPrice":"1000""#),
            "trade! body slLimitPrice"),
        Case(
            .bybit, "POST main /v5/order/create", bybit("spot", #""stopLoss":"70","slOrderType":"Limit""#),
            "trade! body slLimitPrice"),
        Case(
            .bybit, "POST main /v5/order/create", bybit("spot", #""stopLoss":"70","slOrderType":"market""#),
            "trade! body slOrderType"),
        Case(
            .bybit, "POST main /v5/order/amend",
            #"{"category":"spot","symbol":"BTCUSDT","orderId":"1","stopLoss":"70","slLimitPrice":"1000"}"#,
            "trade: BTCUSDT ? limit spot replaces; BTCUSDT ? stop_limit spot @1000 stop70 replaces alt1"),
    ]

    private static func kucoin(_ side: String) -> String {
        #"{"clientOid":"a","side":"\#(side)","symbol":"XBTUSDTM","type":"market","size":2,"#
            + #""triggerStopUpPrice":"60","triggerStopDownPrice":"40","stopPriceType":"MP"}"#
    }

    private static let bracket =
        #""attached_order_configuration":{"trigger_bracket_gtc":{"limit_price":"60","#
        + #""stop_trigger_price":"40","base_size":"3"}}"#

    private static let others: [Case] = [
        Case(
            .kucoin, "POST futures /api/v1/st-orders", kucoin("buy"),
            "trade: XBTUSDTM buy market linear 2c #a; "
                + "XBTUSDTM sell take_profit_market linear 2c stop60 alt1; "
                + "XBTUSDTM sell stop_market linear 2c stop40 alt1"),
        Case(
            .kucoin, "POST futures /api/v1/st-orders", kucoin("sell"),
            "trade: XBTUSDTM sell market linear 2c #a; XBTUSDTM buy stop_market linear 2c stop60 alt1; "
                + "XBTUSDTM buy take_profit_market linear 2c stop40 alt1"),
        Case(
            .kucoin, "POST spot /api/ua/v1/unified/order/place",
            #"{"tradeType":"SPOT","symbol":"BTC-USDT","side":"SELL","orderType":"LIMIT","size":"2","#
                + #""price":"50","slTriggerPrice":"70"}"#,
            "trade: BTC-USDT sell limit spot 2 @50; BTC-USDT buy stop_market spot 2 stop70 alt1"),
        Case(
            .mexc, "POST futures /api/v1/private/order/submit",
            #"{"symbol":"BTC_USDT","vol":2,"side":4,"type":5,"openType":1,"positionMode":1,"#
                + #""stopLossPrice":70,"takeProfitPrice":40}"#,
            "trade: BTC_USDT sell market linear 2c reduces of-long isolated; "
                + "BTC_USDT buy take_profit_market linear 2c stop40 of-long isolated alt1; "
                + "BTC_USDT buy stop_market linear 2c stop70 of-long isolated alt1"),
        Case(
            .coinbase, "POST main /api/v3/brokerage/orders",
            #"{"client_order_id":"a","product_id":"BTC-USD","side":"BUY","order_configuration":"#
                + #"{"limit_limit_gtc":{"base_size":"2","limit_price":"50"}},\#(bracket)}"#,
            "trade: BTC-USD buy limit spot 2 @50 gtc #a; BTC-USD sell limit spot 3 @60 alt1; "
                + "BTC-USD sell stop_market spot 3 stop40 alt1"),
        Case(
            .coinbase, "POST main /api/v3/brokerage/orders/edit",
            #"{"order_id":"1","price":"6","size":"3",\#(bracket)}"#,
            "trade: ? ? limit spot 3 @6 replaces; ? ? limit spot 3 @60 replaces alt1; "
                + "? ? stop_market spot 3 stop40 replaces alt1"),
        Case(
            .kraken, "POST spot /0/private/AddOrder",
            "ordertype=market&type=buy&volume=9&pair=XBTUSD&oflags=viqc"
                + "&close[ordertype]=limit&close[price]=6",
            "trade: XBTUSD buy market spot 9q; XBTUSD sell limit spot @6"),
    ]

    @Test func `what waits beside an order is an order of the other side`() {
        let all = [
            Self.okxPlaced, Self.okxOthers, Self.bitgetCash, Self.bitgetFutures, Self.bybitOrders,
            Self.others,
        ]
        for one in all.joined() {
            let found = one.exchange.classifier.meaning(one.request.line, one.request.text)
            #expect(found == one.request.words, "\(one.exchange) \(one.request)")
        }
    }

    @Test func `what stock ccxt attaches is understood as two orders more, one of which is filled`() throws {
        let attached = try CcxtRequest.all().filter { $0.label.hasSuffix("_attached") }
        #expect(Set(attached.map(\.exchange)) == [.bybit, .okx, .kucoin, .bitget])
        for example in attached {
            let orders = example.exchange.classifier.meaning(of: example.request).orders
            #expect(orders.map(\.side) == [.buy, .sell, .sell], "\(example)")
            #expect(orders.map(\.isAttached) == [false, true, true], "\(example)")
            #expect(Set(orders.dropFirst().map(\.alternative)) == [1], "\(example)")
            #expect(orders.dropFirst().allSatisfy { $0.quantity == orders[0].quantity }, "\(example)")
            let prices = Set(orders.dropFirst().compactMap(\.stopPrice?.description))
            #expect(prices == ["40000", "60000"], "\(example)")
        }
    }

    /// Of each exchange a batch of one, and every price that it attaches.
    @Test func `no price that is attached is left unread`() throws {
        var count = 0
        for one in [Self.okxPlaced, Self.bitgetCash, Self.bitgetFutures, Self.bybitOrders, Self.others]
            .joined()
        where !one.request.words.contains("!") && one.exchange != .kraken {
            for price in ["70", "1000", "40", "60", "4"] {
                for (now, odd) in [("\"\(price)\"", "\"1e3\""), (":\(price),", ":\"1e3\",")] {
                    let text = one.request.text.replacing(now, with: odd)
                    guard text != one.request.text else { continue }
                    count += 1
                    let found = one.exchange.classifier.meaning(one.request.line, text)
                    #expect(found.hasPrefix("trade! body"), "\(one.exchange) \(text)")
                }
            }
        }
        #expect(count > 20)
    }
}
