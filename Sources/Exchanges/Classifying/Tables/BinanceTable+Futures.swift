// Orders of the futures and options hosts.

extension BinanceTable {
    private static let kinds: [String: OrderKind] = [
        "LIMIT": .limit, "MARKET": .market, "STOP": .stopLimit, "TAKE_PROFIT": .takeProfitLimit,
        "STOP_MARKET": .stopMarket, "TAKE_PROFIT_MARKET": .takeProfitMarket,
        "TRAILING_STOP_MARKET": .trailing,
    ]
    private static let id = ClientOrderIDField("newClientOrderId", 36)

    private static let order = KnownNames(
        """
        symbol! side! positionSide type! timeInForce quantity reduceOnly price newClientOrderId stopPrice
        closePosition activationPrice callbackRate workingType priceProtect newOrderRespType priceMatch
        selfTradePreventionMode goodTillDate
        """)
    private static let algo = KnownNames(
        """
        algoType! symbol! side! positionSide type! timeInForce quantity price triggerPrice workingType
        priceMatch closePosition priceProtect reduceOnly activatePrice activationPrice callbackRate
        clientAlgoId newOrderRespType selfTradePreventionMode goodTillDate
        """)
    private static let change = KnownNames(
        "symbol! orderId origClientOrderId side! quantity! price priceMatch")
    /// Where one of quantity and price is enough.
    private static let coinChange = KnownNames(
        "symbol! orderId origClientOrderId side! quantity price priceMatch")

    static let futuresOrders: [Route] =
        routes("usdm", "/fapi/v1", .linear, .base) + routes("coinm", "/dapi/v1", .inverse, .contracts) + [
            .trade(["usdm"], .post, "/fapi/v1/order/test", order, id: id) { p throws(MeaningProblem) in
                [try single(p, .linear, .base)]
            }
        ] + options

    private static func routes(
        _ host: String, _ prefix: String, _ instrument: OrderIntent.Instrument, _ unit: OrderIntent.Unit
    ) -> [Route] {
        let change = instrument == .inverse ? coinChange : change
        return [
            .trade([host], .post, "\(prefix)/order", order, id: id) { p throws(MeaningProblem) in
                [try single(p, instrument, unit)]
            },
            .trade(
                [host], .post, "\(prefix)/batchOrders", KnownNames("batchOrders!"),
                id: id.inList("batchOrders")
            ) { p throws(MeaningProblem) in
                try p.each("batchOrders", order) { row throws(MeaningProblem) in
                    try single(row, instrument, unit)
                }
            },
            .trade([host], .put, "\(prefix)/order", change) { p throws(MeaningProblem) in
                [try changed(p, instrument, unit)]
            },
            .trade([host], .put, "\(prefix)/batchOrders", KnownNames("batchOrders!")) {
                p throws(MeaningProblem) in
                try p.each("batchOrders", change) { row throws(MeaningProblem) in
                    try changed(row, instrument, unit)
                }
            },
            .trade(
                [host], .post, "\(prefix)/algoOrder", algo, id: ClientOrderIDField("clientAlgoId", 36)
            ) { p throws(MeaningProblem) in
                guard try p.needed("algoType") == "CONDITIONAL" else {
                    throw p.problem("algoType", "must be CONDITIONAL")
                }
                return [try single(p, instrument, unit, stop: "triggerPrice", id: "clientAlgoId")]
            },
        ]
    }

    private static func single(
        _ p: Parameters, _ instrument: OrderIntent.Instrument, _ unit: OrderIntent.Unit,
        stop: String = "stopPrice", id: String = "newClientOrderId"
    ) throws(MeaningProblem) -> OrderIntent {
        var order = OrderIntent(
            try p.symbol(), try p.neededChoice("side", sides), try p.neededChoice("type", kinds),
            on: instrument)
        (order.quantity, order.unit) = (try p.decimal("quantity"), unit)
        (order.price, order.stopPrice) = (try p.price(), try p.price(stop))
        order.timeInForce = try p.choice("timeInForce", times)
        order.clientOrderID = try p.word(id)
        try position(p, &order)
        if try p.flag("closePosition") {
            guard order.quantity == nil, [.stopMarket, .takeProfitMarket].contains(order.kind) else {
                throw p.problem(
                    "closePosition", "goes without a quantity, with a stop or a profit at the market")
            }
            order.closesPosition = true
        }
        try match(p, &order)
        return try p.checked(order)
    }

    private static func changed(
        _ p: Parameters, _ instrument: OrderIntent.Instrument, _ unit: OrderIntent.Unit
    ) throws(MeaningProblem) -> OrderIntent {
        var order = OrderIntent(try p.symbol(), try p.neededChoice("side", sides), .limit, on: instrument)
        (order.quantity, order.unit, order.price) = (try p.decimal("quantity"), unit, try p.price())
        order.replaces = true
        try match(p, &order)
        return try p.checked(order)
    }

    /// The exchange sets the price, from the book.
    private static func match(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        guard let match = try p.word("priceMatch"), match != "NONE" else { return }
        (order.kind, order.price) = (.other, nil)
    }
}

// MARK: - Options

extension BinanceTable {
    private static let option = KnownNames(
        """
        symbol! side! type! quantity! price timeInForce reduceOnly postOnly newOrderRespType clientOrderId
        isMmp selfTradePreventionMode
        """)
    private static let optionID = ClientOrderIDField("clientOrderId", 32)

    private static let options: [Route] = [
        .trade(["options"], .post, "/eapi/v1/order", option, id: optionID) { p throws(MeaningProblem) in
            [try optionOrder(p)]
        },
        .trade(
            ["options"], .post, "/eapi/v1/batchOrders", KnownNames("orders!"), id: optionID.inList("orders")
        ) { p throws(MeaningProblem) in
            try p.each("orders", option) { row throws(MeaningProblem) in try optionOrder(row) }
        },
    ]

    private static func optionOrder(_ p: Parameters) throws(MeaningProblem) -> OrderIntent {
        var order = OrderIntent(
            try p.symbol(), try p.neededChoice("side", sides),
            try p.neededChoice("type", ["LIMIT": .limit, "MARKET": .market]), on: .option)
        (order.quantity, order.unit, order.price) = (try p.decimal("quantity"), .contracts, try p.price())
        order.timeInForce = try p.choice("timeInForce", times)
        try p.postOnly("postOnly", &order)
        (order.isReduceOnly, order.clientOrderID) = (try p.flag("reduceOnly"), try p.word("clientOrderId"))
        return try p.checked(order)
    }
}
