import Kernel

// Spot and margin count in base or funds, futures in lots.

extension KuCoinTable {
    private static let sides: [String: Side] = ["buy": .buy, "sell": .sell]
    private static let times: [String: TimeInForce] = [
        "GTC": .gtc, "IOC": .ioc, "FOK": .fok, "GTT": .gtd, "RPI": .postOnly,
    ]
    private static let id = ClientOrderIDField("clientOid", 40)
    private static let host = ["spot"]

    private static let order = KnownNames.body(
        """
        clientOid side! symbol! type remark stp price size funds timeInForce cancelAfter postOnly hidden
        iceberg visibleSize tags allowMaxTimeWindow clientTimestamp
        """)
    private static let stops = order.and(.body("stop stopPrice tradeType"))
    private static let marginal = stops.and(.body("marginModel isIsolated autoBorrow autoRepay"))

    static let spotOrders: [Route] =
        [
            ("/api/v1/hf/orders", order), ("/api/v1/hf/orders/test", order),
            ("/api/v1/hf/orders/sync", order),
            ("/api/v1/orders", stops), ("/api/v1/orders/test", stops), ("/api/v1/stop-order", stops),
        ].map { path, known in
            .trade(host, .post, path, known, id: id) { p throws(MeaningProblem) in
                [try spot(p, p.symbol(), isStop: path.hasSuffix("stop-order"))]
            }
        }
        + [
            "/api/v1/margin/order", "/api/v1/margin/order/test", "/api/v3/hf/margin/order",
            "/api/v3/hf/margin/order/test", "/api/v3/hf/margin/stop-order",
        ].map { path in
            .trade(host, .post, path, marginal, id: id) { p throws(MeaningProblem) in
                [try margin(p, isStop: path.hasSuffix("stop-order"))]
            }
        }
        + ["/api/v1/hf/orders/multi", "/api/v1/hf/orders/multi/sync"].map { path in
            // Stock ccxt repeats the symbol of all of them beside the list.
            .trade(host, .post, path, .body("orderList! symbol"), id: id.inList("orderList")) {
                p throws(MeaningProblem) in
                let common = try p.says("symbol") ? try p.symbol() : nil
                return try p.each("orderList", order) { row throws(MeaningProblem) in
                    let symbol = try row.symbol()
                    if let common { try row.agree("symbol", with: common) }
                    return try spot(row, symbol)
                }
            }
        } + others

    private static let others: [Route] = [
        .trade(host, .post, "/api/v1/orders/multi", .body("symbol! orderList!"), id: id.inList("orderList")) {
            p throws(MeaningProblem) in
            let symbol = try p.symbol()
            let row = KnownNames.body(
                """
                clientOid side! symbol type remark stp price size funds timeInForce cancelAfter postOnly
                hidden iceberg visibleSize stop stopPrice tradeType
                """)
            return try p.each("orderList", row) { row throws(MeaningProblem) in
                try row.agree("symbol", with: symbol)
                return try spot(row, symbol)
            }
        },
        .trade(
            host, .post, "/api/v1/hf/orders/alter", .body("symbol! orderId clientOid newPrice newSize")
        ) { p throws(MeaningProblem) in
            // An id alone finds the order. That its symbol is compared is not documented: it may be another.
            _ = try p.symbol()
            var order = OrderIntent(nil, nil, .limit, on: .spot)
            (order.replaces, order.clientOrderID) = (true, try p.word("clientOid"))
            (order.quantity, order.price) = (try p.decimal("newSize"), try p.price("newPrice"))
            return [try p.checked(order)]
        },
        oneCancelsOther("/api/v3/oco/order", .body("tradeType")),
        oneCancelsOther("/api/v3/hf/margin/oco-order", .body("isIsolated autoBorrow autoRepay"), on: .margin),
    ]

    /// - Parameter isStop: the route is for stop orders only.
    private static func spot(
        _ p: Parameters, _ symbol: String, isStop: Bool = false
    ) throws(MeaningProblem) -> OrderIntent {
        let hasLimit = try p.choice("type", ["limit": true, "market": false]) ?? true
        let stop = try stopPrice(p, isImplied: isStop)
        let kind: OrderKind =
            stop == nil ? (hasLimit ? .limit : .market) : (hasLimit ? .stopLimit : .stopMarket)
        var order = OrderIntent(symbol, try p.neededChoice("side", sides), kind, on: .spot)
        try p.quantity(["size": .base, "funds": .quote], of: &order)
        (order.price, order.stopPrice) = (try p.price(unless: !hasLimit), stop)
        try common(p, &order)
        switch try p.choice(
            "tradeType", ["TRADE": "", "MARGIN_TRADE": "cross", "MARGIN_ISOLATED_TRADE": "isolated"])
        {
        case nil, "": break
        case let mode: (order.instrument, order.marginMode) = (.margin, mode)
        }
        return try p.checked(order)
    }

    /// Nobody looks at the price of a stop that is none.
    private static func stopPrice(
        _ p: Parameters, isImplied: Bool = false
    ) throws(MeaningProblem) -> Decimal? {
        let stop = try p.price("stopPrice")
        let kind = try p.choice("stop", ["loss": "", "entry": "", "up": "", "down": ""])
        guard isImplied ? stop != nil : (stop == nil) == (kind == nil) else {
            throw p.problem("stop", "and stopPrice go together")
        }
        return stop
    }

    private static func common(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        order.timeInForce = try p.choice("timeInForce", times)
        try p.postOnly("postOnly", &order)
        order.clientOrderID = try p.word("clientOid")
    }

    private static func margin(_ p: Parameters, isStop: Bool) throws(MeaningProblem) -> OrderIntent {
        try p.refuseBorrowing("autoBorrow", unless: ["false"])
        var order = try spot(p, p.symbol(), isStop: isStop)
        let mode = try p.choice("marginModel", ["cross": "cross", "isolated": "isolated"])
        order.marginMode = try p.flag("isIsolated") ? "isolated" : mode ?? "cross"
        order.instrument = .margin
        return order
    }

    private static func oneCancelsOther(
        _ path: String, _ more: KnownNames, on instrument: OrderIntent.Instrument = .spot
    ) -> Route {
        let names = KnownNames.body("clientOid! side! symbol! price! size! stopPrice! limitPrice! remark")
        return .trade(host, .post, path, names.and(more), id: id) { p throws(MeaningProblem) in
            try p.refuseBorrowing("autoBorrow", unless: ["false"])
            var limit = OrderIntent(try p.symbol(), try p.neededChoice("side", sides), .limit, on: instrument)
            if try p.says("tradeType"), try p.word("tradeType") != "TRADE" { limit.instrument = .margin }
            (limit.quantity, limit.price, limit.alternative) = (try p.decimal("size"), try p.price(), 1)
            limit.clientOrderID = try p.word("clientOid")
            var stop = limit
            (stop.kind, stop.price) = (.stopLimit, try p.price("limitPrice"))
            stop.stopPrice = try p.price("stopPrice")
            return [try p.checked(limit), try p.checked(stop)]
        }
    }
}

// MARK: - Futures

extension KuCoinTable {
    private static let future = KnownNames.body(
        """
        clientOid side! symbol! leverage type remark stop stopPriceType stopPrice reduceOnly closeOrder
        forceHold stp marginMode positionSide price size qty valueQty timeInForce postOnly hidden iceberg
        visibleSize triggerStopUpPrice triggerStopDownPrice
        """)

    static let futuresOrders: [Route] =
        ["/api/v1/orders", "/api/v1/orders/test", "/api/v1/st-orders"].map { path in
            .trade(["futures"], .post, path, future, id: id) { p throws(MeaningProblem) in try futures(p) }
        } + [
            .trade(
                ["futures"], .post, "/api/v1/orders/multi", .body(Parameters.list),
                id: id.inList(Parameters.list)
            ) { p throws(MeaningProblem) in
                try p.all(Parameters.list, future) { row throws(MeaningProblem) in try futures(row) }
            }
        ]

    /// Of futures. A position side closes nothing by itself: in one-way mode none may say what it does. And a
    /// mark beside a side that opens may be left out of account.
    static func position(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        let side = try p.choice("positionSide", ["BOTH": "", "LONG": "long", "SHORT": "short"])
        order.positionSide = side == "" ? nil : side
        let opens = order.positionSide.map { ($0 == "long") == (order.side == .buy) } ?? false
        let isFuture = order.instrument == .linear || order.instrument == .inverse
        order.isReduceOnly = try p.flag("reduceOnly") && isFuture && !opens
    }

    private static func futures(_ p: Parameters) throws(MeaningProblem) -> [OrderIntent] {
        let symbol = try p.symbol()
        let isLinear = symbol.hasSuffix("USDTM") || symbol.hasSuffix("USDCM")
        let hasLimit = try p.choice("type", ["limit": true, "market": false]) ?? true
        let stop = try stopPrice(p)
        let kind: OrderKind =
            stop == nil ? (hasLimit ? .limit : .market) : (hasLimit ? .stopLimit : .stopMarket)
        let side = try p.choice("side", sides)
        var order = OrderIntent(symbol, side, kind, on: isLinear ? .linear : .inverse)
        try p.quantity(["size": .contracts, "qty": .base, "valueQty": .quote], of: &order)
        (order.price, order.stopPrice) = (try p.price(unless: !hasLimit), stop)
        try common(p, &order)
        order.closesPosition = try p.flag("closeOrder")
        try position(p, &order)
        order.leverage = try p.decimal("leverage")
        order.marginMode = try p.choice("marginMode", ["ISOLATED": "isolated", "CROSS": "cross"])
        guard side != nil || order.closesPosition else { throw p.problem("side", "is needed") }
        // Above and below: which of them is the profit hangs on the side.
        let (up, down): (AttachedOrder, AttachedOrder) = side == .sell ? (.stop, .profit) : (.profit, .stop)
        let attached = [
            try p.attached(up, "triggerStopUpPrice", to: order),
            try p.attached(down, "triggerStopDownPrice", to: order),
        ]
        return [try p.checked(order)] + attached.compactMap { $0 }
    }
}
