import Exchanges
package import JSON
import Kernel

/// A policy to begin with: a document with a few blanks.
package enum ReadyPolicy: String, CaseIterable, Sendable {
    case readOnly = "read_only"
    case spotTrader = "spot_trader"
    case marketMaker = "market_maker"
    case rebalancer
    case taxExport = "tax_export"

    /// For people who choose.
    package var sentence: String {
        switch self {
        case .readOnly: "Reads everything and follows read-only streams; orders, cancels and moves nothing."
        case .spotTrader:
            "Trades the named symbols on spot, each order and each day up to a sum, near the market's price."
        case .marketMaker:
            "Quotes the named symbols with limit orders only, up to 600 orders a minute and a sum a day."
        case .rebalancer:
            "Buys and sells the named symbols on spot, at most 100 orders and a sum a day; nothing else."
        case .taxExport: "Reads history for a tax report, through the proxy, at most 5,000 requests a day."
        }
    }

    /// What must be filled in.
    package var parameters: [Parameter] {
        switch self {
        case .readOnly, .taxExport: [.cidrs]
        case .spotTrader, .marketMaker, .rebalancer: [.symbols, .maxNotional, .dailyNotional, .cidrs]
        }
    }

    package enum Parameter: String, CaseIterable, Sendable {
        case symbols
        /// Of one order, in dollars.
        case maxNotional = "max_notional"
        /// Of all orders of a day, in dollars.
        case dailyNotional = "daily_notional"
        /// Where callers come from; the only one that may be left out.
        case cidrs

        package var isRequired: Bool { self != .cidrs }
    }

    /// The document, with its blanks filled in.
    package func policy(_ parameters: consuming Fields) throws(FieldErrors) -> Policy {
        var f = parameters
        let blanks = Blanks(&f, of: self)
        try f.finish()
        var policy = document(blanks)
        policy.cidrs = blanks.cidrs
        return policy
    }

    // MARK: Documents

    private struct Blanks {
        let symbols: [SymbolPattern]
        let maxNotional: Notional
        let dailyNotional: Int64
        let cidrs: [CIDR]?

        init(_ f: inout Fields, of ready: ReadyPolicy) {
            let isTrading = ready.parameters.contains(.symbols)
            symbols =
                isTrading
                ? f.parsedList("symbols", count: 1...PolicyLimits.list, expected: "a symbol") {
                    SymbolPattern($0)
                } : []
            maxNotional = isTrading ? Self.dollars("max_notional", &f) : Notional(.zero)
            let daily = isTrading ? Self.dollars("daily_notional", &f) : Notional(.zero)
            dailyNotional = daily.microdollars ?? .max
            cidrs = f.cidrs()
        }

        private static func dollars(_ name: String, _ f: inout Fields) -> Notional {
            let expected = "an amount of dollars such as \"5000\", of at most 6 digits behind the point"
            return f.parsed(name, expected: expected, standIn: Notional(.zero)) { text in
                Fields.positive(text).flatMap { amount in
                    let notional = Notional(amount)
                    return amount.scale <= 6 && notional.microdollars != nil ? notional : nil
                }
            }
        }
    }

    private func document(_ blanks: Blanks) -> Policy {
        switch self {
        case .readOnly: Policy(operations: [.read, .stream])
        case .spotTrader: spotTrader(blanks)
        case .marketMaker: marketMaker(blanks)
        case .rebalancer: rebalancer(blanks)
        case .taxExport: taxExport
        }
    }

    private func trading(_ blanks: Blanks, _ types: [OrderIntent.Kind]) -> Policy {
        var policy = Policy(operations: [.read, .trade, .cancel])
        var orders = OrderBounds()
        (orders.symbols, orders.types) = (blanks.symbols, types)
        orders.maxNotional = blanks.maxNotional
        policy.orders = orders
        policy.limits = [UseLimit(.notional, max: blanks.dailyNotional, per: .day)]
        return policy
    }

    private func spotTrader(_ blanks: Blanks) -> Policy {
        var policy = trading(blanks, [.market, .limit, .limitMaker, .stopLimit, .takeProfitLimit])
        policy.orders?.instruments = [.spot]
        policy.orders?.maxPriceDistancePercent = Decimal(exactly: 10)
        return policy
    }

    private func marketMaker(_ blanks: Blanks) -> Policy {
        var policy = trading(blanks, [.limit, .limitMaker])
        policy.operations = [.read, .trade, .cancel, .stream]
        policy.orders?.maxPriceDistancePercent = Decimal(exactly: 5)
        policy.limits.append(UseLimit(.orders, max: 600, per: .minute))
        return policy
    }

    private func rebalancer(_ blanks: Blanks) -> Policy {
        var policy = trading(blanks, [.market, .limit])
        policy.orders?.instruments = [.spot]
        policy.limits.append(UseLimit(.orders, max: 100, per: .day))
        return policy
    }

    private var taxExport: Policy {
        var policy = Policy(operations: [.read])
        policy.ways = [.proxy]
        var limit = UseLimit(.requests, max: 5_000, per: .day)
        limit.scope = .all
        policy.limits = [limit]
        return policy
    }
}
