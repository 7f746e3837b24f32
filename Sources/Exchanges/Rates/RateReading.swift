package import Kernel

/// What an answer tells of a budget.
package struct RateReading: Hashable, Sendable {
    package let budget: RateBudget
    package let used: Int?
    package let left: Int?
    package let limit: Int?
    /// When it is full again; nil where its window is documented.
    package let endsAt: Timestamp?

    init(
        _ budget: RateBudget, used: Int? = nil, left: Int? = nil, limit: Int? = nil, endsAt: Timestamp? = nil
    ) {
        (self.budget, self.used, self.left) = (budget, used, left)
        (self.limit, self.endsAt) = (limit, endsAt)
    }
}

/// The headers of one answer, by their names in lower case.
package struct RateHeaders: Sendable {
    /// No exchange counts that far; more is a mistake of theirs.
    private static let most = 1 << 44
    private let values: [String: String]

    package init(_ headers: [(name: String, value: String)]) {
        values = Dictionary(
            headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    func int(_ name: String) -> Int? {
        values[name].flatMap { Int($0) }.flatMap { (0...Self.most).contains($0) ? $0 : nil }
    }

    package var retryAfterSeconds: Int? { int("retry-after") }
}

extension ExchangeName {
    /// What an answer tells of the budgets that its request drew from. Pure.
    /// - Parameters:
    ///   - route: as `RequestClassifier.routeName(of:)` has it.
    ///   - now: of the answer.
    package func readings(
        _ headers: RateHeaders, of draft: RequestDraft, route: String, at now: Timestamp
    ) -> [RateReading] {
        switch self {
        case .binance: Binance.readings(headers, of: draft)
        case .bybit: [bybit(headers, route, now)].compactMap(\.self)
        case .kucoin: [kucoin(headers, draft, now)].compactMap(\.self)
        case .gate: [gate(headers, route, now)].compactMap(\.self)
        case .bitget: [bitget(headers, route, now)].compactMap(\.self)
        case .okx, .kraken, .coinbase, .mexc: []
        }
    }

    /// https://bybit-exchange.github.io/docs/v5/rate-limit: by account and endpoint. The moment at which it
    /// is full again is told only once it is empty; before that the present one stands there.
    private func bybit(_ headers: RateHeaders, _ route: String, _ now: Timestamp) -> RateReading? {
        guard let left = headers.int("x-bapi-limit-status"), let limit = headers.int("x-bapi-limit") else {
            return nil
        }
        let told = Timestamp(
            exchangeMilliseconds: headers.int("x-bapi-limit-reset-timestamp").map { Int64($0) })
        return RateReading(
            RateBudget(.account, route), left: left, limit: limit, endsAt: Self.end(told, now, .seconds(1)))
    }

    /// https://www.kucoin.com/docs-new/rate-limit: by account and pool; milliseconds that are left.
    private func kucoin(_ headers: RateHeaders, _ draft: RequestDraft, _ now: Timestamp) -> RateReading? {
        guard let left = headers.int("gw-ratelimit-remaining"), let limit = headers.int("gw-ratelimit-limit")
        else { return nil }
        let wait = min(headers.int("gw-ratelimit-reset") ?? 0, 30_000)
        return RateReading(
            RateBudget(.account, draft.poolOfKuCoin), left: left, limit: limit,
            endsAt: now + .milliseconds(Int64(wait)))
    }

    /// https://www.gate.com/docs/developers/apiv4: by account and endpoint; the second at which it is full.
    private func gate(_ headers: RateHeaders, _ route: String, _ now: Timestamp) -> RateReading? {
        guard let left = headers.int("x-gate-ratelimit-requests-remain"),
            let limit = headers.int("x-gate-ratelimit-limit")
        else { return nil }
        let told = Timestamp(
            exchangeMilliseconds: headers.int("x-gate-ratelimit-reset-timestamp").map { Int64($0) * 1_000 })
        return RateReading(
            RateBudget(.account, route), left: left, limit: limit, endsAt: Self.end(told, now, .seconds(1)))
    }

    /// https://www.bitget.com/api-doc/common/signature-samaple/interface-frequency: what is left in this
    /// second, by account and endpoint.
    private func bitget(_ headers: RateHeaders, _ route: String, _ now: Timestamp) -> RateReading? {
        guard let left = headers.int("x-mbx-used-remain-limit") else { return nil }
        return RateReading(RateBudget(.account, route), left: left, endsAt: now + .seconds(1))
    }

    /// What is told counts, unless it is over or absurdly far.
    private static func end(_ told: Timestamp?, _ now: Timestamp, _ usual: Period) -> Timestamp {
        guard let told, told > now, told - now < .minutes(1) else { return now + usual }
        return told
    }
}
