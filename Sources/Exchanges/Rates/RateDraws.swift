/// The budgets that a request draws from, by each exchange's public documentation. Where an exchange sells
/// larger ones, the largest that everybody may have is meant: what it refuses all the same stops us then.
extension RequestClassifier {
    /// The line of the table that a request is of; ids in a path make no route of their own.
    package func routeName(of draft: RequestDraft) -> String {
        let path = table.find(draft)?.route.path ?? "another"
        return "\(draft.method.rawValue) \(path)"
    }

    /// What is public is nobody's but the address's.
    package func draws(of draft: RequestDraft, _ meaning: RequestMeaning) -> [RateDraw] {
        let draws = draws(ofSigned: draft, meaning)
        return exchange.isPublic(draft) ? draws.filter { $0.budget.owner == .address } : draws
    }

    private func draws(ofSigned draft: RequestDraft, _ meaning: RequestMeaning) -> [RateDraw] {
        let route = routeName(of: draft)
        switch exchange {
        case .binance: return Binance.draws(of: draft, route: route, meaning)
        case .bybit:
            return [
                RateDraw(RateBudget(.address, "requests_5s"), .per(5, 600)),
                RateDraw(RateBudget(.account, route), nil),
            ]
        case .okx: return OKX.draws(route: route, meaning)
        case .kraken: return Kraken.draws(of: draft, meaning)
        case .coinbase: return [RateDraw(RateBudget(.account, "requests_1s"), .per(1, 30))]
        case .kucoin: return [RateDraw(RateBudget(.account, draft.poolOfKuCoin), nil)]
        case .gate: return [RateDraw(RateBudget(.account, route), nil)]
        case .bitget:
            return [
                RateDraw(RateBudget(.address, "requests_1m"), .per(60, 6_000)),
                RateDraw(RateBudget(.account, route), .per(1, 10), isTold: true),
            ]
        case .mexc: return MEXC.draws(of: draft, route: route)
        }
    }
}

extension RequestDraft {
    /// https://www.kucoin.com/docs-new/rate-limit: what moves and describes funds has a pool of its own.
    var poolOfKuCoin: String {
        let ofManagement = [
            "/accounts", "/transfer", "/sub", "/user-info", "/withdrawals", "/deposit", "/user/api-key",
        ]
        if ofManagement.contains(where: { path.contains($0) }) { return "management_30s" }
        return host == "futures" ? "futures_30s" : "spot_30s"
    }
}

extension OKX {
    /// https://www.okx.com/docs-v5/en/: each endpoint over two seconds, by account; orders by instrument
    /// besides.
    private static let limits: [String: Int] = [
        "POST /api/v5/trade/order": 60, "POST /api/v5/trade/cancel-order": 60,
        "POST /api/v5/trade/amend-order": 60, "POST /api/v5/trade/batch-orders": 300,
        "POST /api/v5/trade/cancel-batch-orders": 300, "POST /api/v5/trade/amend-batch-orders": 300,
        "POST /api/v5/trade/close-position": 20, "GET /api/v5/trade/order": 60,
        "GET /api/v5/trade/orders-pending": 60, "GET /api/v5/trade/orders-history": 40,
        "GET /api/v5/trade/orders-history-archive": 20, "GET /api/v5/trade/fills": 60,
        "GET /api/v5/trade/fills-history": 10, "POST /api/v5/trade/order-algo": 20,
        "POST /api/v5/trade/cancel-algos": 20, "GET /api/v5/account/balance": 10,
        "GET /api/v5/account/positions": 10, "GET /api/v5/account/config": 5,
    ]

    static func draws(route: String, _ meaning: RequestMeaning) -> [RateDraw] {
        guard let limit = limits[route] else { return [RateDraw(RateBudget(.account, route), nil)] }
        let symbols = Set(meaning.orders.compactMap(\.symbol))
        guard meaning.operation == .trade, !symbols.isEmpty else {
            return [RateDraw(RateBudget(.account, route), .per(2, limit))]
        }
        return symbols.sorted().map { symbol in
            RateDraw(
                RateBudget(.account, "\(route) \(symbol)"), .per(2, limit),
                cost: meaning.orders.count { $0.symbol == symbol && !$0.isAttached })
        }
    }
}

extension Kraken {
    /// https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits: a counter that falls with time, by the
    /// highest tier; orders have one for each pair, cancels none.
    static func draws(of draft: RequestDraft, _ meaning: RequestMeaning) -> [RateDraw] {
        switch meaning.operation {
        case .cancel: return []
        case .trade:
            return Set(meaning.orders.compactMap(\.symbol)).sorted().map { symbol in
                RateDraw(
                    RateBudget(.account, "orders \(symbol)"),
                    RateAllowance(180, .decay(milliseconds: 267)),
                    cost: meaning.orders.count { $0.symbol == symbol && !$0.isAttached })
            }
        default:
            let isHistory = dear.contains { draft.path.hasSuffix($0) }
            return [
                RateDraw(
                    RateBudget(.account, "counter"), RateAllowance(20, .decay(milliseconds: 1_000)),
                    cost: isHistory ? 2 : 1)
            ]
        }
    }

    private static let dear = ["/Ledgers", "/QueryLedgers", "/TradesHistory", "/ClosedOrders"]
}

extension MEXC {
    /// https://www.mexc.com/api-docs/spot-v3/general-info: each endpoint over ten seconds, by address and by
    /// account; contracts over two.
    static func draws(of draft: RequestDraft, route: String) -> [RateDraw] {
        guard draft.host == "spot" else { return [RateDraw(RateBudget(.account, route), .per(2, 20))] }
        return [
            RateDraw(RateBudget(.address, route), .per(10, 500)),
            RateDraw(RateBudget(.account, route), .per(10, 500)),
        ]
    }
}
