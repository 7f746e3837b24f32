// Orders of the spot host: spot, margin, lists, and their algorithms.

extension BinanceTable {
    static let sides: [String: Side] = ["BUY": .buy, "SELL": .sell]
    static let times: [String: TimeInForce] = [
        "GTC": .gtc, "IOC": .ioc, "FOK": .fok, "GTX": .postOnly, "GTD": .gtd, "RPI": .postOnly,
    ]
    private static let kinds: [String: OrderKind] = [
        "LIMIT": .limit, "MARKET": .market, "LIMIT_MAKER": .limitMaker, "STOP_LOSS": .stopMarket,
        "STOP_LOSS_LIMIT": .stopLimit, "TAKE_PROFIT": .takeProfitMarket,
        "TAKE_PROFIT_LIMIT": .takeProfitLimit,
    ]
    private static let id = ClientOrderIDField("newClientOrderId", 36)

    private static let common = KnownNames(
        """
        symbol! side! type! timeInForce quantity price newClientOrderId icebergQty newOrderRespType
        selfTradePreventionMode
        """)
    private static let spot = common.and(
        KnownNames(
            """
            quoteOrderQty strategyId strategyType stopPrice trailingDelta pegPriceType pegOffsetValue
            pegOffsetType
            """))

    static let orders: [Route] =
        [
            .trade(["spot"], .post, "/api/v3/order", spot, id: id) { p throws(MeaningProblem) in
                [try single(p)]
            },
            .trade(
                ["spot"], .post, "/api/v3/order/test", spot.and(KnownNames("computeCommissionRates")), id: id
            ) { p throws(MeaningProblem) in [try single(p)] },
            .trade(
                ["spot"], .post, "/api/v3/sor/order", common.and(KnownNames("strategyId strategyType")),
                id: id
            ) { p throws(MeaningProblem) in [try single(p)] },
            .trade(
                ["spot"], .post, "/api/v3/sor/order/test",
                common.and(KnownNames("strategyId strategyType computeCommissionRates")), id: id
            ) { p throws(MeaningProblem) in [try single(p)] },
            .trade(
                ["spot"], .post, "/api/v3/order/cancelReplace",
                spot.and(
                    KnownNames(
                        """
                        cancelReplaceMode! cancelNewClientOrderId cancelOrigClientOrderId cancelOrderId
                        cancelRestrictions orderRateLimitExceededMode
                        """)), id: id, cancelReplace),
            .trade(
                ["spot"], .put, "/api/v3/order/amend/keepPriority",
                KnownNames("symbol! orderId origClientOrderId newClientOrderId newQty!"), amend),
            .trade(
                ["spot"], .post, "/sapi/v1/margin/order",
                common.and(KnownNames("isIsolated quoteOrderQty stopPrice sideEffectType autoRepayAtCancel")),
                id: id
            ) { p throws(MeaningProblem) in [try margin(p, single(p))] },
            .trade(
                ["spot"], .post, "/sapi/v1/algo/spot/newOrderTwap",
                KnownNames("symbol! side! quantity! duration! clientAlgoId limitPrice stpMode"),
                id: ClientOrderIDField("clientAlgoId", 32)
            ) { p throws(MeaningProblem) in [try algorithm(p, on: .spot)] },
            .trade(
                ["spot"], .post, "/sapi/v1/algo/futures/newOrderTwap",
                KnownNames(
                    "symbol! side! positionSide quantity! duration! clientAlgoId reduceOnly limitPrice"),
                id: ClientOrderIDField("clientAlgoId", 32)
            ) { p throws(MeaningProblem) in [try algorithm(p, on: .linear)] },
            .trade(
                ["spot"], .post, "/sapi/v1/algo/futures/newOrderVp",
                KnownNames(
                    "symbol! side! positionSide quantity! urgency! clientAlgoId reduceOnly limitPrice"),
                id: ClientOrderIDField("clientAlgoId", 32)
            ) { p throws(MeaningProblem) in [try algorithm(p, on: .linear)] },
        ] + lists

    private static let single: @Sendable (Parameters) throws(MeaningProblem) -> OrderIntent = {
        p throws(MeaningProblem) in
        var order = OrderIntent(
            try p.symbol(), try p.neededChoice("side", sides), try p.neededChoice("type", kinds), on: .spot)
        try p.quantity(["quantity": .base, "quoteOrderQty": .quote], of: &order)
        (order.price, order.stopPrice) = (try p.price(), try p.price("stopPrice"))
        order.timeInForce = try p.choice("timeInForce", times)
        order.clientOrderID = try p.word("newClientOrderId")
        if try p.word("trailingDelta") != nil, !order.kind.hasLimit { order.kind = .trailing }
        // The exchange sets the price, from the book.
        if try p.word("pegPriceType") != nil { (order.kind, order.price) = (.other, nil) }
        return try p.checked(order)
    }

    /// Where the old order need not be gone first, the new one comes in addition.
    private static let cancelReplace: Route.OrderReading = { p throws(MeaningProblem) in
        var order = try single(p)
        order.replaces = try p.neededChoice(
            "cancelReplaceMode", ["STOP_ON_FAILURE": true, "ALLOW_FAILURE": false])
        return [order]
    }

    private static let amend: Route.OrderReading = { p throws(MeaningProblem) in
        var order = OrderIntent(try p.symbol(), nil, .limit, on: .spot)
        (order.replaces, order.quantity) = (true, try p.decimal("newQty"))
        return [try p.checked(order)]
    }

    static func margin(_ p: Parameters, _ order: OrderIntent) throws(MeaningProblem) -> OrderIntent {
        var order = order
        try p.refuseBorrowing("sideEffectType", unless: ["NO_SIDE_EFFECT", "AUTO_REPAY"])
        order.instrument = .margin
        order.marginMode = try p.flag("isIsolated") ? "isolated" : "cross"
        return order
    }

    /// Worked off in parts, at the market or up to a price.
    private static func algorithm(
        _ p: Parameters, on instrument: OrderIntent.Instrument
    ) throws(MeaningProblem) -> OrderIntent {
        var order = OrderIntent(
            try p.symbol(), try p.neededChoice("side", sides), .other, on: instrument)
        (order.quantity, order.price) = (try p.decimal("quantity"), try p.price("limitPrice"))
        order.clientOrderID = try p.word("clientAlgoId")
        try position(p, &order)
        return try p.checked(order)
    }

    /// In hedge mode a sell of a long position and a buy of a short one only close; elsewhere the exchange
    /// refuses a position side.
    static func position(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        let side = try p.choice("positionSide", ["BOTH": "", "LONG": "long", "SHORT": "short"])
        order.positionSide = side == "" ? nil : side
        let closes = order.positionSide.map { ($0 == "long") == (order.side == .sell) } ?? false
        order.isReduceOnly = try p.flag("reduceOnly") || closes
    }
}

// MARK: - Lists

extension BinanceTable {
    private static let listID = ClientOrderIDField("listClientOrderId", 36)

    /// The names of one leg, by the word that they begin with.
    private static func leg(_ word: String) -> KnownNames {
        let names =
            """
            Type! ClientOrderId IcebergQty Price StopPrice TrailingDelta TimeInForce StrategyId StrategyType
            PegPriceType PegOffsetType PegOffsetValue
            """
        return KnownNames(
            names.split(whereSeparator: { " \n".contains($0) }).map { word + $0 }.joined(separator: " "))
    }

    private static let list = KnownNames("symbol! listClientOrderId newOrderRespType selfTradePreventionMode")
    private static let working = leg("working").and(KnownNames("workingSide! workingQuantity!"))
    private static let oldOCO = KnownNames(
        """
        symbol! listClientOrderId side! quantity! limitClientOrderId limitStrategyId limitStrategyType
        price! limitIcebergQty trailingDelta stopClientOrderId stopPrice! stopStrategyId stopStrategyType
        stopLimitPrice stopIcebergQty stopLimitTimeInForce newOrderRespType selfTradePreventionMode
        """)

    private static let lists: [Route] = [
        .trade(["spot"], .post, "/api/v3/order/oco", oldOCO, id: listID) { p throws(MeaningProblem) in
            try oneCancelsOther(p)
        },
        .trade(
            ["spot"], .post, "/sapi/v1/margin/order/oco",
            oldOCO.and(KnownNames("isIsolated sideEffectType autoRepayAtCancel")), id: listID
        ) { p throws(MeaningProblem) in
            var orders: [OrderIntent] = []
            for order in try oneCancelsOther(p) { orders.append(try margin(p, order)) }
            return orders
        },
        .trade(
            ["spot"], .post, "/api/v3/orderList/oco",
            list.and(leg("above")).and(leg("below")).and(KnownNames("side! quantity!")), id: listID
        ) { p throws(MeaningProblem) in
            [
                try legOrder(p, "above", side: "side", quantity: "quantity", alternative: 1),
                try legOrder(p, "below", side: "side", quantity: "quantity", alternative: 1),
            ]
        },
        .trade(
            ["spot"], .post, "/api/v3/orderList/oto",
            list.and(working).and(leg("pending")).and(KnownNames("pendingSide! pendingQuantity!")), id: listID
        ) { p throws(MeaningProblem) in
            [
                try legOrder(p, "working", side: "workingSide", quantity: "workingQuantity"),
                try legOrder(p, "pending", side: "pendingSide", quantity: "pendingQuantity"),
            ]
        },
        .trade(
            ["spot"], .post, "/api/v3/orderList/otoco",
            list.and(working).and(leg("pendingAbove")).and(leg("pendingBelow").optional).and(
                KnownNames("pendingSide! pendingQuantity!")), id: listID
        ) { p throws(MeaningProblem) in
            [
                try legOrder(p, "working", side: "workingSide", quantity: "workingQuantity"),
                try legOrder(
                    p, "pendingAbove", side: "pendingSide", quantity: "pendingQuantity", alternative: 1),
                try legOrder(
                    p, "pendingBelow", side: "pendingSide", quantity: "pendingQuantity", alternative: 1),
            ]
        },
    ]

    private static func legOrder(
        _ p: Parameters, _ word: String, side: String, quantity: String, alternative: Int? = nil
    ) throws(MeaningProblem) -> OrderIntent {
        var order = OrderIntent(
            try p.symbol(), try p.neededChoice(side, sides), try p.neededChoice("\(word)Type", kinds),
            on: .spot)
        order.quantity = try p.decimal(quantity)
        (order.price, order.stopPrice) = (try p.price("\(word)Price"), try p.price("\(word)StopPrice"))
        order.timeInForce = try p.choice("\(word)TimeInForce", times)
        order.clientOrderID = try p.word("\(word)ClientOrderId")
        order.alternative = alternative
        if try p.word("\(word)PegPriceType") != nil { (order.kind, order.price) = (.other, nil) }
        return try p.checked(order)
    }

    private static func oneCancelsOther(_ p: Parameters) throws(MeaningProblem) -> [OrderIntent] {
        let (symbol, side) = (try p.symbol(), try p.neededChoice("side", sides))
        var limit = OrderIntent(symbol, side, .limitMaker, on: .spot)
        (limit.quantity, limit.price, limit.alternative) = (try p.decimal("quantity"), try p.price(), 1)
        limit.clientOrderID = try p.word("limitClientOrderId")
        var stop = OrderIntent(symbol, side, .stopMarket, on: .spot)
        (stop.quantity, stop.price, stop.alternative) = (limit.quantity, try p.price("stopLimitPrice"), 1)
        (stop.stopPrice, stop.clientOrderID) = (try p.price("stopPrice"), try p.word("stopClientOrderId"))
        stop.timeInForce = try p.choice("stopLimitTimeInForce", times)
        if stop.price != nil { stop.kind = .stopLimit }
        return [try p.checked(limit), try p.checked(stop)]
    }
}
