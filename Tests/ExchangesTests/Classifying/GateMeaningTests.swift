import Testing

@testable import Exchanges

@Suite struct GateMeaningTests {
    private static let spot = "POST main /api/v4/spot/orders"
    private static let future = "POST main /api/v4/futures/usdt/orders"

    private static func order(_ side: String, _ more: String) -> String {
        #"{"text":"t-a","currency_pair":"BTC_USDT","side":"\#(side)","amount":"2",\#(more)}"#
    }

    private static func contract(_ more: String) -> String { #"{"contract":"BTC_USDT",\#(more)}"# }

    private static let orders: [MeaningCase] = [
        .init(
            spot, order("buy", #""price":"5","time_in_force":"gtc""#),
            "trade: BTC_USDT buy limit spot 2 @5 gtc #t-a"),
        .init(
            spot, order("buy", #""price":"5","time_in_force":"poc""#),
            "trade: BTC_USDT buy limit_maker spot 2 @5 post_only #t-a"),
        .init(
            spot, order("buy", #""type":"market","time_in_force":"ioc""#),
            "trade: BTC_USDT buy market spot 2q ioc #t-a"),
        .init(
            spot, order("sell", #""type":"market","time_in_force":"ioc""#),
            "trade: BTC_USDT sell market spot 2 ioc #t-a"),
        .init(
            spot, order("buy", #""price":"5","account":"margin""#),
            "trade: BTC_USDT buy limit margin 2 @5 isolated #t-a"),
        .init(
            spot, order("buy", #""price":"5","account":"unified""#),
            "trade: BTC_USDT buy limit spot 2 @5 #t-a"),
        .init(
            "POST main /api/v4/spot/batch_orders",
            "[\(order("buy", #""price":"5""#)),\(order("sell", #""price":"6","account":"cross_margin""#))]",
            "trade: BTC_USDT buy limit spot 2 @5 #t-a; BTC_USDT sell limit margin 2 @6 cross #t-a"),
        .init(
            "PATCH main /api/v4/spot/orders/123", #"{"currency_pair":"BTC_USDT","amount":"3"}"#,
            "trade: ? ? limit spot 3 replaces"),
        .init(
            "PATCH main /api/v4/spot/orders/123", "?currency_pair=BTC_USDT&price=6",
            "trade: ? ? limit spot @6 replaces"),
        .init(
            "POST main /api/v4/spot/price_orders",
            #"{"trigger":{"price":"40","rule":"<="},"put":{"side":"sell","price":"39","amount":"1"},"#
                + #""market":"A_B"}"#,
            "trade: A_B sell stop_limit spot 1 @39 stop40"),
        .init(
            future, contract(#""size":3,"price":"5","tif":"gtc""#),
            "trade: BTC_USDT buy limit linear 3c @5 gtc"),
        .init(
            future, contract(#""size":-3,"price":"0","tif":"ioc""#),
            "trade: BTC_USDT sell market linear 3c ioc"),
        .init(
            future, contract(#""size":"-3","price":"0","tif":"ioc","reduce_only":true"#),
            "trade: BTC_USDT sell market linear 3c ioc reduces"),
        .init(
            future, contract(#""size":0,"price":"0","close":true"#),
            "trade: BTC_USDT ? market linear closes"),
        .init(
            future,
            contract(#""size":0,"price":"0","tif":"ioc","auto_size":"close_long","reduce_only":true"#),
            "trade: BTC_USDT sell market linear ioc reduces closes of-long"),
        .init(
            "POST main /api/v4/futures/btc/orders",
            contract(#""size":3,"price":"5""#).replacing("USDT", "USD"),
            "trade: BTC_USD buy limit inverse 3c @5"),
        .init(
            "POST main /api/v4/futures/usdt/batch_orders", "[\(contract(#""size":3,"price":"5""#))]",
            "trade: BTC_USDT buy limit linear 3c @5"),
        .init(
            "PUT main /api/v4/futures/usdt/orders/123", #"{"size":-4,"price":"6"}"#,
            "trade: ? sell limit linear 4c @6 replaces"),
        .init(
            "PUT main /api/v4/futures/usdt/orders/123", #"{"contract":"X_USDT","size":-4,"price":"6"}"#,
            "trade: ? sell limit linear 4c @6 replaces"),
        .init(
            "POST main /api/v4/futures/usdt/batch_amend_orders",
            #"[{"order_id":1,"contract":"X_USDT","size":4}]"#,
            "trade: ? buy limit linear 4c replaces"),
        .init(
            "PUT main /api/v4/options/orders/123", #"{"contract":"X_USDT","size":4}"#,
            "trade: ? buy limit option 4c replaces"),
        .init(
            "POST main /api/v4/futures/usdt/price_orders",
            #"{"initial":{"contract":"BTC_USDT","size":-1,"price":"0","tif":"ioc"},"trigger":{"price":"40","#
                + #""rule":2}}"#,
            "trade: BTC_USDT sell stop_market linear 1c stop40 ioc"),
        .init(
            "POST main /api/v4/options/orders", contract(#""size":1,"price":"5""#),
            "trade: BTC_USDT buy limit option 1c @5"),
    ]

    private static let others: [MeaningCase] = [
        .init(spot, order("buy", #""price":"5","auto_borrow":true"#), "trade! body auto_borrow"),
        .init(spot, order("buy", #""price":"5","x":true"#), "trade! body x"),
        .init(spot, order("buy", #""price":"5","account":"other""#), "trade! body account"),
        .init(future, contract(#""size":0,"price":"5""#), "trade! body size"),
        .init(future, contract(#""size":3,"price":"5","close":true"#), "trade! body size"),
        .init(future, contract(#""size":3,"price":"5","auto_size":"close_long""#), "trade! body size"),
        .init(future, contract(#""size":1.5e3,"price":"5""#), "admin! body"),
        .init("POST main /api/v4/futures/eth/orders", contract(#""size":3,"price":"5""#), "admin"),
        .init("POST main /api/v4/futures/USDT/orders", contract(#""size":3,"price":"5""#), "admin"),
        .init("DELETE main /api/v4/spot/orders", "currency_pair=BTC_USDT", "cancel"),
        .init("DELETE main /api/v4/futures/usdt/orders/t-a", "", "cancel"),
        .init("POST main /api/v4/spot/countdown_cancel_all", #"{"timeout":30}"#, "cancel"),
        .init("GET main /api/v4/futures/btc/positions/BTC_USD", "", "read"),
        .init("GET main /api/v4/wallet/withdrawals", "", "read"),
        .init("GET main /api/v4/sub_accounts", "", "admin"),
        .init("DELETE main /api/v4/withdrawals/11", "", "admin"),
        .init("POST main /api/v4/futures/usdt/positions/BTC_USDT/leverage", "?leverage=5", "admin"),
        .init("POST main /api/v4/wallet/transfers", "{}", "transfer"),
        .init("POST main /api/v4/withdrawals/push", "{}", "withdraw"),
        .init(
            "POST main /api/v4/withdrawals",
            #"{"currency":"XRP","address":"rX","amount":"5","memo":"7","chain":"XRP"}"#,
            "withdraw: XRP XRP rX 7 5"),
    ]

    @Test(arguments: orders + others)
    func `a request means`(_ example: MeaningCase) {
        #expect(ExchangeName.gate.classifier.meaning(example.line, example.text) == example.words)
    }

    @Test func `what stands in the query and in the body is refused, unless it is known to be and the same`()
    {
        let body = #"{"currency_pair":"BTC_USDT","amount":"3"}"#
        let meaning = { (line: String, query: String) -> String in
            var request = RequestClassifier.request(line, body)
            request.query = query
            return ExchangeName.gate.classifier.meaning(of: request).words
        }
        let patch = "PATCH main /api/v4/spot/orders/123"
        let understood = "trade: ? ? limit spot 3 replaces"
        #expect(meaning(patch, "currency_pair=BTC_USDT") == understood)
        #expect(meaning(patch, "currency_pair=BTC_USDT&amount=3") == understood)
        for other in ["ETH_USDT", "btc_usdt", ""] {
            #expect(meaning(patch, "currency_pair=\(other)") == "trade! body currency_pair", "\(other)")
        }
        #expect(meaning(patch, "amount=4") == "trade! body amount")
        #expect(meaning(patch, "amount=3.0") == "trade! body amount")
        #expect(meaning(Self.spot, "amount=3") == "trade! body amount")
    }
}
