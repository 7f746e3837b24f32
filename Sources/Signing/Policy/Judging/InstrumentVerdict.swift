import Exchanges
package import JSON
import Kernel

/// Whether the exchange would take an order's numbers, for the dry run. Keybell never rounds: it says what
/// does not fit, and refuses nothing because of it.
package struct InstrumentVerdict: Sendable, Equatable {
    package enum Check: String, CaseIterable, Sendable {
        case lotStep = "lot_step"
        case tickSize = "tick_size"
        case minQuantity = "min_quantity"
        case maxQuantity = "max_quantity"
        case minNotional = "min_notional"
    }

    package let check: Check
    package let verdict: ClauseVerdict.Verdict
    /// Where it does not fit.
    package let reason: String?
    /// Of a batch: the number, from 1, of the order.
    package let order: Int?

    /// Five for every order whose instrument is known.
    package static func all(of facts: UseFacts) -> [InstrumentVerdict] {
        let facts = facts.named()
        return JudgedOrders(facts).all.flatMap { order -> [InstrumentVerdict] in
            guard let instrument = try? OrderValue(order.intent, facts).instrument() else { return [] }
            let numbers = OrderNumbers(order: order.intent, instrument: instrument, facts: facts)
            return Check.allCases.map { check in
                switch numbers.outcome(of: check) {
                case .notApplicable:
                    InstrumentVerdict(
                        check: check, verdict: .notApplicable, reason: nil, order: order.number)
                case .fits:
                    InstrumentVerdict(check: check, verdict: .allowed, reason: nil, order: order.number)
                case .refused(let reason):
                    InstrumentVerdict(check: check, verdict: .denied, reason: reason, order: order.number)
                }
            }
        }
    }
}

extension InstrumentVerdict: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("check", check.rawValue)
            w.field("verdict", verdict.rawValue)
            w.field("reason", reason)
            w.field("order", order)
        }
    }
}

private struct OrderNumbers {
    enum Outcome {
        case notApplicable, fits
        case refused(String)
    }

    let order: OrderIntent
    let instrument: Instrument
    let facts: UseFacts

    func outcome(of check: InstrumentVerdict.Check) -> Outcome {
        switch check {
        case .lotStep: multiple(quantity, of: instrument.lotStep, "quantity")
        case .tickSize: multiple(order.price, of: instrument.tickSize, "price")
        case .minQuantity: compare(quantity, instrument.minQuantity) { $0 < $1 ? "less" : nil }
        case .maxQuantity: compare(quantity, instrument.maxQuantity) { $0 > $1 ? "more" : nil }
        case .minNotional: minNotional
        }
    }

    /// Steps and bounds count what the exchange counts, which is never the quote currency.
    private var quantity: Decimal? {
        order.unit == .quote || order.unit == .baseOrQuote ? nil : order.quantity?.magnitude
    }

    private func multiple(_ value: Decimal?, of step: Decimal?, _ name: String) -> Outcome {
        guard let value, let step, let isMultiple = value.magnitude.isMultiple(of: step) else {
            return .notApplicable
        }
        return isMultiple ? .fits : .refused("\(name) \(value) is no multiple of \(step)")
    }

    private func compare(
        _ value: Decimal?, _ bound: Decimal?, _ word: (Decimal, Decimal) -> String?
    ) -> Outcome {
        guard let value, let bound else { return .notApplicable }
        return word(value, bound).map { .refused("quantity \(value) is \($0) than \(bound)") } ?? .fits
    }

    /// In the quote currency, at the order's own price or the price for policy.
    private var minNotional: Outcome {
        guard let least = instrument.minNotional, let quantity = order.quantity?.magnitude,
            order.unit != .baseOrQuote
        else { return .notApplicable }
        let price = order.price ?? OrderValue(order, facts).marketPrice()?.value
        let contracts =
            order.unit == .contracts
            ? instrument.contractValue.flatMap { quantity.multiplied(by: $0) } : quantity
        let isInQuote =
            order.unit == .quote || (order.unit == .contracts && instrument.contractUnit == .quote)
        let worth = isInQuote ? contracts : price.flatMap { contracts?.multiplied(by: $0.magnitude) }
        guard let worth else { return .notApplicable }
        return worth < least
            ? .refused("\(worth) \(instrument.quote) is less than \(least) \(instrument.quote)") : .fits
    }
}
