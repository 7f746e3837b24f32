package import Kernel

/// What a request does at its exchange.
package enum RequestOperation: String, CaseIterable, Sendable {
    case read, trade, cancel
    /// Opens a private stream, or fetches what opens one.
    case stream
    case transfer, withdraw
    /// Everything else, and everything that no table knows.
    case admin

    /// Never without an approval.
    package var movesMoney: Bool { self == .withdraw || self == .transfer }

    package func hash(into hasher: inout Hasher) { hasher.combine(case: self) }
}

/// What a request means, told from method, host, path, query and body. Policies are about this.
package struct RequestMeaning: Sendable, Equatable {
    package var operation: RequestOperation
    /// Of a request that trades: one, or several of a batch. Amending and replacing count as new orders.
    package var orders: [OrderIntent]
    package var withdrawal: WithdrawalIntent?
    /// What it sets for orders to come.
    package var setting: PositionSetting?
    /// A stream's credentials would admit orders, too.
    package var admitsOrders: Bool
    /// Why it cannot be judged; it is refused then, whatever the policy says.
    package var problems: [MeaningProblem]

    package init(
        _ operation: RequestOperation, orders: [OrderIntent] = [], withdrawal: WithdrawalIntent? = nil,
        admitsOrders: Bool = false, problems: [MeaningProblem] = []
    ) {
        (self.operation, self.orders, self.withdrawal) = (operation, orders, withdrawal)
        (self.admitsOrders, self.problems) = (admitsOrders, problems)
    }
}

extension RequestMeaning {
    /// As an exchange understands it that leaves marks like `reduceOnly` out of account: what only such a
    /// mark holds to reducing may open.
    package var withoutMarks: RequestMeaning {
        guard orders.contains(where: \.reducesByMark) else { return self }
        var meaning = self
        for place in orders.indices where orders[place].reducesByMark {
            (meaning.orders[place].isReduceOnly, meaning.orders[place].reducesByMark) = (false, false)
        }
        return meaning
    }
}

extension ExchangeName {
    /// Whether orders of such an account only reduce where a mark says so. OKX documents it of futures mode
    /// (2) and multi-currency margin (3); in spot mode and portfolio margin it may open. Unknown is no.
    package func readsReduceOnly(in accountMode: String?) -> Bool {
        self != .okx || accountMode == "2" || accountMode == "3"
    }
}

/// What a request sets for the orders to come, which then need not name it.
package struct PositionSetting: Sendable, Equatable {
    package enum Value<Wrapped: Sendable & Equatable>: Sendable, Equatable {
        case told(Wrapped)
        /// Set, and to what is not understood.
        case unknown
    }

    package var leverage: Value<Decimal>?
    package var marginMode: Value<String>?

    package init(leverage: Value<Decimal>? = nil, marginMode: Value<String>? = nil) {
        (self.leverage, self.marginMode) = (leverage, marginMode)
    }
}

/// Something about a request that two readers could understand differently, or that nobody here knows.
package struct MeaningProblem: Error, Sendable, Equatable {
    package enum Part: String, Sendable { case method, host, path, query, body }

    package let part: Part
    /// Of the parameter, where it is about one.
    package let name: String?
    package let sentence: String

    package init(_ part: Part, _ name: String? = nil, _ sentence: String) {
        (self.part, self.name, self.sentence) = (part, name, sentence)
    }
}

/// One order, as the exchange will understand it.
package struct OrderIntent: Sendable, Equatable {
    package enum Side: String, CaseIterable, Sendable { case buy, sell }

    package enum Kind: String, CaseIterable, Sendable {
        case market, limit
        /// A limit order that never takes.
        case limitMaker = "limit_maker"
        case stopMarket = "stop_market"
        case stopLimit = "stop_limit"
        case takeProfitMarket = "take_profit_market"
        case takeProfitLimit = "take_profit_limit"
        case trailing
        /// Whatever else an exchange offers.
        case other
    }

    package enum TimeInForce: String, CaseIterable, Sendable {
        case gtc, ioc, fok, gtd
        case postOnly = "post_only"
    }

    /// What a quantity counts.
    package enum Unit: String, Sendable {
        case base, quote, contracts
        /// One of the two, and the request does not say which: it counts as the dearer.
        case baseOrQuote = "base_or_quote"
    }
    package enum Instrument: String, Sendable { case spot, margin, linear, inverse, option }

    /// Nil where an order is amended by its id alone: the request does not say.
    package var symbol: String?
    package var side: Side?
    package var kind: Kind
    package var instrument: Instrument
    package var timeInForce: TimeInForce?
    package var quantity: Decimal?
    package var unit: Unit = .base
    package var price: Decimal?
    package var stopPrice: Decimal?
    /// The exchange itself lets it reduce a position only.
    package var isReduceOnly = false
    /// That only a mark says, which the exchange does not read in every mode of an account.
    package var reducesByMark = false
    /// Closes whatever there is; it has no quantity.
    package var closesPosition = false
    /// Where positions are held both ways: `long` or `short`.
    package var positionSide: String?
    package var leverage: Decimal?
    /// As the exchange writes it: `isolated`, `cross`, `cash` …
    package var marginMode: String?
    package var clientOrderID: String?
    /// Takes the place of an order that is there: amended, or cancelled and replaced. What it does not name
    /// stays as it was.
    package var replaces = false
    /// Orders of one request with the same number here are alternatives, of which at most one is filled:
    /// totals count the dearest.
    package var alternative: Int?
    /// Waits until another order of the same request is filled, and is placed by the exchange itself.
    package var isAttached = false

    package init(_ symbol: String?, _ side: Side?, _ kind: Kind, on instrument: Instrument) {
        (self.symbol, self.side, self.kind, self.instrument) = (symbol, side, kind, instrument)
    }
}

/// Where a withdrawal goes.
package struct WithdrawalIntent: Sendable, Equatable {
    package var asset: String
    package var network: String?
    package var address: String
    package var tag: String?
    package var amount: Decimal?

    package init(asset: String, network: String?, address: String, tag: String?, amount: Decimal?) {
        (self.asset, self.network, self.address) = (asset, network, address)
        (self.tag, self.amount) = (tag, amount)
    }
}
