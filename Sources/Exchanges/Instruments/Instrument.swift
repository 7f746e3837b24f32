package import Kernel

/// What is traded, as its exchange lists it: what an order's numbers mean, and which are accepted.
package struct Instrument: Sendable, Equatable {
    /// What a contract's value is written in.
    package enum ContractUnit: String, CaseIterable, Sendable { case base, quote }

    /// As orders name it, and policies.
    package var symbol: String
    /// Other names by which orders may call it.
    package var aliases: [String] = []
    /// Alias of the host where it is traded.
    package var host: String
    package var kind: OrderIntent.Instrument
    package var base: String
    package var quote: String
    /// What profit and loss are paid in.
    package var settle: String
    /// Of one contract, in `contractUnit`; nil where quantities are not counted in contracts.
    package var contractValue: Decimal?
    package var contractUnit: ContractUnit = .base
    /// Quantities are multiples of it, in the unit that the exchange counts.
    package var lotStep: Decimal?
    /// Prices are multiples of it.
    package var tickSize: Decimal?
    package var minQuantity: Decimal?
    package var maxQuantity: Decimal?
    /// Quantity times price at least, in `quote`.
    package var minNotional: Decimal?

    /// - Parameter settle: `quote`, unless another is named.
    package init(
        _ symbol: String, host: String, _ kind: OrderIntent.Instrument, base: String, quote: String,
        settle: String? = nil
    ) {
        (self.symbol, self.host, self.kind) = (symbol, host, kind)
        (self.base, self.quote, self.settle) = (base, quote, settle ?? quote)
    }

    package var names: [String] { [symbol] + aliases }

    /// Whether an order that calls itself so can be about this: on margin, what is traded is the spot
    /// instrument. The same symbol may name two things (`BTCUSDT` spot and perpetual).
    package func fits(_ kind: OrderIntent.Instrument) -> Bool {
        kind == self.kind || (kind == .margin && self.kind == .spot)
    }
}

/// What a policy may name.
extension OrderIntent.Instrument: CaseIterable {
    package static let allCases: [Self] = [.spot, .margin, .linear, .inverse, .option]
}
