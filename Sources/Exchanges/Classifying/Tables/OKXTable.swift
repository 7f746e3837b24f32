/// https://www.okx.com/docs-v5/en
enum OKXTable {
    static let classifier = RequestClassifier(
        .okx, reads + cancels + streams + orders + algorithms + money + settings, formats: [host[0]: [.json]])

    static let host = ["main"]

    private static let reads = Route.reads(
        host, "/api/v5/",
        """
        trade/order trade/orders-pending trade/orders-history trade/orders-history-archive trade/fills
        trade/fills-history trade/fills-archive trade/order-algo trade/orders-algo-pending
        trade/orders-algo-history trade/account-rate-limit sprd/order sprd/orders-pending sprd/orders-history
        sprd/orders-history-archive sprd/trades asset/currencies asset/balances asset/non-tradable-assets
        asset/asset-valuation asset/transfer-state asset/bills asset/bills-history asset/deposit-address
        asset/deposit-history asset/withdrawal-history asset/deposit-withdraw-status asset/monthly-statement
        account/instruments account/balance account/positions account/positions-history
        account/account-position-risk account/bills account/bills-archive account/bills-history-archive
        account/config account/subtypes account/max-size account/max-avail-size account/leverage-info
        account/adjust-leverage-info account/max-loan account/trade-fee account/interest-accrued
        account/interest-rate account/max-withdrawal account/risk-state account/interest-limits account/greeks
        account/position-tiers account/collateral-assets account/mmp-config
        """)

    private static let cancels = Route.list(
        host, .cancel,
        """
        POST /api/v5/trade/cancel-order
        POST /api/v5/trade/cancel-batch-orders
        POST /api/v5/trade/cancel-algos
        POST /api/v5/trade/cancel-advance-algos
        POST /api/v5/trade/mass-cancel
        POST /api/v5/trade/cancel-all-after
        POST /api/v5/sprd/cancel-order
        POST /api/v5/sprd/mass-cancel
        POST /api/v5/sprd/cancel-all-after
        """)

    /// What is signed to log in to a private stream, which takes orders too.
    private static let streams = Route.list(host, .stream, "GET /users/self/verify", admitsOrders: true)

    private static let money: [Route] =
        [
            .withdraw(
                host, .post, "/api/v5/asset/withdrawal",
                .body("ccy! amt! dest! toAddr! toAddrType chain areaCode rcvrInfo clientId fee")
            ) { p throws(MeaningProblem) in
                // Inside of the exchange the address is somebody's number, mail or telephone.
                try p.refuse("dest", unless: ["4"], "must be 4: on a chain")
                return WithdrawalIntent(
                    asset: try p.needed("ccy"), network: try p.word("chain"), address: try p.needed("toAddr"),
                    tag: nil, amount: try p.decimal("amt"))
            },
            .withdraw(host, .post, "/api/v5/asset/withdrawal-lightning", .body("ccy! invoice! memo rcvrInfo"))
            {
                p throws(MeaningProblem) in
                WithdrawalIntent(
                    asset: try p.needed("ccy"), network: "lightning", address: try p.needed("invoice"),
                    tag: nil,
                    amount: nil)
            },
        ]
        + Route.list(host, .withdraw, "POST /api/v5/fiat/create-withdrawal paymentAcctId ccy amt")
        + Route.list(
            host, .transfer,
            """
            POST /api/v5/asset/transfer ccy amt from to
            POST /api/v5/asset/subaccount/transfer ccy amt from to fromSubAccount toSubAccount
            """)
}

// MARK: - Orders

extension OKXTable {
    static let sides: [String: Side] = ["buy": .buy, "sell": .sell]
    private static let kinds: [String: (OrderKind, TimeInForce?)] = [
        "market": (.market, nil), "limit": (.limit, .gtc), "post_only": (.limitMaker, .postOnly),
        "fok": (.limit, .fok), "ioc": (.limit, .ioc), "optimal_limit_ioc": (.market, .ioc),
        "mmp": (.limit, .gtc), "mmp_and_post_only": (.limitMaker, .postOnly), "op_fok": (.limit, .fok),
        "elp": (.limitMaker, .postOnly),
    ]
    private static let id = ClientOrderIDField("clOrdId", 32)

    private static let order = KnownNames.body(
        """
        instId! tdMode! ccy clOrdId tag side! posSide ordType! sz! px pxUsd pxVol reduceOnly tgtCcy banAmend
        pxAmendType tradeQuoteCcy stpMode stpId slippagePct attachAlgoOrds quickMgnType tpTriggerPx tpOrdPx
        tpTriggerPxType slTriggerPx slOrdPx slTriggerPxType isElpTakerAccess
        """)
    private static let change = KnownNames.body(
        """
        instId! cxlOnFail ordId clOrdId reqId newSz newPx newPxUsd newPxVol pxAmendType attachAlgoOrds
        """)
    private static let list = KnownNames.body(Parameters.list + "!")

    private static let orders: [Route] = [
        .trade(host, .post, "/api/v5/trade/order", order, id: id) { p throws(MeaningProblem) in
            try withAttached(p, single(p))
        },
        .trade(host, .post, "/api/v5/trade/order-precheck", order) { p throws(MeaningProblem) in
            try withAttached(p, single(p))
        },
        .trade(host, .post, "/api/v5/trade/batch-orders", list, id: id.inList(Parameters.list)) {
            p throws(MeaningProblem) in
            try p.all(Parameters.list, order) { row throws(MeaningProblem) in
                try withAttached(row, single(row))
            }
        },
        .trade(host, .post, "/api/v5/trade/amend-order", change) { p throws(MeaningProblem) in
            try withAttached(p, changed(p))
        },
        .trade(host, .post, "/api/v5/trade/amend-batch-orders", list) { p throws(MeaningProblem) in
            try p.all(Parameters.list, change) { row throws(MeaningProblem) in
                try withAttached(row, changed(row))
            }
        },
        .trade(
            host, .post, "/api/v5/trade/close-position",
            .body("instId! posSide mgnMode! ccy autoCxl clOrdId tag"), id: id
        ) { p throws(MeaningProblem) in
            var order = try begun(p, nil, .market, margin: "mgnMode")
            let side = try p.choice("posSide", ["net": "", "long": "long", "short": "short"]) ?? ""
            order.side = side.isEmpty ? nil : side == "long" ? .sell : .buy
            (order.positionSide, order.closesPosition) = (side.isEmpty ? nil : side, true)
            order.isReduceOnly = true
            return [try p.checked(order)]
        },
    ]

    /// What every order says: instrument and margin mode.
    static func begun(
        _ p: Parameters, _ side: Side?, _ kind: OrderKind, margin: String? = "tdMode"
    ) throws(MeaningProblem) -> OrderIntent {
        let symbol = try p.symbol("instId")
        var order = OrderIntent(symbol, side, kind, on: .spot)
        guard let instrument = instrument(symbol) else { throw p.problem("instId", "is no instrument") }
        order.instrument = instrument
        guard let margin else { return order }
        let mode = try p.neededChoice(
            margin,
            ["cash": "cash", "cross": "cross", "isolated": "isolated", "spot_isolated": "spot_isolated"])
        order.marginMode = mode
        if order.instrument == .spot, mode == "cross" || mode == "isolated" { order.instrument = .margin }
        if order.instrument != .spot, order.instrument != .margin { order.unit = .contracts }
        return order
    }

    /// `BTC-USDT`, `BTC-USDT-SWAP`, `BTC-USD-260327`, `BTC-USD-260327-60000-C`.
    private static func instrument(_ symbol: String) -> OrderIntent.Instrument? {
        let parts = symbol.split(separator: "-", omittingEmptySubsequences: false)
        switch parts.count {
        case 2: return .spot
        case 3: return parts[1] == "USD" ? .inverse : .linear
        case 5: return .option
        default: return nil
        }
    }

    private static func single(_ p: Parameters) throws(MeaningProblem) -> OrderIntent {
        let (kind, time) = try p.neededChoice("ordType", kinds)
        var order = try begun(p, p.neededChoice("side", sides), kind)
        order.timeInForce = time
        (order.quantity, order.price) = (try p.decimal("sz"), try p.price("px", unless: kind == .market))
        try otherPrice(p, "pxUsd", "pxVol", &order)
        order.clientOrderID = try p.word("clOrdId")
        let isMarket = try p.needed("ordType") == "market"
        if kind == .market, !isMarket, order.unit != .contracts {
            throw p.problem("ordType", "is for contracts only")
        }
        try unit(p, &order, isMarket ? .told : .base)
        try position(p, &order)
        return try p.checked(order)
    }

    /// What a quantity of spot or margin counts.
    enum SizeRule {
        case base
        /// `tgtCcy` says it; without it, a purchase spends quote.
        case told
        /// Nothing documented says it of a purchase.
        case untold
    }

    /// Contracts, but for spot and margin. `tgtCcy` is for market orders of spot; where nobody is known to
    /// read it, it may say only what changes nothing.
    static func unit(
        _ p: Parameters, _ order: inout OrderIntent, _ rule: SizeRule
    ) throws(MeaningProblem) {
        try p.refuseBorrowing("quickMgnType", unless: ["manual", "auto_repay"])
        let target = try p.choice("tgtCcy", ["base_ccy": OrderIntent.Unit.base, "quote_ccy": .quote])
        let (isCash, buys) = (order.unit != .contracts, order.side == .buy)
        if isCash, buys, rule != .base { order.unit = rule == .told ? .quote : .baseOrQuote }
        if rule == .told, order.instrument == .spot {
            order.unit = target ?? order.unit
            return
        }
        let holds: OrderIntent.Unit = rule == .told && isCash ? order.unit : .base
        guard target == nil || target == holds else {
            throw p.problem("tgtCcy", "is for market orders of spot")
        }
    }

    /// Options have prices of two other kinds; what else would make of them is not documented.
    private static func otherPrice(
        _ p: Parameters, _ usd: String, _ volatility: String, _ order: inout OrderIntent
    ) throws(MeaningProblem) {
        for name in [usd, volatility] where try p.says(name) {
            guard order.instrument == .option else { throw p.problem(name, "is for options only") }
            (order.kind, order.price) = (.other, nil)
        }
    }

    /// In long/short mode a sell of a long position and a buy of a short one only close, and nobody looks at
    /// `reduceOnly`; net mode refuses these sides. The mark is read in two of four account modes.
    static func position(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        let side = try p.choice("posSide", ["net": "", "long": "long", "short": "short"]) ?? ""
        let isReduceOnly = try p.flag("reduceOnly", orText: true)
        switch order.instrument {
        case .linear, .inverse:
            order.positionSide = side.isEmpty ? nil : side
            order.isReduceOnly =
                order.positionSide.map { ($0 == "long") == (order.side == .sell) } ?? isReduceOnly
        case .margin: order.isReduceOnly = isReduceOnly
        // Options and spot take no notice of it.
        case .spot, .option: break
        }
        order.reducesByMark = order.isReduceOnly && order.positionSide == nil
    }

    private static func changed(_ p: Parameters) throws(MeaningProblem) -> OrderIntent {
        var order = try begun(p, nil, .limit, margin: nil)
        if order.instrument != .spot { order.unit = .contracts }
        (order.quantity, order.price) = (try p.decimal("newSz"), try p.price("newPx"))
        (order.replaces, order.clientOrderID) = (true, try p.word("clOrdId"))
        try otherPrice(p, "newPxUsd", "newPxVol", &order)
        return try p.checked(order)
    }
}
