import Kernel

// Orders of accounts that have spot and futures in one.

extension KuCoinTable {
    private static let id = ClientOrderIDField("clientOid", 40)
    private static let order = KnownNames.body(
        """
        tradeType! clientOid symbol! side! orderType! size! sizeUnit price timeInForce postOnly reduceOnly
        stp cancelAfter tags remark hidden iceberg visibleSize autoBorrow autoRepay positionSide marginMode
        leverage triggerDirection triggerPriceType triggerPrice tpTriggerPriceType tpTriggerPrice
        slTriggerPriceType slTriggerPrice
        """)

    static let unifiedOrders: [Route] = [
        .trade(["spot"], .post, unified + "{mode=unified|classic}/order/place", order, id: id) {
            p throws(MeaningProblem) in try single(p)
        },
        .trade(
            ["spot"], .post, unified + "{mode=unified|classic}/order/place-batch",
            .body("tradeType orderList!"),
            id: id.inList("orderList")
        ) { p throws(MeaningProblem) in
            try p.all("orderList", order) { row throws(MeaningProblem) in try single(row) }
        },
    ]

    private static func single(_ p: Parameters) throws(MeaningProblem) -> [OrderIntent] {
        try p.refuseBorrowing("autoBorrow", unless: ["false"])
        let symbol = try p.symbol()
        let hasLimit = try p.neededChoice("orderType", ["LIMIT": true, "MARKET": false])
        let stop = try p.price("triggerPrice")
        guard (stop == nil) == (try p.choice("triggerDirection", ["UP": "", "DOWN": ""]) == nil) else {
            throw p.problem("triggerDirection", "and triggerPrice go together")
        }
        let kind: OrderKind =
            stop == nil ? (hasLimit ? .limit : .market) : (hasLimit ? .stopLimit : .stopMarket)
        var order = OrderIntent(
            symbol, try p.neededChoice("side", ["BUY": .buy, "SELL": .sell]), kind,
            on: try instrument(p, symbol))
        (order.price, order.stopPrice) = (try p.price(unless: !hasLimit), stop)
        order.quantity = try p.decimal("size")
        let isFuture = order.instrument == .linear || order.instrument == .inverse
        order.unit = try unit(p, isFuture: isFuture, isMarket: !hasLimit)
        order.timeInForce = try p.choice(
            "timeInForce", ["GTC": .gtc, "IOC": .ioc, "FOK": .fok, "GTT": .gtd, "RPI": .postOnly])
        try p.postOnly("postOnly", &order)
        try position(p, &order)
        order.leverage = try p.decimal("leverage")
        order.clientOrderID = try p.word("clientOid")
        let attached = [
            try p.attached(.profit, "tpTriggerPrice", to: order),
            try p.attached(.stop, "slTriggerPrice", to: order),
        ]
        return [try p.checked(order)] + attached.compactMap { $0 }
    }

    /// Quote is for market orders of spot and margin, which must say what they count.
    private static func unit(
        _ p: Parameters, isFuture: Bool, isMarket: Bool
    ) throws(MeaningProblem) -> OrderIntent.Unit {
        if isFuture {
            return try p.choice("sizeUnit", ["BASECCY": .base, "UNIT": .contracts]) ?? .contracts
        }
        if isMarket { return try p.neededChoice("sizeUnit", ["BASECCY": .base, "QUOTECCY": .quote]) }
        return try p.choice("sizeUnit", ["BASECCY": .base]) ?? .base
    }

    private static func instrument(
        _ p: Parameters, _ symbol: String
    ) throws(MeaningProblem) -> OrderIntent.Instrument {
        switch try p.needed("tradeType") {
        case "SPOT": .spot
        case "MARGIN", "CROSS", "ISOLATED": .margin
        case "FUTURES": symbol.hasSuffix("USDTM") || symbol.hasSuffix("USDCM") ? .linear : .inverse
        default: throw p.problem("tradeType", "is not known here")
        }
    }
}
