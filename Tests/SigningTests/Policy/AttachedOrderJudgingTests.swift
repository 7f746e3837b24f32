import Exchanges
import Kernel
import Keys
import Testing

@testable import Signing

/// What waits beside an order is judged as an order: by its side, its price, its size, and whether it opens.
@Suite struct AttachedOrderJudgingTests {
    private func meaning(_ exchange: ExchangeName, _ path: String, _ body: String) -> RequestMeaning {
        exchange.classifier.meaning(
            of: IncomingRequest(
                "POST", host: "main", path: path, contentType: "application/json", body: Array(body.utf8)))
    }

    /// An order on spot at 50,000 (the market's price), and its stop.
    private func bitget(_ side: String, _ size: String, _ more: String) -> RequestMeaning {
        meaning(
            .bitget, "/api/v2/spot/trade/place-order",
            #"{"symbol":"BTCUSDT","orderType":"limit","price":"50000","side":"\#(side)","#
                + #""size":"\#(size)",\#(more)}"#
        )
    }

    private func okx(_ symbol: String, _ mode: String, _ more: String) -> RequestMeaning {
        meaning(
            .okx, "/api/v5/trade/order",
            #"{"instId":"\#(symbol)","tdMode":"\#(mode)","side":"sell","ordType":"market","sz":"2",\#(more)}"#
        )
    }

    private func bybit(_ category: String, _ more: String) -> RequestMeaning {
        meaning(
            .bybit, "/v5/order/create",
            #"{"category":"\#(category)","symbol":"BTCUSDT","side":"Sell","orderType":"Market","#
                + #""qty":"0.01",\#(more)}"#
        )
    }

    private static let dear = #""presetStopLossPrice":"70000","executeStopLossPrice":"1000000""#

    private func denials(_ orders: String, _ meaning: RequestMeaning) throws -> [String] {
        try Made.set(#"{"operations":["trade"],"orders":{\#(orders)}}"#).judge(Made.facts(meaning)).denials
    }

    @Test func `sides and the distance of prices bind it`() throws {
        let sale = bitget("sell", "0.01", Self.dear)
        #expect(try denials(#""sides":["sell"]"#, sale) == ["orders.sides"])
        #expect(
            try denials(#""max_price_distance_percent":"10""#, sale) == ["orders.max_price_distance_percent"])
        let limited = bybit(
            "spot", #""stopLoss":"70000","slOrderType":"Limit","slLimitPrice":"1000000""#)
        #expect(
            try denials(#""sides":["sell"],"max_price_distance_percent":"10""#, limited)
                == ["orders.sides", "orders.max_price_distance_percent"])
        let near = bitget("sell", "0.01", #""presetStopLossPrice":"51000","executeStopLossPrice":"52000""#)
        #expect(try denials(#""sides":["buy","sell"],"max_price_distance_percent":"10""#, near) == [])
    }

    @Test func `its worth is bounded, by its own price and size`() throws {
        let most = #""max_notional":{"amount":"6000","currency":"USD"}"#
        #expect(try denials(most, bitget("sell", "0.01", Self.dear)) == ["orders.max_notional"])
        #expect(try denials(most, bitget("sell", "0.001", Self.dear)) == [])
        // How much an amount of dollars buys is not known, so neither is what waits to be sold.
        let market =
            #"{"symbol":"BTCUSDT","side":"buy","orderType":"market","size":"100","presetStopLossPrice":"4"}"#
        let spent = meaning(.bitget, "/api/v2/spot/trade/place-order", market)
        #expect(try denials(most, spent) == ["orders.max_notional"])
        #expect(try denials(#""sides":["buy","sell"]"#, spent) == [])
    }

    @Test func `totals count it beside the order, of profit and stop the dearer`() throws {
        let policy =
            """
            {"operations":["trade"],
             "limits":[{"count":"notional","max":{"amount":"900000","currency":"USD"},"per":"1h"}]}
            """
        let both = bitget(
            "buy", "0.1",
            #""presetStopLossPrice":"48000","executeStopLossPrice":"47500","presetTakeProfitPrice":"52000""#)
        let judgement = try Made.set(policy).judge(Made.facts(both))
        #expect(judgement.charges.map(\.amount) == [10_200_000_000])
        let row = #"{"symbol":"BTCUSDT","side":"buy","orderType":"limit","price":"50000","size":"0.1","#
        let batch = meaning(
            .bitget, "/api/v2/spot/trade/batch-orders",
            #"{"orderList":[\#(row)"presetStopLossPrice":"48000"},\#(row)"presetStopLossPrice":"48000"}]}"#)
        // Those of two orders are no alternatives.
        #expect(
            try Made.set(policy).judge(Made.facts(batch)).charges.map(\.amount) == [20_000_000_000])
    }

    @Test func `a reduce_only key sells what is held, and nothing that waits to buy it back`() throws {
        let judge = { (meaning: RequestMeaning) in
            var facts = Made.facts(meaning)
            facts.key.status = .reduceOnly
            facts.holdings = ["BTC": 1]
            return try Made.set(#"{"operations":["trade"]}"#).judge(facts).denials
        }
        #expect(try judge(bitget("sell", "0.01", #""force":"gtc""#)) == [])
        #expect(try judge(bitget("sell", "0.01", Self.dear)) == ["mode"])
        #expect(try judge(bybit("linear", #""reduceOnly":true"#)) == [])
        // Bybit's documents say that it is the position's.
        #expect(try judge(bybit("linear", #""reduceOnly":true,"stopLoss":"70000""#)) == [])
        #expect(try judge(bybit("spot", #""stopLoss":"70000""#)) == ["mode"])
    }

    @Test func `while the database is gone, no order leaves beside which something waits that may open`() {
        let stop = #""attachAlgoOrds":[{"slTriggerPx":"70000","slOrdPx":"-1"}]"#
        let marked = okx("BTC-USDT-SWAP", "cross", #""reduceOnly":true"#)
        #expect(AwayRule.refusal(of: marked) == nil)
        let attached = okx("BTC-USDT-SWAP", "cross", #""reduceOnly":true,\#(stop)"#)
        #expect(AwayRule.refusal(of: attached) != nil)
        #expect(AwayRule.refusal(of: okx("BTC-USDT-SWAP", "cross", #""posSide":"long",\#(stop)"#)) != nil)
        #expect(AwayRule.refusal(of: bybit("linear", #""reduceOnly":true,"stopLoss":"70000""#)) == nil)
        let plan =
            #"{"symbol":"BTCUSDT","productType":"USDT-FUTURES","marginCoin":"USDT","triggerPrice":"4","#
            + #""holdSide":"long","size":"9","planType":"TYPE"}"#
        for (type, leaves) in [("loss_plan", true), ("normal_plan", false)] {
            for name in ["place-tpsl-order", "modify-tpsl-order"] {
                let placed = meaning(
                    .bitget, "/api/v2/mix/order/\(name)", plan.replacing("TYPE", with: type))
                #expect((AwayRule.refusal(of: placed) == nil) == leaves, "\(name) \(type)")
            }
        }
    }
}
