import Kernel

// Spot is much like Binance's; futures count in contracts, and their side says whether they open or close.

extension MEXCTable {
    private static let kinds: [String: (OrderKind, TimeInForce?)] = [
        "LIMIT": (.limit, .gtc), "MARKET": (.market, nil), "LIMIT_MAKER": (.limitMaker, .postOnly),
        "IMMEDIATE_OR_CANCEL": (.limit, .ioc), "FILL_OR_KILL": (.limit, .fok),
    ]
    private static let id = ClientOrderIDField("newClientOrderId", 32)

    private static let order = KnownNames(
        "symbol! side! type! quantity quoteOrderQty price newClientOrderId stpMode")

    static let spotOrders: [Route] =
        ["/api/v3/order", "/api/v3/order/test"].map { path in
            .trade(["spot"], .post, path, order, id: id) { p throws(MeaningProblem) in [try spot(p)] }
        } + [
            .trade(
                ["spot"], .post, "/api/v3/batchOrders", KnownNames("batchOrders!"),
                id: id.inList("batchOrders")
            ) { p throws(MeaningProblem) in
                try p.each("batchOrders", order) { row throws(MeaningProblem) in try spot(row) }
            }
        ]

    private static func spot(_ p: Parameters) throws(MeaningProblem) -> OrderIntent {
        let (kind, time) = try p.neededChoice("type", kinds)
        var order = OrderIntent(
            try p.symbol(), try p.neededChoice("side", ["BUY": Side.buy, "SELL": .sell]), kind, on: .spot)
        try p.quantity(["quantity": .base, "quoteOrderQty": .quote], of: &order)
        (order.price, order.timeInForce) = (try p.price(unless: kind == .market), time)
        order.clientOrderID = try p.word("newClientOrderId")
        return try p.checked(order)
    }
}

// MARK: - Futures

extension MEXCTable {
    private static let externalID = ClientOrderIDField("externalOid", 32)
    private static let path = "/api/v1/private/"
    private static let host = ["futures"]

    private static let future = KnownNames.body(
        """
        symbol! price vol! leverage side! type! openType! positionId externalOid stopLossPrice takeProfitPrice
        positionMode reduceOnly marketCeiling flashClose priceProtect lossTrend profitTrend bboTypeNum stpMode
        """)
    private static let plan = KnownNames.body(
        """
        symbol! price vol! leverage side! type openType! triggerPrice! triggerType! executeCycle! orderType!
        trend! priceProtect positionMode reduceOnly lossTrend profitTrend stopLossPrice takeProfitPrice
        marketCeiling
        """)
    private static let track = KnownNames.body(
        """
        symbol! leverage side! vol! openType! trend! activePrice backType! backValue! positionMode reduceOnly
        """)
    /// Of positions that are there.
    private static let stop = KnownNames.body(
        """
        positionId! vol stopLossPrice takeProfitPrice lossTrend profitTrend priceProtect profitLossVolType
        takeProfitVol stopLossVol volType takeProfitType takeProfitOrderPrice stopLossType stopLossOrderPrice
        """)

    static let futuresOrders: [Route] =
        ["order/submit", "order/create"].map { name in
            .trade(host, .post, path + name, future, id: externalID) { p throws(MeaningProblem) in
                try withPrices(p, futures(p))
            }
        }
        + ["planorder/place", "planorder/place/v2"].map { name in
            .trade(host, .post, path + name, plan) { p throws(MeaningProblem) in
                let hasLimit = try type(p, "orderType").0.hasLimit
                var order = try begun(p, hasLimit ? .stopLimit : .stopMarket)
                order.price = try p.price(unless: !hasLimit)
                order.stopPrice = try p.price("triggerPrice")
                return try withPrices(p, p.checked(order))
            }
        } + more

    private static let more: [Route] = [
        .trade(
            host, .post, path + "order/submit_batch", .body(Parameters.list + "!"),
            id: externalID.inList(Parameters.list)
        ) { p throws(MeaningProblem) in
            try p.all(Parameters.list, future) { row throws(MeaningProblem) in
                try withPrices(row, futures(row))
            }
        },
        .trade(host, .post, path + "trackorder/place", track) { p throws(MeaningProblem) in
            [try p.checked(begun(p, .trailing))]
        },
        .trade(host, .post, path + "order/change_limit_order", .body("orderId! price! vol!")) {
            p throws(MeaningProblem) in
            var order = OrderIntent(nil, nil, .limit, on: .linear)
            (order.replaces, order.unit) = (true, .contracts)
            (order.quantity, order.price) = (try p.decimal("vol"), try p.price())
            return [try p.checked(order)]
        },
        .trade(host, .post, path + "order/chase_limit_order", .body("orderId!")) { p throws(MeaningProblem) in
            var order = OrderIntent(nil, nil, .other, on: .linear)
            order.replaces = true
            return [order]
        },
        .trade(host, .post, path + "stoporder/place", stop) { p throws(MeaningProblem) in
            var order = OrderIntent(nil, nil, .stopMarket, on: .linear)
            (order.closesPosition, order.isReduceOnly) = (true, true)
            order.stopPrice = try p.price("stopLossPrice")
            return [order]
        },
        .trade(host, .post, path + "position/close_all", .body("symbol")) { p throws(MeaningProblem) in
            var order = OrderIntent(try p.text("symbol"), nil, .market, on: .linear)
            (order.closesPosition, order.isReduceOnly) = (true, true)
            return [order]
        },
    ]

    private static func futures(_ p: Parameters) throws(MeaningProblem) -> OrderIntent {
        let (kind, time) = try type(p, "type")
        var order = try begun(p, kind)
        (order.price, order.timeInForce) = (try p.price(unless: !kind.hasLimit), time)
        // The exchange sets the price, from the book.
        if let best = try p.word("bboTypeNum"), best != "0" { (order.kind, order.price) = (.other, nil) }
        return try p.checked(order)
    }

    /// Profit and stop at the market. That they can only close is not documented.
    private static func withPrices(
        _ p: Parameters, _ order: OrderIntent
    ) throws(MeaningProblem) -> [OrderIntent] {
        let attached = [
            try p.attached(.profit, "takeProfitPrice", to: order),
            try p.attached(.stop, "stopLossPrice", to: order),
        ]
        return [order] + attached.compactMap { $0 }
    }

    private static func type(
        _ p: Parameters, _ name: String
    ) throws(MeaningProblem) -> (OrderKind, TimeInForce?) {
        try p.neededChoice(
            name,
            [
                "1": (OrderKind.limit, TimeInForce.gtc), "2": (.limitMaker, .postOnly), "3": (.limit, .ioc),
                "4": (.limit, .fok), "5": (.market, nil), "6": (.market, nil),
            ])
    }

    /// 1 opens a long position, 2 closes a short one, 3 opens a short one, 4 closes a long one.
    private static func begun(_ p: Parameters, _ kind: OrderKind) throws(MeaningProblem) -> OrderIntent {
        let symbol = try p.symbol()
        let side = try p.neededChoice(
            "side",
            [
                "1": (Side.buy, "long", false), "2": (.buy, "short", true), "3": (.sell, "short", false),
                "4": (.sell, "long", true),
            ])
        var order = OrderIntent(symbol, side.0, kind, on: symbol.hasSuffix("_USD") ? .inverse : .linear)
        (order.quantity, order.unit, order.positionSide) = (try p.decimal("vol"), .contracts, side.1)
        // What a side that closes does in one-way mode is not documented, and only that mode reads the mark:
        // without both, the request must say the mode.
        let isMarked = try p.flag("reduceOnly")
        let isHedged = try p.choice("positionMode", ["1": true, "2": false])
        order.isReduceOnly = side.2 ? isMarked || isHedged == true : isMarked && isHedged == false
        // Of both no document says how much they let through.
        for name in ["marketCeiling", "flashClose"] {
            try p.refuse(name, unless: ["false", "0"], "may take another size than the order's")
        }
        order.leverage = try p.decimal("leverage")
        order.marginMode = try p.choice("openType", ["1": "isolated", "2": "cross"])
        order.clientOrderID = try p.word("externalOid")
        return order
    }
}
