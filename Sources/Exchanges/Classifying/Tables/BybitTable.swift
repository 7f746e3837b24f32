import Kernel

/// https://bybit-exchange.github.io/docs/v5
enum BybitTable {
    static let classifier = RequestClassifier(
        .bybit, reads + cancels + streams + orders + spreads + money + settings, formats: [host[0]: [.json]],
        openness: .pathAndMethodOfShape, signable: signable)

    static let host = ["main"]

    private static let reads = Route.reads(
        host, "/v5/",
        """
        order/realtime order/history order/spot-borrow-check position/list execution/list position/closed-pnl
        position/get-closed-positions position/move-history position/symbol-info pre-upgrade/order/history
        pre-upgrade/execution/list pre-upgrade/position/closed-pnl pre-upgrade/account/transaction-log
        pre-upgrade/asset/delivery-record pre-upgrade/asset/settlement-record account/wallet-balance
        account/borrow-history account/instruments-info account/collateral-info account/option-asset-info
        asset/coin-greeks account/fee-rate account/info account/transaction-log
        account/contract-transaction-log account/query-dcp-info account/user-setting-config account/smp-group
        account/mmp-state account/withdrawal asset/asset-overview asset/delivery-record
        asset/settlement-record asset/fundinghistory asset/transfer/query-asset-info
        asset/transfer/query-account-coins-balance asset/transfer/query-account-coin-balance
        asset/transfer/query-transfer-coin-list asset/transfer/query-inter-transfer-list
        asset/transfer/query-universal-transfer-list asset/deposit/query-allowed-list
        asset/deposit/query-record asset/deposit/query-internal-record asset/deposit/query-address
        asset/coin/query-info asset/withdraw/query-record asset/withdraw/withdrawable-amount user/query-api
        user/get-member-type spot-margin-trade/state spot-margin-trade/max-borrowable
        spot-margin-trade/position-tiers spot-margin-trade/coinstate spot-margin-trade/liability
        """)

    private static let cancels = Route.list(
        host, .cancel,
        """
        POST /v5/order/cancel category symbol
        POST /v5/order/cancel-all category
        POST /v5/order/cancel-batch category request
        POST /v5/order/disconnected-cancel-all timeWindow
        POST /v5/spread/order/cancel orderId|orderLinkId
        """)

    /// Orders for a pair of instruments, which policies do not read. Such pairs have a name with a line in it
    /// (`SOLUSDT_SOL/USDT`), and no instrument of the other books has one.
    private static let spreads = Route.list(
        host, .admin,
        """
        POST /v5/spread/order/create symbol side orderType qty
        POST /v5/spread/order/amend symbol orderId|orderLinkId qty|price
        """
    ).map { $0.taking { p throws(MeaningProblem) in try p.word("symbol")?.contains("_") != false } }

    /// What is signed to log in to a private stream, which takes orders too.
    private static let streams = Route.list(host, .stream, "GET /realtime", admitsOrders: true)

    private static let money: [Route] =
        [
            .withdraw(
                host, .post, "/v5/asset/withdraw/create",
                .body(
                    """
                    coin! chain address! tag amount! timestamp! forceChain accountType! feeType requestId
                    beneficiary
                    """)
            ) { p throws(MeaningProblem) in
                try p.refuse("forceChain", unless: ["0", "1"], "would take the address for a user's number")
                return WithdrawalIntent(
                    asset: try p.needed("coin"), network: try p.word("chain"),
                    address: try p.needed("address"),
                    tag: try p.word("tag"), amount: try p.decimal("amount"))
            }
        ]
        + Route.list(
            host, .transfer,
            """
            POST /v5/asset/transfer/inter-transfer transferId coin amount fromAccountType toAccountType
            POST /v5/asset/transfer/universal-transfer transferId coin amount fromMemberId toMemberId
            POST /v5/asset/transfer/save-transfer-sub-member subMemberIds
            """)
        + Route.list(
            host, .admin,
            """
            POST /v5/asset/exchange/quote-apply fromCoin toCoin
            POST /v5/asset/exchange/convert-execute quoteTxId
            POST /v5/account/borrow coin amount
            POST /v5/account/repay coin
            POST /v5/position/add-margin category symbol margin
            POST /v5/position/switch-mode category mode
            POST /v5/position/move-positions fromUid toUid list
            POST /v5/spot-margin-trade/switch-mode spotMarginMode
            POST /v5/rfq/create-rfq counterparties list
            POST /v5/rfq/create-quote rfqId quoteBuyList|quoteSellList
            POST /v5/rfq/execute-quote rfqId quoteId quoteSide
            POST /v5/rfq/accept-other-quote rfqId
            POST /v5/earn/place-order category orderType accountType amount coin
            POST /v5/user/create-sub-member username memberType
            POST /v5/user/create-sub-api subuid readOnly permissions
            """)
}

// MARK: - Orders

extension BybitTable {
    static let categories: [String: OrderIntent.Instrument] = [
        "spot": .spot, "linear": .linear, "inverse": .inverse, "option": .option,
    ]
    private static let sides: [String: Side] = ["Buy": .buy, "Sell": .sell]
    private static let times: [String: TimeInForce] = [
        "GTC": .gtc, "IOC": .ioc, "FOK": .fok, "PostOnly": .postOnly, "RPI": .postOnly,
    ]
    private static let id = ClientOrderIDField("orderLinkId", 36)

    private static let row = KnownNames.body(
        """
        symbol! isLeverage side! orderType! qty! marketUnit slippageToleranceType slippageTolerance price
        triggerDirection orderFilter triggerPrice triggerBy orderIv timeInForce positionIdx orderLinkId
        takeProfit stopLoss tpTriggerBy slTriggerBy reduceOnly closeOnTrigger smpType mmp tpslMode
        tpLimitPrice slLimitPrice tpOrderType slOrderType bboSideType bboLevel
        """)
    private static let change = KnownNames.body(
        """
        symbol! orderId orderLinkId orderIv triggerPrice qty price tpslMode takeProfit stopLoss tpTriggerBy
        slTriggerBy triggerBy tpLimitPrice slLimitPrice
        """)
    private static let category = KnownNames.body("category!")
    private static let batch = KnownNames.body("category! request!")

    private static let orders: [Route] = [
        .trade(host, .post, "/v5/order/create", category.and(row), id: id) { p throws(MeaningProblem) in
            try single(p, instrument(p))
        },
        .trade(host, .post, "/v5/order/pre-check", category.and(row)) { p throws(MeaningProblem) in
            try single(p, instrument(p))
        },
        .trade(host, .post, "/v5/order/create-batch", batch, id: id.inList("request")) {
            p throws(MeaningProblem) in
            let instrument = try instrument(p)
            return try p.all("request", row) { row throws(MeaningProblem) in try single(row, instrument) }
        },
        .trade(host, .post, "/v5/order/amend", category.and(change)) { p throws(MeaningProblem) in
            try changed(p, instrument(p))
        },
        .trade(host, .post, "/v5/order/amend-batch", batch) { p throws(MeaningProblem) in
            let instrument = try instrument(p)
            return try p.all("request", change) { row throws(MeaningProblem) in try changed(row, instrument) }
        },
        .trade(
            host, .post, "/v5/position/trading-stop",
            .body(
                """
                category! symbol! takeProfit stopLoss trailingStop tpTriggerBy slTriggerBy activePrice
                tpslMode tpSize slSize tpLimitPrice slLimitPrice tpOrderType slOrderType positionIdx
                """), tradingStop),
    ]

    private static func instrument(_ p: Parameters) throws(MeaningProblem) -> OrderIntent.Instrument {
        try p.neededChoice("category", categories)
    }

    private static func single(
        _ p: Parameters, _ instrument: OrderIntent.Instrument
    ) throws(MeaningProblem) -> [OrderIntent] {
        let hasPrice = try p.neededChoice("orderType", ["Market": false, "Limit": true])
        let isTriggered = try isTriggered(p, instrument)
        let kind: OrderKind =
            isTriggered ? (hasPrice ? .stopLimit : .stopMarket) : (hasPrice ? .limit : .market)
        var order = OrderIntent(try p.symbol(), try p.neededChoice("side", sides), kind, on: instrument)
        order.quantity = try p.decimal("qty")
        (order.price, order.stopPrice) = (try p.price(unless: !hasPrice), try p.price("triggerPrice"))
        order.timeInForce = try p.choice("timeInForce", times)
        order.clientOrderID = try p.word("orderLinkId")
        try unit(p, &order)
        try position(p, &order)
        try otherPrice(p, &order)
        // Borrows what is missing.
        if try p.flag("isLeverage", ["1"], ["0"]), instrument == .spot { order.instrument = .margin }
        return [try p.checked(order)] + (try attached(p, to: order))
    }

    /// Profit and stop. Of futures they are the position's: they go when it is closed, and are no larger than
    /// it (https://bybit-exchange.github.io/docs/v5/position/trading-stop). On spot they are orders like any.
    private static func attached(
        _ p: Parameters, to order: OrderIntent
    ) throws(MeaningProblem) -> [OrderIntent] {
        let found = try p.profitAndStop(of: order, ["Market": false, "Limit": true])
        guard found.isEmpty || order.instrument != .option else {
            throw p.problem("takeProfit", "and stopLoss are not read in this category")
        }
        guard order.instrument == .linear || order.instrument == .inverse else { return found }
        return found.map { one in
            var one = one
            one.isReduceOnly = true
            return one
        }
    }

    /// Priced by implied volatility, or by the exchange from the book: after all else was read, for the kind
    /// of order says what its quantity counts.
    private static func otherPrice(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        let isFuture = order.instrument == .linear || order.instrument == .inverse
        for (name, isRead) in [
            ("orderIv", order.instrument == .option), ("bboSideType", isFuture), ("bboLevel", isFuture),
        ] where try p.says(name) {
            guard isRead else { throw p.problem(name, "is not read in this category") }
            (order.kind, order.price) = (.other, nil)
        }
    }

    /// Spot does not look at a trigger unless the filter says what it is for.
    private static func isTriggered(
        _ p: Parameters, _ instrument: OrderIntent.Instrument
    ) throws(MeaningProblem) -> Bool {
        let filter = try p.choice("orderFilter", ["Order": false, "tpslOrder": true, "StopOrder": true])
        let hasTrigger = try p.price("triggerPrice") != nil
        guard instrument == .spot else { return hasTrigger }
        guard hasTrigger == (filter ?? false) else {
            throw p.problem("orderFilter", "and triggerPrice go together")
        }
        return hasTrigger
    }

    /// Base, but for what spends at the market without saying otherwise, and inverse contracts of a dollar.
    private static func unit(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        let named = try p.choice("marketUnit", ["baseCoin": OrderIntent.Unit.base, "quoteCoin": .quote])
        switch order.instrument {
        case .inverse: order.unit = .contracts
        case .spot where [.market, .stopMarket].contains(order.kind):
            order.unit = named ?? (order.side == .buy ? .quote : .base)
        default: order.unit = .base
        }
    }

    /// In hedge mode a sell of index 1 and a buy of index 2 only close; elsewhere the exchange refuses them.
    private static func position(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        let index = try p.choice("positionIdx", ["0": "", "1": "long", "2": "short"]) ?? ""
        let isReduceOnly = try p.flag("reduceOnly")
        guard order.instrument == .linear || order.instrument == .inverse else {
            // Spot knows no positions, and takes no notice.
            if order.instrument == .option { order.isReduceOnly = isReduceOnly }
            return
        }
        order.positionSide = index.isEmpty ? nil : index
        let closes = order.positionSide.map { ($0 == "long") == (order.side == .sell) } ?? false
        order.isReduceOnly = isReduceOnly || closes
        // Nothing means everything.
        if order.quantity?.isZero == true, try p.flag("closeOnTrigger"), isReduceOnly {
            (order.closesPosition, order.quantity) = (true, nil)
        }
    }

    private static func changed(
        _ p: Parameters, _ instrument: OrderIntent.Instrument
    ) throws(MeaningProblem) -> [OrderIntent] {
        var order = OrderIntent(try p.symbol(), nil, .limit, on: instrument)
        (order.replaces, order.clientOrderID) = (true, try p.word("orderLinkId"))
        (order.quantity, order.price) = (try p.decimal("qty"), try p.price())
        order.stopPrice = try p.price("triggerPrice")
        switch instrument {
        case .inverse: order.unit = .contracts
        // Of a purchase at the market that waits for its trigger, it counts quote.
        case .spot: order.unit = .baseOrQuote
        default: order.unit = .base
        }
        try otherPrice(p, &order)
        return [try p.checked(order)] + (try attached(p, to: order))
    }

    /// Where a position is closed; it opens none.
    private static let tradingStop: Route.OrderReading = { p throws(MeaningProblem) in
        var order = OrderIntent(try p.symbol(), nil, .stopMarket, on: try instrument(p))
        (order.isReduceOnly, order.closesPosition) = (true, true)
        order.stopPrice = try p.price("stopLoss")
        return [try p.checked(order)]
    }
}
