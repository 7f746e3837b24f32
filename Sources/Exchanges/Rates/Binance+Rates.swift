/// https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits, and the same page of each host:
/// weight by address over a minute, orders by account.
extension Binance {
    private struct Limits {
        let weight: Int
        /// New orders, by the interval that headers name.
        var orders: [(interval: String, seconds: Int64, limit: Int)] = []
    }

    /// By the first segment of a path.
    private static let limits: [String: Limits] = [
        "api": Limits(weight: 6_000, orders: [("10s", 10, 100), ("1d", 86_400, 200_000)]),
        "sapi": Limits(weight: 12_000),
        "fapi": Limits(weight: 2_400, orders: [("10s", 10, 300), ("1m", 60, 1_200)]),
        "dapi": Limits(weight: 2_400, orders: [("1m", 60, 1_200)]),
        "eapi": Limits(weight: 400, orders: [("10s", 10, 100), ("1m", 60, 200)]),
        "papi": Limits(weight: 6_000, orders: [("1m", 60, 1_200)]),
    ]

    static func draws(of draft: RequestDraft, route: String, _ meaning: RequestMeaning) -> [RateDraw] {
        let family = draft.family
        guard let limits = limits[family] else { return [] }
        let cost = weight(of: draft, route)
        if family == "sapi" {
            let ofAll: [(owner: RateBudget.Owner, limit: Int)] = [
                (.address, limits.weight), (.account, 180_000),
            ]
            return ofAll.map { owner, limit in
                RateDraw(RateBudget(owner, "sapi_weight_1m"), .per(60, limit), cost: cost, isTold: true)
            }
        }
        let weight = RateDraw(
            RateBudget(.address, "weight_1m"), .per(60, limits.weight), cost: cost, isTold: true)
        guard meaning.operation == .trade else { return [weight] }
        return [weight]
            + limits.orders.map { orders in
                RateDraw(
                    budget(ofOrders: orders.interval, family), .per(orders.seconds, orders.limit),
                    cost: max(meaning.orders.count, 1), isTold: true)
            }
    }

    static func readings(_ headers: RateHeaders, of draft: RequestDraft) -> [RateReading] {
        let family = draft.family
        var readings = [
            headers.int("x-mbx-used-weight-1m").map {
                RateReading(RateBudget(.address, "weight_1m"), used: $0)
            },
            headers.int("x-sapi-used-ip-weight-1m").map {
                RateReading(RateBudget(.address, "sapi_weight_1m"), used: $0)
            },
            headers.int("x-sapi-used-uid-weight-1m").map {
                RateReading(RateBudget(.account, "sapi_weight_1m"), used: $0)
            },
        ].compactMap(\.self)
        for orders in limits[family]?.orders ?? [] {
            guard let used = headers.int("x-mbx-order-count-\(orders.interval)") else { continue }
            readings.append(RateReading(budget(ofOrders: orders.interval, family), used: used))
        }
        return readings
    }

    private static func budget(ofOrders interval: String, _ family: String) -> RateBudget {
        RateBudget(.account, "\(family)_orders_\(interval)")
    }

    private static func weight(of draft: RequestDraft, _ route: String) -> Int {
        guard let weight = weights[route] else { return 1 }
        let isWhole = !draft.query.contains { $0.name == "symbol" }
        return isWhole ? weight.whole : weight.ofSymbol
    }

    /// What counts more than 1: with a symbol, and without.
    private static let weights: [String: (ofSymbol: Int, whole: Int)] = {
        let pairs = dear.split(separator: "\n").map { line -> (String, (ofSymbol: Int, whole: Int)) in
            let words = line.split(separator: " ")
            let numbers = words.dropFirst(2).compactMap { Int($0) }
            precondition(!numbers.isEmpty, "a weight of Binance has no number: \(line)")
            return (words.prefix(2).joined(separator: " "), (numbers[0], numbers[numbers.count - 1]))
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }()

    private static let dear = """
        GET /api/v3/account 20
        GET /api/v3/account/commission 20
        GET /api/v3/order 4
        GET /api/v3/openOrders 6 80
        GET /api/v3/allOrders 20
        GET /api/v3/myTrades 20
        GET /api/v3/myAllocations 20
        GET /api/v3/orderList 4
        GET /api/v3/allOrderList 20
        GET /api/v3/openOrderList 6
        GET /api/v3/rateLimit/order 40
        GET /fapi/v2/account 5
        GET /fapi/v3/account 5
        GET /fapi/v2/balance 5
        GET /fapi/v3/balance 5
        GET /fapi/v2/positionRisk 5
        GET /fapi/v3/positionRisk 5
        GET /fapi/v1/openOrders 1 40
        GET /fapi/v1/allOrders 5
        GET /fapi/v1/userTrades 5
        GET /fapi/v1/income 30
        POST /fapi/v1/batchOrders 5
        PUT /fapi/v1/batchOrders 5
        GET /dapi/v1/account 5
        GET /dapi/v1/openOrders 1 40
        GET /dapi/v1/allOrders 20 40
        GET /dapi/v1/userTrades 20 40
        GET /dapi/v1/income 20
        POST /dapi/v1/batchOrders 5
        GET /eapi/v1/account 3
        GET /eapi/v1/openOrders 1 40
        GET /eapi/v1/position 5
        GET /sapi/v1/margin/account 10
        GET /sapi/v1/margin/openOrders 10
        GET /sapi/v1/margin/allOrders 200
        GET /sapi/v1/capital/config/getall 10
        """
}

extension RequestDraft {
    /// `api`, `sapi`, `fapi` …
    fileprivate var family: String { String(path.dropFirst().prefix { $0 != "/" }) }
}
