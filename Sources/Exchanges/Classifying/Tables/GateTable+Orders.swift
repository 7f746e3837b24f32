import Kernel

// Spot counts in base, or in quote where a market order buys; futures and options in contracts, with a sign
// that is the side.

extension GateTable {
    private static let sides: [String: Side] = ["buy": .buy, "sell": .sell]
    private static let times: [String: TimeInForce] = [
        "gtc": .gtc, "ioc": .ioc, "poc": .postOnly, "fok": .fok, "rpi": .postOnly,
    ]
    /// What follows the prefix has 28 bytes at most.
    private static let id = ClientOrderIDField("text", 30, prefix: "t-")

    /// `textIsRequired`, and `settle` and `currency_pair` of futures, are remains of ccxt, that Gate ignores.
    private static let order = KnownNames.body(
        """
        text currency_pair! type account side! amount! price time_in_force iceberg auto_borrow auto_repay
        stp_act action_mode slippage textIsRequired
        """)
    private static let change = KnownNames("currency_pair account amount price amend_text action_mode")
    private static let list = KnownNames.body(Parameters.list)

    static let spotOrders: [Route] = [
        .trade(host, .post, "/api/v4/spot/orders", order, id: id) { p throws(MeaningProblem) in
            [try spot(p, p.symbol("currency_pair"))]
        },
        .trade(host, .post, "/api/v4/spot/batch_orders", list, id: id.inList(Parameters.list)) {
            p throws(MeaningProblem) in
            try p.each(Parameters.list, order) { row throws(MeaningProblem) in
                try spot(row, row.symbol("currency_pair"))
            }
        },
        // Its pair and account are documented for query and body; stock ccxt writes everything in both.
        .trade(host, .patch, "/api/v4/spot/orders/{order_id*}", change, inBoth: change.body) {
            p throws(MeaningProblem) in
            [try changed(p)]
        },
        .trade(host, .post, "/api/v4/spot/amend_batch_orders", list) { p throws(MeaningProblem) in
            try p.each(Parameters.list, change.and(KnownNames("order_id!"))) { row throws(MeaningProblem) in
                try changed(row)
            }
        },
        .trade(host, .post, "/api/v4/spot/price_orders", .body("trigger! put! market!")) {
            p throws(MeaningProblem) in
            let put = KnownNames.body(
                "type side! price! amount! account time_in_force auto_borrow auto_repay text")
            guard let trigger = try p.object("trigger", known: .body("price! rule! expiration")),
                let order = try p.object("put", known: put)
            else { throw p.problem("put", "and trigger are needed") }
            var intent = try spot(order, p.symbol("market"))
            intent.stopPrice = try trigger.price()
            intent.kind = intent.kind == .market ? .stopMarket : .stopLimit
            return [try p.checked(intent)]
        },
    ]

    private static func spot(_ p: Parameters, _ symbol: String) throws(MeaningProblem) -> OrderIntent {
        try p.refuseBorrowing("auto_borrow", unless: ["false"])
        let kind = try p.choice("type", ["limit": OrderKind.limit, "market": .market]) ?? .limit
        var order = OrderIntent(symbol, try p.neededChoice("side", sides), kind, on: .spot)
        (order.quantity, order.price) = (try p.decimal("amount"), try p.price(unless: kind == .market))
        if kind == .market, order.side == .buy { order.unit = .quote }
        order.timeInForce = try p.choice("time_in_force", times)
        order.clientOrderID = try p.word("text")
        try account(p, &order)
        return try p.checked(order)
    }

    private static func account(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        let accounts: [String: String?] = [
            "spot": nil, "normal": nil, "unified": nil, "margin": "isolated", "cross_margin": "cross",
        ]
        order.marginMode = try p.choice("account", accounts) ?? nil
        if order.marginMode != nil { order.instrument = .margin }
    }

    /// An id alone finds the order. That its pair is compared is not documented: it may be another one.
    private static func changed(_ p: Parameters) throws(MeaningProblem) -> OrderIntent {
        _ = try p.text("currency_pair")
        var order = OrderIntent(nil, nil, .limit, on: .spot)
        (order.replaces, order.quantity, order.price) = (true, try p.decimal("amount"), try p.price())
        try account(p, &order)
        return try p.checked(order)
    }
}

// MARK: - Futures and options

extension GateTable {
    private static let future = KnownNames.body(
        """
        contract! size! iceberg price close reduce_only tif text auto_size stp_act pid limit_vip
        market_order_slip_ratio pos_margin_mode settle textIsRequired
        """)
    private static let futureChange = KnownNames(
        "order_id contract size price amend_text text action_mode currency_pair account")

    static let futuresOrders: [Route] =
        [
            .trade(host, .post, futures + "orders", future, id: id) { p throws(MeaningProblem) in
                [try contracts(p, settled(p))]
            },
            .trade(host, .post, futures + "batch_orders", list, id: id.inList(Parameters.list)) {
                p throws(MeaningProblem) in
                let instrument = try settled(p)
                return try p.each(Parameters.list, future) { row throws(MeaningProblem) in
                    try contracts(row, instrument)
                }
            },
            .trade(
                host, .post, futures + "bbo_orders",
                .body(
                    """
                    contract! size! direction! level! iceberg close reduce_only tif text auto_size stp_act pid
                    """
                ),
                id: id
            ) { p throws(MeaningProblem) in
                var order = try contracts(p, settled(p))
                (order.kind, order.price) = (.other, nil)
                return [order]
            },
            .trade(host, .put, futures + "orders/{order_id*}", futureChange) { p throws(MeaningProblem) in
                [try futureChanged(p, settled(p))]
            },
            .trade(host, .post, futures + "batch_amend_orders", list) { p throws(MeaningProblem) in
                let instrument = try settled(p)
                return try p.each(Parameters.list, futureChange) { row throws(MeaningProblem) in
                    try futureChanged(row, instrument)
                }
            },
            .trade(host, .post, delivery + "orders", future, id: id) { p throws(MeaningProblem) in
                [try contracts(p, settled(p))]
            },
            .trade(host, .post, "/api/v4/options/orders", future, id: id) { p throws(MeaningProblem) in
                [try contracts(p, .option)]
            },
            .trade(host, .put, "/api/v4/options/orders/{order_id*}", futureChange) {
                p throws(MeaningProblem) in
                [try futureChanged(p, .option)]
            },
        ]
        + [futures, delivery].map { prefix in
            .trade(
                host, .post, prefix + "price_orders", .body("initial! trigger! order_type pos_margin_mode"),
                triggered)
        }

    private static func settled(_ p: Parameters) throws(MeaningProblem) -> OrderIntent.Instrument {
        try p.neededChoice("settle", ["usdt": .linear, "btc": .inverse])
    }

    private static func contracts(
        _ p: Parameters, _ instrument: OrderIntent.Instrument
    ) throws(MeaningProblem) -> OrderIntent {
        let price = try p.price()
        var order = OrderIntent(
            try p.symbol("contract"), nil, price == nil ? .market : .limit, on: instrument)
        (order.unit, order.price, order.clientOrderID) = (.contracts, price, try p.word("text"))
        order.timeInForce = try p.choice("tif", times)
        order.isReduceOnly = try p.flag("reduce_only")
        order.marginMode = try p.choice("pos_margin_mode", ["isolated": "isolated", "cross": "cross"])
        try size(p, &order)
        return try p.checked(order)
    }

    /// Buys above nothing, sells below it; nothing at all closes what there is, if it says so.
    private static func size(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        let part = try p.choice("auto_size", ["close_long": "long", "close_short": "short"])
        let closes = try p.flag("close")
        guard let size = try p.signed("size"), !size.isZero else {
            guard closes || part != nil else { throw p.problem("size", "must not be nothing") }
            (order.closesPosition, order.positionSide) = (true, part)
            order.side = part.map { $0 == "long" ? .sell : .buy }
            return
        }
        guard !closes, part == nil else { throw p.problem("size", "must be 0 where a position is closed") }
        (order.quantity, order.side) = (size.magnitude, size.isNegative ? .sell : .buy)
    }

    /// The order is found by its id alone: the contract that a request names may be another one.
    private static func futureChanged(
        _ p: Parameters, _ instrument: OrderIntent.Instrument
    ) throws(MeaningProblem) -> OrderIntent {
        var order = OrderIntent(nil, nil, .limit, on: instrument)
        (order.replaces, order.unit, order.price) = (true, .contracts, try p.price())
        if let size = try p.signed("size") {
            (order.quantity, order.side) = (size.magnitude, size.isNegative ? .sell : .buy)
        }
        return try p.checked(order)
    }

    private static let triggered: Route.OrderReading = { p throws(MeaningProblem) in
        let initial = KnownNames.body(
            "contract! size price! close tif text reduce_only auto_size is_reduce_only is_close")
        let names = KnownNames.body("strategy_type price_type price! rule! expiration")
        guard let trigger = try p.object("trigger", known: names),
            let inner = try p.object("initial", known: initial)
        else { throw p.problem("initial", "and trigger are needed") }
        var order = try contracts(inner, settled(p))
        order.stopPrice = try trigger.price()
        order.kind = order.kind == .market ? .stopMarket : .stopLimit
        return [try p.checked(order)]
    }
}
