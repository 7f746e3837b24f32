import Kernel

// Futures of version 2, and version 3.

extension BitgetTable {
    private static let products: [String: OrderIntent.Instrument] = [
        "usdt-futures": .linear, "usdc-futures": .linear, "coin-futures": .inverse,
        "susdt-futures": .linear, "susdc-futures": .linear, "scoin-futures": .inverse,
    ]
    private static let modes = ["crossed": "cross", "cross": "cross", "isolated": "isolated"]

    private static let row = KnownNames.body(
        """
        size! price side! tradeSide orderType! force clientOid reduceOnly presetStopSurplusPrice
        presetStopLossPrice presetStopSurplusExecutePrice presetStopLossExecutePrice stpMode
        presetStopSurplusTriggerType presetStopLossTriggerType
        """)
    private static let frame = KnownNames.body("symbol! productType! marginMode! marginCoin!")
    private static let plan = KnownNames.body(
        """
        planType! symbol! productType! marginMode! marginCoin! size! price executePrice force callbackRatio
        triggerPrice triggerType side! tradeSide orderType clientOid reduceOnly presetStopSurplusPrice
        stopSurplusTriggerPrice stopSurplusExecutePrice stopSurplusTriggerType presetStopLossPrice
        stopLossTriggerPrice stopLossExecutePrice stopLossTriggerType stpMode
        """)
    /// Of positions that are there.
    private static let closing = KnownNames.body(
        """
        marginCoin productType! symbol! planType orderType force price triggerPrice triggerType executePrice
        holdSide size rangeRate clientOid stpMode stopSurplusTriggerPrice stopSurplusTriggerType
        stopSurplusExecutePrice stopSurplusSize stopLossTriggerPrice stopLossTriggerType
        stopLossExecutePrice stopLossSize stopSurplusClientOid stopLossClientOid orderId
        """)
    private static let change = KnownNames.body(
        """
        orderId clientOid symbol! productType! marginCoin newClientOid newSize newPrice
        newPresetStopSurplusPrice newPresetStopLossPrice newPresetStopSurplusTriggerType
        newPresetStopLossTriggerType newTriggerPrice newTriggerType newCallbackRatio
        newStopSurplusTriggerPrice newStopSurplusExecutePrice newStopSurplusTriggerType
        newStopLossTriggerPrice newStopLossExecutePrice newStopLossTriggerType planType
        """)

    static let mixOrders: [Route] =
        [
            .trade(host, .post, "/api/v2/mix/order/place-order", frame.and(row), id: id) {
                p throws(MeaningProblem) in try withPresets(p, mix(p, p))
            },
            .trade(
                host, .post, "/api/v2/mix/order/batch-place-order", frame.and(.body("orderList!")),
                id: id.inList("orderList")
            ) { p throws(MeaningProblem) in
                let known = row.and(.body("symbol productType marginMode marginCoin"))
                return try p.all("orderList", known) { row throws(MeaningProblem) in
                    for name in ["symbol", "productType", "marginMode", "marginCoin"] {
                        try row.agree(name, with: p.text(name))
                    }
                    return try withPresets(row, mix(row, p))
                }
            },
            .trade(host, .post, "/api/v2/mix/order/place-plan-order", plan, id: id) {
                p throws(MeaningProblem) in
                var order = try mix(p, p, kinds: ["limit": .stopLimit, "market": .stopMarket])
                let isTrailing = try p.neededChoice("planType", ["normal_plan": false, "track_plan": true])
                if isTrailing { (order.kind, order.price) = (.trailing, nil) }
                order.stopPrice = try p.price("triggerPrice")
                if order.price != nil { try p.agree("executePrice", with: p.text("price")) }
                return try withPresets(p, p.checked(order))
            },
            .trade(host, .post, "/api/v2/mix/order/close-positions", .body("symbol productType! holdSide")) {
                p throws(MeaningProblem) in [try closed(p, .market)]
            },
        ]
        + ["modify-order", "modify-plan-order"].map { name in
            .trade(host, .post, "/api/v2/mix/order/\(name)", change) { p throws(MeaningProblem) in
                var order = OrderIntent(
                    try p.symbol(), nil, .limit,
                    on: try p.neededChoice("productType", products, isFolding: true))
                (order.replaces, order.clientOrderID) = (true, try p.word("newClientOid"))
                (order.quantity, order.price) = (try p.decimal("newSize"), try p.price("newPrice"))
                order.stopPrice = try p.price("newTriggerPrice")
                return try withPresets(p, p.checked(order))
            }
        }
        + ["place-tpsl-order", "place-pos-tpsl", "modify-tpsl-order"].map { name in
            .trade(host, .post, "/api/v2/mix/order/\(name)", closing) { p throws(MeaningProblem) in
                // A plan of another type is an order like any, which has a route of its own.
                _ = try p.choice("planType", closingPlans)
                var order = try closed(p, .stopMarket)
                (order.stopPrice, order.price) = (try p.price("triggerPrice"), try p.price("executePrice"))
                if order.price != nil { order.kind = .stopLimit }
                return [try p.checked(order)]
            }
        }

    /// https://www.bitget.com/api-doc/contract/plan/Place-Tpsl-Order: of a position that is held.
    private static let closingPlans = [
        "profit_plan": "", "loss_plan": "", "moving_plan": "", "pos_profit": "", "pos_loss": "",
    ]

    /// The names of profit and stop, and of their limits, in orders, plans and changes. That they can only
    /// close is not documented of them, as it is of what is placed for a position.
    private static let presets: [(what: AttachedOrder, trigger: String, limit: String?)] = [
        (.profit, "presetStopSurplusPrice", "presetStopSurplusExecutePrice"),
        (.stop, "presetStopLossPrice", "presetStopLossExecutePrice"),
        (.profit, "stopSurplusTriggerPrice", "stopSurplusExecutePrice"),
        (.stop, "stopLossTriggerPrice", "stopLossExecutePrice"),
        (.profit, "newPresetStopSurplusPrice", nil), (.stop, "newPresetStopLossPrice", nil),
        (.profit, "newStopSurplusTriggerPrice", "newStopSurplusExecutePrice"),
        (.stop, "newStopLossTriggerPrice", "newStopLossExecutePrice"),
    ]

    private static func withPresets(
        _ p: Parameters, _ order: OrderIntent
    ) throws(MeaningProblem) -> [OrderIntent] {
        var orders = [order]
        for preset in presets {
            guard let found = try p.attached(preset.what, preset.trigger, preset.limit, to: order) else {
                continue
            }
            orders.append(found)
        }
        return orders
    }

    /// - Parameter frame: what says symbol, product and margin.
    private static func mix(
        _ p: Parameters, _ frame: Parameters,
        kinds: [String: OrderKind] = ["limit": .limit, "market": .market]
    ) throws(MeaningProblem) -> OrderIntent {
        let kind = try p.choice("orderType", kinds, isFolding: true) ?? .market
        var order = OrderIntent(
            try frame.symbol(), try p.neededChoice("side", sides, isFolding: true), kind,
            on: try frame.neededChoice("productType", products, isFolding: true))
        order.marginMode = try frame.neededChoice("marginMode", modes)
        (order.quantity, order.price) = (try p.decimal("size"), try p.price(unless: !kind.hasLimit))
        order.timeInForce = try p.choice("force", times, isFolding: true)
        order.clientOrderID = try p.word("clientOid")
        let closes = try p.choice("tradeSide", ["open": false, "close": true], isFolding: true)
        order.isReduceOnly = try isReduceOnly(p, closes)
        // Hedge mode closes a long position by a `buy` that sells.
        if closes == true { order.side = nil }
        return try p.checked(order)
    }

    /// One-way mode takes no notice of `tradeSide`, hedge mode none of `reduceOnly`, and the request does not
    /// say which mode holds: an order only reduces for sure when whatever is there says so.
    private static func isReduceOnly(_ p: Parameters, _ closes: Bool?) throws(MeaningProblem) -> Bool {
        try p.flag("reduceOnly", ["YES", "yes"], ["NO", "no"]) && closes != false
    }

    /// The whole of a position, or a part that is not looked at: it opens none.
    private static func closed(_ p: Parameters, _ kind: OrderKind) throws(MeaningProblem) -> OrderIntent {
        var order = OrderIntent(
            try p.text("symbol"), nil, kind,
            on: try p.neededChoice("productType", products, isFolding: true))
        (order.closesPosition, order.isReduceOnly) = (true, true)
        order.clientOrderID = try p.word("clientOid")
        let side = try p.choice(
            "holdSide", ["long": "long", "short": "short", "buy": "long", "sell": "short"])
        order.positionSide = side
        return try p.checked(order)
    }
}

// MARK: - Version 3

extension BitgetTable {
    private static let categories: [String: OrderIntent.Instrument] = [
        "spot": .spot, "margin": .margin, "usdt-futures": .linear, "usdc-futures": .linear,
        "coin-futures": .inverse,
    ]
    /// The last one is a remain of ccxt, that Bitget ignores.
    private static let unified = KnownNames.body(
        """
        category! symbol! qty! price side! orderType! timeInForce posSide clientOid reduceOnly stpMode
        tpTriggerBy slTriggerBy takeProfit stopLoss tpOrderType slOrderType tpLimitPrice slLimitPrice
        marginMode createMarketBuyOrderRequiresPrice
        """)
    private static let unifiedChange = KnownNames.body(
        "orderId clientOid symbol category qty price autoCancel")
    private static let list = KnownNames.body(Parameters.list)

    static let unifiedOrders: [Route] = [
        .trade(host, .post, "/api/v3/trade/place-order", unified, id: id) { p throws(MeaningProblem) in
            try single(p)
        },
        .trade(host, .post, "/api/v3/trade/place-batch", list, id: id.inList(Parameters.list)) {
            p throws(MeaningProblem) in
            try p.all(Parameters.list, unified) { row throws(MeaningProblem) in try single(row) }
        },
        .trade(host, .post, "/api/v3/trade/modify-order", unifiedChange) { p throws(MeaningProblem) in
            [try changed(p)]
        },
        .trade(host, .post, "/api/v3/trade/batch-modify-order", list) { p throws(MeaningProblem) in
            try p.each(Parameters.list, unifiedChange) { row throws(MeaningProblem) in try changed(row) }
        },
        .trade(
            host, .post, "/api/v3/trade/place-strategy-order",
            .body(
                """
                category! symbol! type tpslMode qty side! posSide clientOid tpTriggerBy slTriggerBy takeProfit
                stopLoss tpOrderType slOrderType tpLimitPrice slLimitPrice
                """), id: id, strategy),
        .trade(host, .post, "/api/v3/trade/close-positions", .body("category! symbol posSide")) {
            p throws(MeaningProblem) in
            var order = OrderIntent(try p.text("symbol"), nil, .market, on: try category(p))
            (order.closesPosition, order.isReduceOnly) = (true, true)
            order.positionSide = try p.choice("posSide", ["long": "long", "short": "short"])
            return [try p.checked(order)]
        },
    ]

    private static func category(_ p: Parameters) throws(MeaningProblem) -> OrderIntent.Instrument {
        try p.neededChoice("category", categories, isFolding: true)
    }

    private static func single(_ p: Parameters) throws(MeaningProblem) -> [OrderIntent] {
        let kind = try p.neededChoice("orderType", kinds, isFolding: true)
        var order = OrderIntent(
            try p.symbol(), try p.neededChoice("side", sides, isFolding: true), kind, on: try category(p))
        (order.quantity, order.price) = (try p.decimal("qty"), try p.price(unless: kind == .market))
        let isCash = order.instrument == .spot || order.instrument == .margin
        if isCash, kind == .market, order.side == .buy { order.unit = .quote }
        order.timeInForce = try p.choice("timeInForce", times, isFolding: true)
        order.clientOrderID = try p.word("clientOid")
        order.marginMode = try p.choice("marginMode", modes)
        order.positionSide = try p.choice("posSide", ["long": "long", "short": "short"])
        let isMarked = try p.flag("reduceOnly", ["YES", "yes"], ["NO", "no"])
        // Hedge mode goes by the position's side, and takes no notice of the mark.
        let opens = order.positionSide.map { ($0 == "long") == (order.side == .buy) } ?? false
        order.isReduceOnly = isMarked && !opens && !isCash
        let types = ["market": false, "limit": true]
        return [try p.checked(order)] + (try p.profitAndStop(of: order, types, isFolding: true))
    }

    /// Profit and stop: of what is held where it names no quantity, else orders like any.
    private static let strategy: Route.OrderReading = { p throws(MeaningProblem) in
        try p.refuse("type", unless: ["tpsl"], "is not known here")
        var orders: [OrderIntent] = []
        for (word, market, limit) in [
            ("takeProfit", OrderKind.takeProfitMarket, "tpLimitPrice"),
            ("stopLoss", .stopMarket, "slLimitPrice"),
        ] where try p.says(word) {
            var order = OrderIntent(
                try p.symbol(), try p.neededChoice("side", sides, isFolding: true), market,
                on: try category(p))
            (order.stopPrice, order.price) = (try p.price(word), try p.price(limit))
            (order.quantity, order.alternative) = (try p.decimal("qty"), 1)
            if order.price != nil { order.kind = market == .stopMarket ? .stopLimit : .takeProfitLimit }
            (order.closesPosition, order.isReduceOnly) = (order.quantity == nil, order.quantity == nil)
            order.positionSide = try p.choice("posSide", ["long": "long", "short": "short"])
            order.clientOrderID = try p.word("clientOid")
            orders.append(try p.checked(order))
        }
        guard !orders.isEmpty else { throw p.problem("stopLoss", "or takeProfit is needed") }
        return orders
    }

    /// The order is found by its id alone: what a request says of it may be of another one.
    private static func changed(_ p: Parameters) throws(MeaningProblem) -> OrderIntent {
        let instrument = try p.choice("category", categories, isFolding: true) ?? .spot
        var order = OrderIntent(nil, nil, .limit, on: instrument)
        (order.replaces, order.clientOrderID) = (true, try p.word("clientOid"))
        (order.quantity, order.price) = (try p.decimal("qty"), try p.price())
        return try p.checked(order)
    }
}
