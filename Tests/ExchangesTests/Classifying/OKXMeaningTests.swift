import Testing

@testable import Exchanges

@Suite struct OKXMeaningTests {
    private static let place = "POST main /api/v5/trade/order"
    private static let algo = "POST main /api/v5/trade/order-algo"

    private static func order(
        _ symbol: String, _ mode: String, _ side: String, _ type: String, _ more: String = ""
    ) -> String {
        #"{"instId":"\#(symbol)","tdMode":"\#(mode)","side":"\#(side)","ordType":"\#(type)","#
            + #""sz":"2"\#(more)}"#
    }

    private static func trigger(_ type: String, _ more: String) -> String {
        order("BTC-USDT-SWAP", "cross", "sell", type, more)
    }

    private static let units: [MeaningCase] = [
        .init(place, order("BTC-USDT", "cash", "buy", "market"), "trade: BTC-USDT buy market spot 2q cash"),
        .init(place, order("BTC-USDT", "cash", "sell", "market"), "trade: BTC-USDT sell market spot 2 cash"),
        .init(
            place, order("BTC-USDT", "cash", "buy", "market", #","tgtCcy":"base_ccy""#),
            "trade: BTC-USDT buy market spot 2 cash"),
        .init(
            place, order("BTC-USDT", "cash", "sell", "market", #","tgtCcy":"quote_ccy""#),
            "trade: BTC-USDT sell market spot 2q cash"),
        .init(
            place, order("BTC-USDT", "cash", "buy", "limit", #","px":"5","tgtCcy":"base_ccy""#),
            "trade: BTC-USDT buy limit spot 2 @5 gtc cash"),
        .init(
            place, order("BTC-USDT", "cash", "buy", "limit", #","px":"5","tgtCcy":"quote_ccy""#),
            "trade! body tgtCcy"),
        .init(
            place, order("BTC-USDT", "cash", "buy", "optimal_limit_ioc"), "trade! body ordType"),
        .init(
            place, order("BTC-USDT", "cash", "buy", "limit", #","pxVol":"5""#), "trade! body pxVol"),
        .init(
            place, order("BTC-USDT-SWAP", "cross", "buy", "limit", #","pxUsd":"5""#), "trade! body pxUsd"),
        .init(
            place, order("BTC-USDT", "cross", "buy", "market"), "trade: BTC-USDT buy market margin 2q cross"),
        .init(
            place, order("BTC-USDT", "cross", "buy", "market", #","tgtCcy":"base_ccy""#), "trade! body tgtCcy"
        ),
        .init(
            place, order("BTC-USDT-SWAP", "cross", "buy", "market", #","tgtCcy":"quote_ccy""#),
            "trade! body tgtCcy"),
        .init(
            place, order("BTC-USD-SWAP", "isolated", "sell", "ioc", #","px":"5""#),
            "trade: BTC-USD-SWAP sell limit inverse 2c @5 ioc isolated"),
        .init(
            place, order("BTC-USD-260327", "cross", "sell", "post_only", #","px":"5""#),
            "trade: BTC-USD-260327 sell limit_maker inverse 2c @5 post_only cross"),
        .init(
            place, order("BTC-USD-260327-60000-C", "cross", "buy", "limit", #","pxVol":"0.5""#),
            "trade: BTC-USD-260327-60000-C buy other option 2c gtc cross"),
        .init(
            place, order("BTC-USDT-SWAP", "cross", "sell", "market", #","posSide":"long""#),
            "trade: BTC-USDT-SWAP sell market linear 2c reduces of-long cross"),
        .init(
            place, order("BTC-USDT-SWAP", "cross", "sell", "market", #","posSide":"short""#),
            "trade: BTC-USDT-SWAP sell market linear 2c of-short cross"),
        .init(
            place, order("BTC-USDT-SWAP", "cross", "sell", "market", #","reduceOnly":true"#),
            "trade: BTC-USDT-SWAP sell market linear 2c reduces-by-mark cross"),
        .init(
            place, order("BTC-USDT-SWAP", "cross", "buy", "market", #","posSide":"long","reduceOnly":true"#),
            "trade: BTC-USDT-SWAP buy market linear 2c of-long cross"),
        .init(
            place, order("BTC-USDT-SWAP", "cross", "sell", "market", #","reduceOnly":"true""#),
            "trade: BTC-USDT-SWAP sell market linear 2c reduces-by-mark cross"),
        .init(
            place, order("BTC-USDT-SWAP", "cross", "sell", "market", #","reduceOnly":"""#),
            "trade: BTC-USDT-SWAP sell market linear 2c cross"),
        .init(
            place, order("BTC-USDT", "cash", "sell", "market", #","reduceOnly":true"#),
            "trade: BTC-USDT sell market spot 2 cash"),
        .init(
            place,
            order(
                "BTC-USDT", "cash", "buy", "limit",
                #","px":"5","attachAlgoOrds":[{"slTriggerPx":"4","slOrdPx":"-1"}]"#),
            "trade: BTC-USDT buy limit spot 2 @5 gtc cash; BTC-USDT sell stop_market spot 2 stop4 cash alt1"),
    ]

    /// As the exchange's own library for Python writes them: with everything that it knows.
    private static let official: [MeaningCase] = [
        .init(
            place,
            #"{"instId":"BTC-USDT","tdMode":"cash","side":"buy","ordType":"market","sz":"9","ccy":"","#
                + #""clOrdId":"","tag":"","posSide":"","px":"","reduceOnly":"","tgtCcy":"","stpMode":"","#
                + #""pxUsd":"","pxVol":"","banAmend":"","attachAlgoOrds":null}"#,
            "trade: BTC-USDT buy market spot 9q cash"),
        .init(
            algo,
            #"{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"sell","ordType":"conditional","sz":"2","#
                + #""ccy":"","posSide":"","reduceOnly":"","tpTriggerPx":"","tpOrdPx":"","slTriggerPx":"40","#
                + #""slOrdPx":"-1","#
                + #""triggerPx":"","orderPx":"","tgtCcy":"","pxVar":"","szLimit":"","pxLimit":"","#
                + #""timeInterval":"","pxSpread":"","tpTriggerPxType":"","slTriggerPxType":"","#
                + #""callbackRatio":"","callbackSpread":"","activePx":"","tag":"","triggerPxType":"","#
                + #""closeFraction":"","quickMgnType":"","algoClOrdId":"","tpOrdKind":"","cxlOnClosePos":"","#
                + #""chaseType":"","chaseVal":"","maxChaseType":"","maxChaseVal":"","attachAlgoOrds":[]}"#,
            "trade: BTC-USDT-SWAP sell stop_market linear 2c stop40 cross alt1"),
        .init(
            place, order("BTC-USDT", "cash", "buy", "market", #","instIdCode":7"#), "trade! body instIdCode"),
    ]

    private static let others: [MeaningCase] = [
        .init(
            "POST main /api/v5/trade/batch-orders",
            "[" + order("BTC-USDT", "cash", "buy", "market") + ","
                + order("ETH-USDT", "cash", "sell", "market") + "]",
            "trade: BTC-USDT buy market spot 2q cash; ETH-USDT sell market spot 2 cash"),
        .init("POST main /api/v5/trade/batch-orders", "[]", "trade! body []"),
        .init(place, order("BTC-USDT", "cash", "buy", "market", #","sz":"3""#), "admin! body"),
        .init(place, order("BTC-USDT", "cash", "buy", "market", #","x":"3""#), "trade! body x"),
        .init(place, order("BTC", "cash", "buy", "market"), "trade! body instId"),
        .init(place, order("BTC-USDT", "cash", "buy", "soon"), "trade! body ordType"),
        .init(
            place, order("BTC-USDT", "cross", "buy", "limit", #","px":"5","quickMgnType":"auto_borrow""#),
            "trade! body quickMgnType"),
        .init(
            place, order("BTC-USDT", "cash", "buy", "limit", #","px":"5","attachAlgoOrds":[{"x":"4"}]"#),
            "trade! body attachAlgoOrds[0].x"),
        .init(
            algo, trigger("trigger", #","triggerPx":"40","orderPx":"-1""#),
            "trade: BTC-USDT-SWAP sell stop_market linear 2c stop40 cross"),
        .init(
            algo, trigger("trigger", #","triggerPx":"40","orderPx":"39""#),
            "trade: BTC-USDT-SWAP sell stop_limit linear 2c @39 stop40 cross"),
        .init(
            algo, trigger("trigger", #","triggerPx":"40","orderPx":"-1","reduceOnly":true"#),
            "trade: BTC-USDT-SWAP sell stop_market linear 2c stop40 cross"),
        .init(
            algo, trigger("conditional", #","slTriggerPx":"40","slOrdPx":"-1","reduceOnly":true"#),
            "trade: BTC-USDT-SWAP sell stop_market linear 2c stop40 reduces-by-mark cross alt1"),
        .init(
            algo, trigger("oco", #","tpTriggerPx":"60","tpOrdPx":"-1","slTriggerPx":"40","slOrdPx":"39""#),
            """
            trade: BTC-USDT-SWAP sell take_profit_market linear 2c stop60 cross alt1; \
            BTC-USDT-SWAP sell stop_limit linear 2c @39 stop40 cross alt1
            """),
        .init(
            algo,
            trigger("conditional", #","slTriggerPx":"40","slOrdPx":"-1","closeFraction":"1""#)
                .replacing(#""sz":"2","#, ""),
            "trade: BTC-USDT-SWAP sell stop_market linear stop40 reduces closes cross alt1"),
        .init(
            algo, trigger("conditional", #","slTriggerPx":"40","closeFraction":"1""#),
            "trade! body closeFraction"),
        .init(
            algo, trigger("move_order_stop", #","callbackRatio":"0.01""#),
            "trade: BTC-USDT-SWAP sell trailing linear 2c cross"),
        .init(
            algo, trigger("twap", #","pxLimit":"50","szLimit":"1""#),
            "trade: BTC-USDT-SWAP sell other linear 2c @50 cross"),
        .init(algo, trigger("grid", ""), "trade! body ordType"),
        .init(
            "POST main /api/v5/trade/amend-order", #"{"instId":"BTC-USDT","ordId":"1","newPx":"6"}"#,
            "trade: BTC-USDT ? limit spot @6 replaces"),
        .init(
            "POST main /api/v5/trade/amend-order", #"{"instId":"BTC-USDT","ordId":"1","newPxVol":"6"}"#,
            "trade! body newPxVol"),
        .init(
            "POST main /api/v5/trade/amend-algos", #"{"instId":"BTC-USDT","algoId":"1","newSz":"3"}"#,
            "trade: BTC-USDT ? other spot 3dearer replaces"),
        .init(
            "POST main /api/v5/trade/close-position",
            #"{"instId":"BTC-USDT-SWAP","mgnMode":"cross","posSide":"long"}"#,
            "trade: BTC-USDT-SWAP sell market linear reduces closes of-long cross"),
        .init("POST main /api/v5/trade/cancel-batch-orders", #"[{"instId":"A","ordId":"1"}]"#, "cancel"),
        .init("POST main /api/v5/trade/cancel-all-after", #"{"timeOut":"60"}"#, "cancel"),
        .init("GET main /api/v5/account/config", "", "read"),
        .init("GET main /api/v5/users/subaccount/list", "", "admin"),
        .init("POST main /api/v5/account/set-leverage", "{}", "admin"),
        .init("POST main /api/v5/trade/easy-convert", "{}", "admin"),
        .init("POST main /api/v5/asset/transfer", #"{"ccy":"BTC"}"#, "transfer"),
        .init(
            "POST main /api/v5/asset/withdrawal",
            #"{"ccy":"BTC","amt":"1","dest":"4","toAddr":"1B","chain":"BTC-Bitcoin"}"#,
            "withdraw: BTC BTC-Bitcoin 1B 1"),
        .init(
            "POST main /api/v5/asset/withdrawal-lightning", #"{"ccy":"BTC","invoice":"lnbc1"}"#,
            "withdraw: BTC lightning lnbc1"),
    ]

    private static func purchase(_ type: String, _ more: String) -> String {
        order("BTC-USDT", "cash", "buy", type, more)
    }

    /// What algorithms that buy on spot count: base for most, and quote where the exchange documents it.
    private static let purchases: [MeaningCase] = [
        .init(
            algo, purchase("conditional", #","slTriggerPx":"60","slOrdPx":"-1""#),
            "trade: BTC-USDT buy stop_market spot 2q stop60 cash alt1"),
        .init(
            algo, purchase("conditional", #","slTriggerPx":"60","slOrdPx":"-1","tgtCcy":"base_ccy""#),
            "trade: BTC-USDT buy stop_market spot 2 stop60 cash alt1"),
        .init(
            algo, purchase("conditional", #","slTriggerPx":"60","slOrdPx":"61""#),
            "trade: BTC-USDT buy stop_limit spot 2 @61 stop60 cash alt1"),
        .init(
            algo, purchase("oco", #","slTriggerPx":"60","slOrdPx":"-1","tpTriggerPx":"40","tpOrdPx":"41""#),
            """
            trade: BTC-USDT buy take_profit_limit spot 2 @41 stop40 cash alt1; \
            BTC-USDT buy stop_market spot 2dearer stop60 cash alt1
            """),
        .init(
            algo, purchase("trigger", #","triggerPx":"60","orderPx":"-1","tgtCcy":"base_ccy""#),
            "trade: BTC-USDT buy stop_market spot 2dearer stop60 cash"),
        .init(
            algo, purchase("trigger", #","triggerPx":"60","orderPx":"61""#),
            "trade: BTC-USDT buy stop_limit spot 2 @61 stop60 cash"),
        .init(
            algo, purchase("twap", #","pxLimit":"50","szLimit":"1""#),
            "trade: BTC-USDT buy other spot 2dearer @50 cash"),
        .init(algo, purchase("iceberg", #","tgtCcy":"quote_ccy""#), "trade! body tgtCcy"),
        .init(algo, purchase("smart_iceberg", ""), "trade: BTC-USDT buy other spot 2dearer cash"),
        .init(
            algo, purchase("move_order_stop", #","callbackRatio":"0.01""#),
            "trade: BTC-USDT buy trailing spot 2dearer cash"),
        .init(
            algo, purchase("twap", "").replacing("buy", "sell"), "trade: BTC-USDT sell other spot 2 cash"),
        .init(
            algo,
            purchase("conditional", #","slTriggerPx":"60","slOrdPx":"-1","tgtCcy":"quote_ccy""#).replacing(
                "buy", "sell"), "trade! body tgtCcy"),
    ]

    @Test(arguments: units + official + others + purchases)
    func `a request means`(_ example: MeaningCase) {
        #expect(ExchangeName.okx.classifier.meaning(example.line, example.text) == example.words)
    }

    @Test func `a mark reduces only in account modes that read it`() throws {
        let classifier = ExchangeName.okx.classifier
        let marked = classifier.meaning(
            of: RequestClassifier.request(
                Self.place, Self.order("BTC-USDT-SWAP", "cross", "sell", "market", #","reduceOnly":true"#)))
        #expect(marked.orders.map(\.isReduceOnly) == [true])
        #expect(marked.withoutMarks.orders.map(\.isReduceOnly) == [false])
        let sided = classifier.meaning(
            of: RequestClassifier.request(
                Self.place, Self.order("BTC-USDT-SWAP", "cross", "sell", "market", #","posSide":"long""#)))
        #expect(sided.withoutMarks == sided && sided.orders.map(\.isReduceOnly) == [true])
        let modes: [String?] = ["1", "2", "3", "4", nil]
        #expect(modes.map(ExchangeName.okx.readsReduceOnly) == [false, true, true, false, false])
        #expect(ExchangeName.bybit.readsReduceOnly(in: nil))
    }
}
