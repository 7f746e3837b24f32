import Kernel

/// https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api, …/coinbase-app/track-apis
enum CoinbaseTable {
    static let classifier = RequestClassifier(
        .coinbase, reads + cancels + orders + money, formats: [host[0]: [.json]], openness: .content)

    private static let host = ["main"]
    private static let path = "/api/v3/brokerage/"

    private static let reads: [Route] =
        Route.reads(
            host, path,
            """
            accounts accounts/{account_uuid} orders/historical/batch orders/historical/fills
            orders/historical/{order_id} transaction_summary portfolios portfolios/{portfolio_uuid}
            cfm/balance_summary cfm/positions cfm/positions/{product_id*} cfm/sweeps
            cfm/intraday/current_margin_window cfm/intraday/margin_setting payment_methods
            payment_methods/{payment_method_id} key_permissions best_bid_ask product_book products
            products/{product_id*} products/{product_id*}/candles products/{product_id*}/ticker
            intx/portfolio/{portfolio_uuid} intx/positions/{portfolio_uuid}
            intx/positions/{portfolio_uuid}/{symbol*} intx/balances/{portfolio_uuid}
            """)
        + Route.reads(
            host, "/v2/",
            """
            accounts accounts/{account_id*} accounts/{account_id*}/addresses
            accounts/{account_id*}/addresses/{address_id}
            accounts/{account_id*}/addresses/{address_id}/transactions accounts/{account_id*}/transactions
            accounts/{account_id*}/transactions/{transaction_id} accounts/{account_id*}/deposits
            accounts/{account_id*}/deposits/{deposit_id} accounts/{account_id*}/withdrawals
            accounts/{account_id*}/withdrawals/{withdrawal_id} user
            """)

    private static let cancels = Route.list(host, .cancel, "POST \(path)orders/batch_cancel order_ids")

    private static let money: [Route] =
        [
            // Sends, whether it is called a transfer or not.
            .withdraw(
                host, .post, "/v2/accounts/{account_id*}/transactions",
                .body(
                    """
                    type! to! amount! currency! description skip_notifications idem destination_tag network
                    travel_rule_data
                    """)
            ) { p throws(MeaningProblem) in
                WithdrawalIntent(
                    asset: try p.needed("currency"), network: try p.word("network"),
                    address: try p.needed("to"), tag: try p.word("destination_tag"),
                    amount: try p.decimal("amount"))
            }
        ]
        + Route.list(
            host, .withdraw,
            """
            POST /v2/accounts/{account_id*}/withdrawals amount currency payment_method
            POST /v2/accounts/{account_id*}/withdrawals/{withdrawal_id}/commit
            POST /v2/accounts/{account_id*}/transactions/{transaction_id}/complete
            POST /v2/accounts/{account_id*}/transactions/{transaction_id}/resend
            """)
        + Route.list(
            host, .transfer,
            """
            POST \(path)portfolios/move_funds funds source_portfolio_uuid target_portfolio_uuid
            POST \(path)cfm/sweeps/schedule usd_amount
            POST \(path)intx/allocate portfolio_uuid symbol amount currency
            POST /v2/accounts/{account_id*}/deposits amount currency payment_method
            POST /v2/accounts/{account_id*}/deposits/{deposit_id}/commit
            """)
}

// MARK: - Orders

extension CoinbaseTable {
    private static let sides: [String: Side] = ["BUY": .buy, "SELL": .sell]
    private static let id = ClientOrderIDField("client_order_id", 36)

    private static let common = KnownNames.body(
        """
        product_id! side! order_configuration! leverage margin_type retail_portfolio_id
        attached_order_configuration
        """)
    private static let order = common.and(
        .body("client_order_id! self_trade_prevention_id sor_preference preview_id"))
    private static let change = KnownNames.body(
        "order_id! price! size! stop_price attached_order_configuration cancel_attached_order")

    private static let orders: [Route] = [
        .trade(host, .post, path + "orders", order, id: id) { p throws(MeaningProblem) in try whole(p) },
        .trade(host, .post, path + "orders/preview", common) { p throws(MeaningProblem) in try whole(p) },
        .trade(host, .post, path + "orders/edit", change) { p throws(MeaningProblem) in try changed(p) },
        .trade(host, .post, path + "orders/edit_preview", change) { p throws(MeaningProblem) in
            try changed(p)
        },
        .trade(
            host, .post, path + "orders/close_position", .body("client_order_id! product_id! size"), id: id
        ) {
            p throws(MeaningProblem) in
            var order = try begun(p, nil, .market)
            (order.closesPosition, order.isReduceOnly) = (true, true)
            (order.quantity, order.clientOrderID) = (try p.decimal("size"), try p.word("client_order_id"))
            return [try p.checked(order)]
        },
    ]

    /// `BTC-USD`; `BTC-PERP-INTX` counts in base, `BIT-27JUN26-CDE` in contracts.
    private static func begun(
        _ p: Parameters, _ side: Side?, _ kind: OrderKind
    ) throws(MeaningProblem) -> OrderIntent {
        let symbol = try p.symbol("product_id")
        let isFuture = symbol.hasSuffix("-CDE") || symbol.hasSuffix("-INTX")
        var order = OrderIntent(symbol, side, kind, on: isFuture ? .linear : .spot)
        if symbol.hasSuffix("-CDE") { order.unit = .contracts }
        return order
    }

    private static func changed(_ p: Parameters) throws(MeaningProblem) -> [OrderIntent] {
        var order = OrderIntent(nil, nil, .limit, on: .spot)
        order.replaces = true
        (order.quantity, order.price) = (try p.decimal("size"), try p.price())
        order.stopPrice = try p.price("stop_price")
        return [try p.checked(order)] + (try attached(p, to: order))
    }

    /// A bracket on the other side: a limit order and a stop at the market.
    private static func attached(
        _ p: Parameters, to order: OrderIntent
    ) throws(MeaningProblem) -> [OrderIntent] {
        let shapes = KnownNames.body("trigger_bracket_gtc trigger_bracket_gtd")
        guard let box = try p.object("attached_order_configuration", known: shapes) else { return [] }
        var orders: [OrderIntent] = []
        for name in box.names() {
            let known = KnownNames.body("limit_price stop_trigger_price end_time base_size")
            guard let shape = try box.object(name, known: known) else { continue }
            var (limit, stop) = (order.attached(.limit), order.attached(.stopMarket))
            limit.price = try shape.price("limit_price")
            stop.stopPrice = try shape.price("stop_trigger_price")
            let legs = try [limit, stop].map { leg throws(MeaningProblem) in
                var leg = leg
                leg.alternative = 1
                leg.enlarge(to: try shape.decimal("base_size"))
                return try shape.checked(leg)
            }
            orders += legs.apart(from: orders)
        }
        return orders
    }

    private static func whole(_ p: Parameters) throws(MeaningProblem) -> [OrderIntent] {
        let shapes = KnownNames.body(CoinbaseOrderShape.all.map(\.name).joined(separator: " "))
        guard let box = try p.object("order_configuration", known: shapes), box.names().count == 1 else {
            throw p.problem("order_configuration", "must say one kind of order")
        }
        guard let shape = CoinbaseOrderShape.all.first(where: { $0.name == box.names()[0] }),
            let inner = try box.object(shape.name, known: .body(shape.names))
        else { throw p.problem("order_configuration", "must hold one object") }
        var order = try begun(p, p.neededChoice("side", sides), shape.kind)
        order.clientOrderID = try p.word("client_order_id")
        order.timeInForce = shape.time
        try inner.postOnly("post_only", &order)
        try inner.quantity(["base_size": order.unit, "quote_size": .quote], of: &order)
        (order.price, order.stopPrice) = (try inner.price("limit_price"), try inner.price("stop_price"))
        try margin(p, &order)
        let orders = try shape.legs(of: order, inner)
        return orders + (try attached(p, to: order)).apart(from: orders)
    }

    private static func margin(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        order.leverage = try p.decimal("leverage")
        order.marginMode = try p.choice("margin_type", ["CROSS": "cross", "ISOLATED": "isolated"])
        let isBare = order.leverage == nil || order.leverage == Decimal(exactly: 1)
        if order.instrument == .spot, !isBare || order.marginMode != nil { order.instrument = .margin }
    }
}

/// One member of `order_configuration`.
private struct CoinbaseOrderShape {
    let name: String
    let kind: OrderKind
    let time: TimeInForce?
    let names: String

    static let all: [CoinbaseOrderShape] = [
        .init(name: "market_market_ioc", kind: .market, time: .ioc, names: market),
        .init(name: "market_market_fok", kind: .market, time: .fok, names: market),
        .init(name: "sor_limit_ioc", kind: .limit, time: .ioc, names: limit),
        .init(name: "limit_limit_gtc", kind: .limit, time: .gtc, names: limit),
        .init(name: "limit_limit_gtd", kind: .limit, time: .gtd, names: limit + " end_time"),
        .init(name: "limit_limit_fok", kind: .limit, time: .fok, names: limit),
        .init(
            name: "twap_limit_gtd", kind: .other, time: .gtd,
            names: limit + " start_time end_time number_buckets bucket_size bucket_duration"),
        .init(name: "stop_limit_stop_limit_gtc", kind: .stopLimit, time: .gtc, names: stop),
        .init(name: "stop_limit_stop_limit_gtd", kind: .stopLimit, time: .gtd, names: stop + " end_time"),
        .init(name: "trigger_bracket_gtc", kind: .limit, time: .gtc, names: bracket),
        .init(name: "trigger_bracket_gtd", kind: .limit, time: .gtd, names: bracket + " end_time"),
    ]

    private static let market = "quote_size base_size rfq_disabled rfq_enabled"
    private static let limit = "quote_size base_size limit_price post_only rfq_disabled"
    private static let stop = "quote_size base_size limit_price stop_price stop_direction"
    private static let bracket = "quote_size base_size limit_price stop_trigger_price"

    /// A bracket is a limit order and a stop, of which at most one is filled.
    func legs(of order: OrderIntent, _ p: Parameters) throws(MeaningProblem) -> [OrderIntent] {
        guard name.hasPrefix("trigger_bracket") else { return [try p.checked(order)] }
        var (limit, stop) = (order, order)
        (limit.alternative, stop.alternative) = (1, 1)
        (stop.kind, stop.price, stop.stopPrice) = (.stopMarket, nil, try p.price("stop_trigger_price"))
        return [try p.checked(limit), try p.checked(stop)]
    }
}
