import Kernel

/// https://www.bitget.com/api-doc: version 2, and version 3 of unified accounts.
enum BitgetTable {
    static let classifier = RequestClassifier(
        .bitget, reads + cancels + streams + spotOrders + mixOrders + unifiedOrders + money + settings,
        formats: [host[0]: [.json]])

    static let host = ["main"]

    private static let reads: [Route] =
        Route.reads(
            host, "/api/v2/",
            """
            spot/trade/orderInfo spot/trade/unfilled-orders spot/trade/history-orders spot/trade/fills
            spot/trade/current-plan-order spot/trade/history-plan-order spot/trade/plan-sub-order
            spot/account/info spot/account/assets spot/account/bills spot/account/transferRecords
            spot/wallet/deposit-address spot/wallet/deposit-records spot/wallet/withdrawal-records
            account/funding-assets account/bot-assets account/all-account-balance mix/account/account
            mix/account/accounts mix/account/interest-history mix/account/max-open mix/account/liq-price
            mix/account/open-count mix/account/bill mix/account/transfer-limits mix/account/isolated-symbols
            mix/position/single-position mix/position/all-position mix/position/adlRank
            mix/position/history-position mix/order/detail mix/order/fills mix/order/fill-history
            mix/order/orders-pending mix/order/orders-history mix/order/plan-sub-order
            mix/order/orders-plan-pending mix/order/orders-plan-history common/trade-rate tax/spot-record
            tax/future-record tax/margin-record tax/p2p-record
            """)
        + ["crossed", "isolated"].flatMap { mode in
            Route.reads(
                host, "/api/v2/margin/\(mode)/",
                """
                interest-history liquidation-history financial-records account/assets account/risk-rate
                account/max-borrowable-amount account/max-transfer-out-amount interest-rate-and-limit
                tier-data open-orders history-orders fills
                """)
        }
        + Route.reads(
            host, "/api/v3/",
            """
            account/assets account/funding-assets account/settings account/info account/financial-records
            account/fee-rate account/all-fee-rate account/switch-status account/max-transferable
            account/max-withdrawal account/open-interest-limit account/transferable-coins
            account/deposit-address account/deposit-records account/withdrawal-records
            position/current-position position/history-position position/adlRank trade/order-info
            trade/unfilled-orders trade/unfilled-strategy-orders trade/history-orders
            trade/history-strategy-orders trade/fills tax/records
            """)

    private static let cancels = Route.list(
        host, .cancel,
        """
        POST /api/v2/spot/trade/cancel-order
        POST /api/v2/spot/trade/batch-cancel-order
        POST /api/v2/spot/trade/cancel-symbol-order
        POST /api/v2/spot/trade/cancel-plan-order
        POST /api/v2/spot/trade/batch-cancel-plan-order
        POST /api/v2/mix/order/cancel-order
        POST /api/v2/mix/order/batch-cancel-orders
        POST /api/v2/mix/order/cancel-all-orders
        POST /api/v2/mix/order/cancel-plan-order
        POST /api/v2/margin/crossed/cancel-order
        POST /api/v2/margin/crossed/batch-cancel-order
        POST /api/v2/margin/isolated/cancel-order
        POST /api/v2/margin/isolated/batch-cancel-order
        POST /api/v3/trade/cancel-order
        POST /api/v3/trade/cancel-batch
        POST /api/v3/trade/cancel-symbol-order
        POST /api/v3/trade/cancel-strategy-order
        POST /api/v3/trade/countdown-cancel-all
        """)

    /// What is signed to log in to a private stream, which takes orders too.
    private static let streams = Route.list(host, .stream, "GET /user/verify", admitsOrders: true)

    private static let money: [Route] =
        ["/api/v2/spot/wallet/withdrawal", "/api/v3/account/withdrawal"].map { path in
            .withdraw(
                host, .post, path,
                .body(
                    """
                    coin! transferType! address! chain innerToType areaCode tag size! remark clientOid
                    memberCode identityType companyName firstName lastName
                    """)
            ) { p throws(MeaningProblem) in
                // Inside of the exchange the address is somebody's number, mail or telephone.
                try p.refuse("transferType", unless: ["on_chain"], "must be on_chain")
                try p.refuse("innerToType", unless: [], "is not for what goes on a chain")
                return WithdrawalIntent(
                    asset: try p.needed("coin"), network: try p.word("chain"),
                    address: try p.needed("address"),
                    tag: try p.word("tag"), amount: try p.decimal("size"))
            }
        }
        + Route.list(
            host, .transfer,
            """
            POST /api/v2/spot/wallet/transfer
            POST /api/v2/spot/wallet/subaccount-transfer
            POST /api/v3/account/transfer
            POST /api/v3/account/sub-transfer
            POST /api/v3/account/sub-master-transfer
            """)
}

// MARK: - Spot and margin

extension BitgetTable {
    static let sides: [String: Side] = ["buy": .buy, "sell": .sell]
    static let kinds: [String: OrderKind] = ["limit": .limit, "market": .market]
    static let times: [String: TimeInForce] = [
        "gtc": .gtc, "post_only": .postOnly, "fok": .fok, "ioc": .ioc, "normal": .gtc, "rpi": .postOnly,
    ]
    static let id = ClientOrderIDField("clientOid", 40)

    private static let order = KnownNames.body(
        """
        symbol! side! orderType! force price size! clientOid triggerPrice tpslType requestTime receiveWindow
        stpMode presetTakeProfitPrice executeTakeProfitPrice presetStopLossPrice executeStopLossPrice
        """)
    private static let replacing = KnownNames.body(
        """
        symbol! price! size! orderType clientOid orderId newClientOid presetTakeProfitPrice
        executeTakeProfitPrice presetStopLossPrice executeStopLossPrice
        """)
    private static let plan = KnownNames.body(
        """
        symbol! side! triggerPrice! orderType! executePrice price force planType size! triggerType!
        clientOid stpMode
        """)
    private static let loan = KnownNames.body(
        "symbol! side! orderType! force price loanType! baseSize quoteSize clientOid stpMode")

    private static let spotOrders: [Route] =
        [
            .trade(host, .post, "/api/v2/spot/trade/place-order", order, id: id) { p throws(MeaningProblem) in
                try withPresets(p, spot(p, p.symbol()))
            },
            .trade(
                host, .post, "/api/v2/spot/trade/batch-orders", .body("symbol batchMode orderList!"),
                id: id.inList("orderList")
            ) { p throws(MeaningProblem) in
                let symbol = try p.text("symbol") == nil ? nil : p.symbol()
                return try p.all("orderList", order) { row throws(MeaningProblem) in
                    try withPresets(row, spot(row, named(row, symbol)))
                }
            },
            .trade(host, .post, "/api/v2/spot/trade/cancel-replace-order", replacing) {
                p throws(MeaningProblem) in
                try withPresets(p, replaced(p))
            },
            .trade(host, .post, "/api/v2/spot/trade/batch-cancel-replace-order", .body("orderList!")) {
                p throws(MeaningProblem) in
                try p.all("orderList", replacing) { row throws(MeaningProblem) in
                    try withPresets(row, replaced(row))
                }
            },
            .trade(host, .post, "/api/v2/spot/trade/place-plan-order", plan, id: id) {
                p throws(MeaningProblem) in [try planned(p, try p.symbol())]
            },
            .trade(
                host, .post, "/api/v2/spot/trade/modify-plan-order",
                .body("orderId clientOid triggerPrice! orderType! executePrice size!")
            ) { p throws(MeaningProblem) in
                var order = OrderIntent(nil, nil, .other, on: .spot)
                (order.replaces, order.clientOrderID) = (true, try p.word("clientOid"))
                (order.quantity, order.price) = (try p.decimal("size"), try p.price("executePrice"))
                order.stopPrice = try p.price("triggerPrice")
                return [try p.checked(order)]
            },
        ]
        + ["crossed": "cross", "isolated": "isolated"].sorted(by: <).flatMap { word, mode in
            [
                .trade(host, .post, "/api/v2/margin/\(word)/place-order", loan, id: id) {
                    p throws(MeaningProblem) in [try margin(p, p.symbol(), mode)]
                },
                .trade(
                    host, .post, "/api/v2/margin/\(word)/batch-place-order", .body("symbol! orderList!"),
                    id: id.inList("orderList")
                ) { p throws(MeaningProblem) in
                    let symbol = try p.symbol()
                    return try p.each("orderList", loan) { row throws(MeaningProblem) in
                        try margin(row, named(row, symbol), mode)
                    }
                },
            ]
        }

    /// A row may name its symbol, or that of the batch.
    private static func named(_ row: Parameters, _ symbol: String?) throws(MeaningProblem) -> String {
        guard let symbol else { return try row.symbol() }
        try row.agree("symbol", with: symbol)
        return symbol
    }

    /// Base, or quote where a market order buys.
    private static func spot(_ p: Parameters, _ symbol: String) throws(MeaningProblem) -> OrderIntent {
        let kind = try p.neededChoice("orderType", kinds, isFolding: true)
        var order = OrderIntent(symbol, try p.neededChoice("side", sides, isFolding: true), kind, on: .spot)
        (order.quantity, order.price) = (try p.decimal("size"), try p.price(unless: kind == .market))
        if kind == .market, order.side == .buy { order.unit = .quote }
        order.timeInForce = try p.choice("force", times, isFolding: true)
        order.clientOrderID = try p.word("clientOid")
        order.stopPrice = try p.price("triggerPrice")
        guard try p.choice("tpslType", ["normal": false, "tpsl": true]) ?? false == (order.stopPrice != nil)
        else {
            throw p.problem("tpslType", "and triggerPrice go together")
        }
        if order.stopPrice != nil { order.kind = kind == .market ? .stopMarket : .stopLimit }
        return try p.checked(order)
    }

    /// Profit and stop of what is bought or sold: orders like any, on the other side.
    private static func withPresets(
        _ p: Parameters, _ order: OrderIntent
    ) throws(MeaningProblem) -> [OrderIntent] {
        let presets = [
            try p.attached(.profit, "presetTakeProfitPrice", "executeTakeProfitPrice", to: order),
            try p.attached(.stop, "presetStopLossPrice", "executeStopLossPrice", to: order),
        ]
        return [order] + presets.compactMap { $0 }
    }

    private static func replaced(_ p: Parameters) throws(MeaningProblem) -> OrderIntent {
        var order = OrderIntent(try p.symbol(), nil, .limit, on: .spot)
        (order.replaces, order.clientOrderID) = (true, try p.word("newClientOid"))
        (order.quantity, order.price) = (try p.decimal("size"), try p.price())
        return try p.checked(order)
    }

    /// `amount` counts in base, `total` in quote; without either, as the type of order does.
    private static func planned(_ p: Parameters, _ symbol: String) throws(MeaningProblem) -> OrderIntent {
        let isMarket = try p.neededChoice("orderType", ["limit": false, "market": true], isFolding: true)
        var order = OrderIntent(
            symbol, try p.neededChoice("side", sides, isFolding: true), isMarket ? .stopMarket : .stopLimit,
            on: .spot)
        let unit = try p.choice("planType", ["amount": OrderIntent.Unit.base, "total": .quote])
        order.unit = unit ?? (isMarket && order.side == .buy ? .quote : .base)
        order.quantity = try p.decimal("size")
        try p.agree("price", with: p.text("executePrice"))
        order.price = try p.price("executePrice", unless: isMarket)
        (order.stopPrice, order.clientOrderID) = (try p.price("triggerPrice"), try p.word("clientOid"))
        return try p.checked(order)
    }

    private static func margin(
        _ p: Parameters, _ symbol: String, _ mode: String
    ) throws(MeaningProblem) -> OrderIntent {
        try p.refuseBorrowing("loanType", unless: ["normal", "autoRepay"])
        let kind = try p.neededChoice("orderType", kinds, isFolding: true)
        var order = OrderIntent(symbol, try p.neededChoice("side", sides, isFolding: true), kind, on: .margin)
        try p.quantity(["baseSize": .base, "quoteSize": .quote], of: &order)
        (order.price, order.marginMode) = (try p.price(unless: kind == .market), mode)
        order.timeInForce = try p.choice("force", times, isFolding: true)
        order.clientOrderID = try p.word("clientOid")
        return try p.checked(order)
    }
}
