import Testing

@testable import Exchanges

@Suite struct CoinbaseMeaningTests {
    private static let place = "POST main /api/v3/brokerage/orders"

    private static func order(
        _ shape: String, _ inner: String, _ more: String = "", of product: String = "BTC-USD"
    )
        -> String
    {
        #"{"client_order_id":"a","product_id":"\#(product)","side":"BUY","#
            + #""order_configuration":{"\#(shape)":{\#(inner)}}\#(more)}"#
    }

    private static let limit = #""base_size":"2","limit_price":"50""#

    private static let orders: [MeaningCase] = [
        .init(
            place, order("market_market_ioc", #""quote_size":"100""#),
            "trade: BTC-USD buy market spot 100q ioc #a"),
        .init(
            place, order("market_market_ioc", #""base_size":"1""#),
            "trade: BTC-USD buy market spot 1 ioc #a"),
        .init(place, order("limit_limit_gtc", limit), "trade: BTC-USD buy limit spot 2 @50 gtc #a"),
        .init(
            place, order("limit_limit_gtc", limit + #","post_only":true"#),
            "trade: BTC-USD buy limit_maker spot 2 @50 post_only #a"),
        .init(
            place, order("limit_limit_gtd", limit + #","end_time":"2026-01-01T00:00:00Z""#),
            "trade: BTC-USD buy limit spot 2 @50 gtd #a"),
        .init(place, order("limit_limit_fok", limit), "trade: BTC-USD buy limit spot 2 @50 fok #a"),
        .init(place, order("sor_limit_ioc", limit), "trade: BTC-USD buy limit spot 2 @50 ioc #a"),
        .init(
            place, order("stop_limit_stop_limit_gtc", limit + #","stop_price":"51","stop_direction":"X""#),
            "trade: BTC-USD buy stop_limit spot 2 @50 stop51 gtc #a"),
        .init(
            place, order("trigger_bracket_gtc", limit + #","stop_trigger_price":"40""#),
            "trade: BTC-USD buy limit spot 2 @50 gtc #a alt1; BTC-USD buy stop_market spot 2 stop40 gtc "
                + "#a alt1"
        ),
        .init(
            place, order("twap_limit_gtd", limit + #","number_buckets":"5""#),
            "trade: BTC-USD buy other spot 2 @50 gtd #a"),
        .init(
            place,
            order(
                "limit_limit_gtc", limit,
                #","attached_order_configuration":{"trigger_bracket_gtc":{"limit_price":"60","#
                    + #""stop_trigger_price":"40"}}"#
            ),
            "trade: BTC-USD buy limit spot 2 @50 gtc #a; BTC-USD sell limit spot 2 @60 alt1; "
                + "BTC-USD sell stop_market spot 2 stop40 alt1"),
        .init(
            place, order("limit_limit_gtc", limit, #","leverage":"3","margin_type":"CROSS""#),
            "trade: BTC-USD buy limit margin 2 @50 gtc x3 cross #a"),
        .init(
            place, order("limit_limit_gtc", limit, of: "BTC-PERP-INTX"),
            "trade: BTC-PERP-INTX buy limit linear 2 @50 gtc #a"),
        .init(
            place, order("limit_limit_gtc", limit, of: "BIT-27JUN26-CDE"),
            "trade: BIT-27JUN26-CDE buy limit linear 2c @50 gtc #a"),
        .init(
            place, order("limit_limit_gtc", limit, #","retail_portfolio_id":"p""#),
            "trade: BTC-USD buy limit spot 2 @50 gtc #a"),
        .init(
            "POST main /api/v3/brokerage/orders/edit", #"{"order_id":"1","price":"6","size":"3"}"#,
            "trade: ? ? limit spot 3 @6 replaces"),
        .init(
            "POST main /api/v3/brokerage/orders/close_position",
            #"{"client_order_id":"a","product_id":"B-PERP-INTX"}"#,
            "trade: B-PERP-INTX ? market linear reduces closes #a"),
    ]

    private static let others: [MeaningCase] = [
        .init(
            place, order("limit_limit_gtc", limit + #","quote_size":"1""#),
            "trade! body order_configuration.limit_limit_gtc.quote_size"),
        .init(
            place, order("sor_limit_ioc", limit + #","post_only":true"#),
            "trade! body order_configuration.sor_limit_ioc.post_only"),
        .init(
            place, order("limit_limit_fok", limit + #","post_only":true"#),
            "trade! body order_configuration.limit_limit_fok.post_only"),
        .init(
            place, order("limit_limit_gtc", limit + #","x":"1""#),
            "trade! body order_configuration.limit_limit_gtc.x"),
        .init(place, order("limit_limit_never", limit), "trade! body order_configuration.limit_limit_never"),
        .init(place, order("limit_limit_gtc", limit, #","x":1"#), "trade! body x"),
        .init(
            place, order("limit_limit_gtc", limit).replacing("}}", #"},"limit_limit_fok":{\#(limit)}}"#),
            "trade! body order_configuration"),
        .init(
            place, order("limit_limit_gtc", limit, #","attached_order_configuration":{"x":{}}"#),
            "trade! body attached_order_configuration.x"),
        .init(
            place, #"{"client_order_id":"a","product_id":"BTC-USD","side":"BUY"}"#,
            "trade! body order_configuration"),
        .init("POST main /api/v3/brokerage/orders/batch_cancel", #"{"order_ids":["1"]}"#, "cancel"),
        .init("GET main /api/v3/brokerage/accounts", "", "read"),
        .init("GET main /api/v3/brokerage/orders/historical/00-11", "", "read"),
        .init("GET main /api/v3/brokerage/products/BTC-USD", "", "read"),
        .init("GET main /api/v3/brokerage/convert/trade/11", "", "admin"),
        .init("POST main /api/v3/brokerage/convert/quote", "{}", "admin"),
        .init("POST main /api/v3/brokerage/portfolios/move_funds", "{}", "transfer"),
        .init("POST main /v2/accounts/BTC/buys", "{}", "admin"),
        .init(
            "POST main /v2/accounts/BTC/transactions",
            #"{"type":"send","to":"1B","amount":"1","currency":"BTC"}"#,
            "withdraw: BTC 1B 1"),
    ]

    @Test(arguments: orders + others)
    func `a request means`(_ example: MeaningCase) {
        #expect(ExchangeName.coinbase.classifier.meaning(example.line, example.text) == example.words)
    }
}
