package import Kernel

/// What an answer says of too much: how long nothing more is taken.
package struct RateStop: Hashable, Sendable {
    package let owner: RateBudget.Owner
    /// Nil: everything of its owner.
    package let route: String?
    package let isBan: Bool
    /// New orders alone were too many: cancels are still taken.
    package let sparesCancels: Bool
    package let length: Period

    init(
        _ owner: RateBudget.Owner, route: String? = nil, isBan: Bool = false, sparesCancels: Bool = false,
        seconds: Int
    ) {
        (self.owner, self.route, self.isBan) = (owner, route, isBan)
        self.sparesCancels = sparesCancels
        length = .seconds(Int64(min(max(seconds, 1), Self.longest)))
    }

    /// Binance bans for three days at most, and nobody for longer.
    private static let longest = 3 * 86_400
}

extension ExchangeName {
    /// Nil when an answer says nothing of the kind. Pure.
    /// - Parameter code: as `RequestOutcome` found it.
    package func stop(status: Int, code: String?, retryAfter: Int?, route: String) -> RateStop? {
        if let known = Self.codes[self]?.first(where: { code?.hasPrefix($0.code) == true }) {
            return RateStop(
                known.owner, route: known.isOfRoute ? route : nil, isBan: known.isBan || status == 418,
                sparesCancels: known.sparesCancels, seconds: retryAfter ?? known.seconds)
        }
        switch status {
        case 418: return RateStop(.address, isBan: true, seconds: retryAfter ?? 120)
        case 429: return RateStop(.address, seconds: retryAfter ?? 1)
        // A front door's: they name a time only to those whom they shut out for a while.
        case 403 where retryAfter != nil: return RateStop(.address, isBan: true, seconds: retryAfter ?? 0)
        // "403, access too frequent": ten minutes, by its documents.
        case 403 where self == .bybit && code == nil: return RateStop(.address, isBan: true, seconds: 600)
        default: return nil
        }
    }

    private struct Code: Sendable {
        let code: String
        let owner: RateBudget.Owner
        var isOfRoute = false
        var isBan = false
        var sparesCancels = false
        /// Where no `Retry-After` says it.
        let seconds: Int
    }

    /// From the exchanges' tables of errors.
    private static let codes: [ExchangeName: [Code]] = [
        .binance: [
            Code(code: "-1015", owner: .account, sparesCancels: true, seconds: 10),
            Code(code: "-1003", owner: .address, seconds: 60),
        ],
        .bybit: [
            Code(code: "10006", owner: .account, isOfRoute: true, seconds: 1),
            Code(code: "10018", owner: .address, seconds: 5),
        ],
        .okx: [
            Code(code: "50011", owner: .account, isOfRoute: true, seconds: 2),
            Code(code: "50061", owner: .account, sparesCancels: true, seconds: 2),
        ],
        .kraken: [
            Code(code: "EAPI:Rate limit exceeded", owner: .account, seconds: 5),
            Code(code: "EOrder:Rate limit exceeded", owner: .account, sparesCancels: true, seconds: 3),
            Code(code: "EGeneral:Temporary lockout", owner: .account, isBan: true, seconds: 900),
            Code(code: "EGeneral:Too many requests", owner: .address, seconds: 10),
        ],
        .coinbase: [
            Code(code: "rate_limit_exceeded", owner: .account, seconds: 1),
            Code(code: "RESOURCE_EXHAUSTED", owner: .account, seconds: 1),
        ],
        .kucoin: [
            Code(code: "429000", owner: .account, seconds: 10),
            Code(code: "1015", owner: .address, isBan: true, seconds: 30),
        ],
        .gate: [Code(code: "TOO_MANY_REQUESTS", owner: .account, isOfRoute: true, seconds: 10)],
        .bitget: [Code(code: "40725", owner: .account, seconds: 5)],
        .mexc: [Code(code: "510", owner: .account, isOfRoute: true, seconds: 2)],
    ]
}
