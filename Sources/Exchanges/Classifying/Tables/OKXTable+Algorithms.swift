import Kernel

// Orders that wait, follow or are worked off in parts.

extension OKXTable {
    private static let id = ClientOrderIDField("algoClOrdId", 32)

    private static let order = KnownNames.body(
        """
        instId! tdMode! ccy side! posSide ordType! sz tag tgtCcy algoClOrdId clOrdId closeFraction
        tradeQuoteCcy reduceOnly cxlOnClosePos quickMgnType tpTriggerPx tpTriggerPxType tpOrdPx tpOrdKind
        slTriggerPx slTriggerPxType slOrdPx tpTriggerRatio slTriggerRatio pxAmendType triggerPx orderPx
        triggerPxType advanceOrdType attachAlgoOrds callbackRatio callbackSpread activePx pxVar pxSpread
        szLimit pxLimit timeInterval chaseType chaseVal maxChaseType maxChaseVal
        """)
    private static let change = KnownNames.body(
        """
        instId! algoId algoClOrdId cxlOnFail reqId newSz newTpTriggerPx newTpOrdPx newTpOrdKind newSlTriggerPx
        newSlOrdPx newTpTriggerPxType newSlTriggerPxType newTriggerPx newOrdPx newTriggerPxType attachAlgoOrds
        """)

    static let algorithms: [Route] = [
        .trade(host, .post, "/api/v5/trade/order-algo", order, id: id) { p throws(MeaningProblem) in
            try algorithm(p)
        },
        .trade(host, .post, "/api/v5/trade/amend-algos", change) { p throws(MeaningProblem) in
            var order = try begun(p, nil, .other, margin: nil)
            // Of a purchase at the market it counts quote, of all others base.
            order.unit = order.instrument == .spot ? .baseOrQuote : .contracts
            (order.replaces, order.quantity) = (true, try p.decimal("newSz"))
            (order.price, order.stopPrice) = (try limit(p, "newOrdPx"), try p.price("newTriggerPx"))
            order.clientOrderID = try p.word("algoClOrdId")
            // Of a profit and a stop these are its own prices, of all others what is attached.
            return try withAttached(p, p.checked(order))
        },
    ]

    private static func algorithm(_ p: Parameters) throws(MeaningProblem) -> [OrderIntent] {
        let type = try p.needed("ordType")
        try checkPrices(p, type)
        switch type {
        case "conditional", "oco":
            let legs = [
                try leg(p, "tp", .takeProfitMarket, .takeProfitLimit),
                try leg(p, "sl", .stopMarket, .stopLimit),
            ].compactMap { $0 }
            guard !legs.isEmpty else { throw p.problem("tpTriggerPx", "or slTriggerPx is needed") }
            return legs
        case "trigger":
            var order = try begun(p, p.neededChoice("side", sides), .stopMarket)
            order.stopPrice = try p.price("triggerPx")
            order.price = try limit(p, "orderPx")
            if order.price != nil { order.kind = .stopLimit }
            return try withAttached(p, finished(p, order))
        case "move_order_stop":
            return [try finished(p, begun(p, p.neededChoice("side", sides), .trailing))]
        case "twap", "iceberg", "chase", "smart_iceberg":
            var order = try begun(p, p.neededChoice("side", sides), .other)
            order.price = try p.price("pxLimit")
            return [try finished(p, order)]
        default: throw p.problem("ordType", "is not known here")
        }
    }

    /// Profit and stop are what some types are, and are attached to others.
    private static func checkPrices(_ p: Parameters, _ type: String) throws(MeaningProblem) {
        guard type != "trigger" else { return }
        guard p.isEmpty("attachAlgoOrds") else { throw p.problem("attachAlgoOrds", "is for trigger orders") }
        guard type != "conditional", type != "oco" else { return }
        for name in ["tpTriggerPx", "tpTriggerRatio", "tpOrdPx", "slTriggerPx", "slTriggerRatio", "slOrdPx"]
        where try p.says(name) {
            throw p.problem(name, "is not for this type of order")
        }
    }

    /// Of profit and stop at most one is filled.
    private static func leg(
        _ p: Parameters, _ word: String, _ market: OrderKind, _ limited: OrderKind
    ) throws(MeaningProblem) -> OrderIntent? {
        let trigger = try p.price("\(word)TriggerPx")
        let price = try limit(p, "\(word)OrdPx")
        guard try p.says("\(word)TriggerPx", "\(word)TriggerRatio", "\(word)OrdPx") else { return nil }
        var order = try begun(p, p.neededChoice("side", sides), price == nil ? market : limited)
        (order.stopPrice, order.price, order.alternative) = (trigger, price, 1)
        return try finished(p, order)
    }

    /// -1 is the market.
    static func limit(_ p: Parameters, _ name: String) throws(MeaningProblem) -> Decimal? {
        if try p.text(name) == "-1" { return nil }
        return try p.price(name)
    }

    private static func finished(_ p: Parameters, _ order: OrderIntent) throws(MeaningProblem) -> OrderIntent
    {
        var order = order
        order.quantity = try p.decimal("sz")
        order.clientOrderID = try p.word("algoClOrdId")
        let type = try p.needed("ordType")
        try unit(p, &order, sizeRule(of: order, type))
        try position(p, &order)
        // The others do not read `reduceOnly`; what the position's side says holds for all.
        if order.positionSide == nil, !["conditional", "oco", "chase", "move_order_stop"].contains(type) {
            (order.isReduceOnly, order.reducesByMark) = (false, false)
        }
        if try p.price("closeFraction") != nil {
            guard order.quantity == nil, order.unit == .contracts else {
                throw p.problem("closeFraction", "is for positions, and goes without sz")
            }
            (order.closesPosition, order.isReduceOnly, order.reducesByMark) = (true, true, false)
        }
        return try p.checked(order)
    }

    /// `tgtCcy` is documented of one of them: a conditional purchase on spot at the market.
    private static func sizeRule(of order: OrderIntent, _ type: String) -> SizeRule {
        if order.kind.hasLimit { return .base }
        let isTold = type == "conditional" && order.instrument == .spot && order.side == .buy
        return isTold ? .told : .untold
    }
}
