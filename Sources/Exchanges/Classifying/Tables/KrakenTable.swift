import Kernel

/// https://docs.kraken.com/api/docs/rest-api: a POST each, with a form, or JSON for batches.
enum KrakenTable {
    static let classifier = RequestClassifier(
        .kraken, reads + cancels + streams + orders + money, formats: [host[0]: [.form, .json]])

    private static let host = ["spot"]
    private static let path = "/0/private/"

    private static let reads =
        Route.reads(
            host, path,
            """
            Balance BalanceEx CreditLines TradeBalance OpenOrders ClosedOrders QueryOrders OrderAmends
            TradesHistory QueryTrades OpenPositions Ledgers QueryLedgers TradeVolume AddExport ExportStatus
            RetrieveExport GetApiKeyInfo DepositMethods DepositStatus WithdrawMethods WithdrawAddresses
            WithdrawInfo WithdrawStatus
            """, by: .post) + [addresses]

    /// With `new` it makes another one, whatever stands there.
    private static let addresses = Route(
        hosts: host, method: .post, path: path + "DepositAddresses", operation: .read, makesBy: "new")

    private static let cancels = Route.list(
        host, .cancel,
        """
        POST \(path)CancelOrder
        POST \(path)CancelAll
        POST \(path)CancelAllOrdersAfter
        POST \(path)CancelOrderBatch
        """)

    /// Its token takes orders, too.
    private static let streams = Route.list(
        host, .stream, "POST \(path)GetWebSocketsToken", admitsOrders: true)

    private static let money: [Route] =
        [
            .withdraw(
                host, .post, path + "Withdraw",
                KnownNames.body("asset! key! aclass address amount! max_fee rebase_multiplier")
            ) { p throws(MeaningProblem) in
                // The key names an address that is registered there; an address only repeats it.
                let key = try p.symbol("key")
                return WithdrawalIntent(
                    asset: try p.needed("asset"), network: nil, address: try p.word("address") ?? key,
                    tag: nil,
                    amount: try p.decimal("amount"))
            }
        ]
        + Route.list(
            host, .transfer,
            """
            POST \(path)WalletTransfer asset from to amount
            POST \(path)AccountTransfer asset amount from to
            """)
}

// MARK: - Orders

extension KrakenTable {
    private static let sides: [String: Side] = ["buy": .buy, "sell": .sell]
    private static let kinds: [String: OrderKind] = [
        "market": .market, "limit": .limit, "iceberg": .limit, "stop-loss": .stopMarket,
        "take-profit": .takeProfitMarket, "stop-loss-limit": .stopLimit,
        "take-profit-limit": .takeProfitLimit,
        "trailing-stop": .trailing, "trailing-stop-limit": .trailing, "settle-position": .market,
    ]
    private static let times: [String: TimeInForce] = [
        "GTC": .gtc, "gtc": .gtc, "IOC": .ioc, "ioc": .ioc, "FOK": .fok, "fok": .fok, "GTD": .gtd,
        "gtd": .gtd,
    ]
    /// A UUID without its hyphens.
    private static let id = ClientOrderIDField("cl_ord_id", 32, rival: "userref")

    private static let row = KnownNames.body(
        """
        ordertype! type! volume! userref cl_ord_id displayvol price price2 trigger leverage reduce_only
        stptype oflags timeinforce starttm expiretm close close[ordertype] close[price] close[price2]
        """)
    private static let request = KnownNames.body("pair! asset_class deadline validate rebase_multiplier")

    private static let orders: [Route] = [
        .trade(host, .post, path + "AddOrder", row.and(request), id: id) { p throws(MeaningProblem) in
            try withClose(p, p.symbol("pair"))
        },
        .trade(
            host, .post, path + "AddOrderBatch", request.and(.body("orders!")), id: id.inList("orders")
        ) { p throws(MeaningProblem) in
            let pair = try p.symbol("pair")
            var orders: [OrderIntent] = []
            for order in try p.rows("orders", known: row) { orders += try withClose(order, pair) }
            return orders
        },
        .trade(
            host, .post, path + "EditOrder",
            .body(
                """
                txid! pair! asset_class userref volume displayvol price price2 oflags deadline cancel_response
                validate
                """)
        ) { p throws(MeaningProblem) in
            // As with AmendOrder: that its pair is compared is not documented.
            _ = try p.symbol("pair")
            var order = OrderIntent(nil, nil, .limit, on: .spot)
            (order.replaces, order.quantity) = (true, try p.decimal("volume"))
            order.price = try price(p, "price").value
            if try price(p, "price").isRelative { order.kind = .other }
            try flags(p, &order)
            return [try p.checked(order)]
        },
        .trade(
            host, .post, path + "AmendOrder",
            .body(
                """
                txid cl_ord_id order_qty display_qty limit_price trigger_price pair post_only deadline
                rebase_multiplier
                """)
        ) { p throws(MeaningProblem) in
            // The order is found by its id: its pair is for assets of another class, and may be another one.
            var order = OrderIntent(nil, nil, .limit, on: .spot)
            (order.replaces, order.clientOrderID) = (true, try p.word("cl_ord_id"))
            order.quantity = try p.decimal("order_qty")
            let (limit, trigger) = (try price(p, "limit_price"), try price(p, "trigger_price"))
            (order.price, order.stopPrice) = (limit.value, trigger.value)
            if limit.isRelative { order.kind = .other }
            return [try p.checked(order)]
        },
    ]

    /// An order, and what it opens when it is filled: a conditional close is an order of its own, on the
    /// other side, which reduces nothing by itself.
    private static func withClose(
        _ p: Parameters, _ pair: String
    ) throws(MeaningProblem) -> [OrderIntent] {
        let order = try single(p, pair)
        let inside = try p.object("close", known: .body("ordertype! price price2"))
        guard inside != nil || p.has("close[ordertype]") else {
            guard !p.has("close[price]"), !p.has("close[price2]") else {
                throw p.problem("close[price]", "goes with close[ordertype]")
            }
            return [order]
        }
        let names =
            inside == nil
            ? ["close[ordertype]", "close[price]", "close[price2]"] : ["ordertype", "price", "price2"]
        var close = order.attached(try (inside ?? p).neededChoice(names[0], kinds))
        try prices(inside ?? p, &close, names[1], names[2])
        return [order, try p.checked(close)]
    }

    private static func single(_ p: Parameters, _ pair: String) throws(MeaningProblem) -> OrderIntent {
        var order = OrderIntent(
            pair, try p.neededChoice("type", sides), try p.neededChoice("ordertype", kinds), on: .spot)
        order.quantity = try p.decimal("volume")
        order.clientOrderID = try p.word("cl_ord_id")
        order.timeInForce = try p.choice("timeinforce", times)
        try prices(p, &order, "price", "price2")
        try leverage(p, &order)
        try flags(p, &order)
        // Of margin positions only.
        order.isReduceOnly = try p.flag("reduce_only") && order.instrument == .margin
        if try p.word("ordertype") == "settle-position" {
            (order.closesPosition, order.isReduceOnly) = (true, true)
        }
        // Nothing means as much as there is of a margin position.
        if order.instrument == .margin, order.quantity?.isZero == true {
            (order.closesPosition, order.isReduceOnly, order.quantity) = (true, true, nil)
        }
        return try p.checked(order)
    }

    /// `price` is the trigger where there is one; `price2` is the limit then.
    private static func prices(
        _ p: Parameters, _ order: inout OrderIntent, _ first: String, _ second: String
    ) throws(MeaningProblem) {
        let (one, two) = (try price(p, first), try price(p, second))
        switch order.kind {
        case .limit: order.price = one.value
        case .stopLimit, .takeProfitLimit: (order.stopPrice, order.price) = (one.value, two.value)
        case .market: break
        default: order.stopPrice = one.value
        }
        // A price that moves with the market is none that could be judged.
        if order.kind.hasLimit, order.kind == .limit ? one.isRelative : two.isRelative {
            (order.kind, order.price) = (.other, nil)
        }
    }

    /// `+5`, `-1.5%`, `#2`: relative to the market.
    private static func price(
        _ p: Parameters, _ name: String
    ) throws(MeaningProblem) -> (value: Decimal?, isRelative: Bool) {
        guard let text = try p.word(name) else { return (nil, false) }
        guard let first = text.utf8.first, "+-#".utf8.contains(first) || text.hasSuffix("%") else {
            return (try p.price(name), false)
        }
        let number = text.drop { "+-#".contains($0) }
        guard Decimal(number.hasSuffix("%") ? number.dropLast() : number) != nil else {
            throw p.problem(name, "must be a price, or an offset such as +5 or -1.5%")
        }
        return (nil, true)
    }

    private static func flags(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        for flag in (try p.word("oflags") ?? "").split(separator: ",") {
            switch flag {
            case "post":
                guard order.timeInForce != .ioc, order.timeInForce != .fok else {
                    throw p.problem("oflags", "holds post, which does not go with taking at once")
                }
                order.timeInForce = .postOnly
            // Volume in quote.
            case "viqc":
                guard order.kind == .market, order.side == .buy, order.instrument == .spot else {
                    throw p.problem("oflags", "holds viqc, which is for market orders of spot that buy")
                }
                order.unit = .quote
            case "fcib", "fciq", "nompp": break
            default: throw p.problem("oflags", "holds a flag that is not known here")
            }
        }
    }

    /// `2`, `2:1`, `none`.
    private static func leverage(_ p: Parameters, _ order: inout OrderIntent) throws(MeaningProblem) {
        guard let text = try p.word("leverage"), text != "none" else { return }
        guard let leverage = Decimal(text.hasSuffix(":1") ? text.dropLast(2) : text[...]) else {
            throw p.problem("leverage", "must be a number, or such as 2:1")
        }
        (order.leverage, order.instrument) = (leverage, .margin)
    }
}
