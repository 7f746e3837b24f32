package import JSON
package import Kernel

/// What an order is worth, in dollars.
package struct Notional: Sendable, Hashable {
    package let amount: Decimal

    package init(_ amount: Decimal) { self.amount = amount }

    /// The unit of counters.
    package init(microdollars: Int64) {
        let millionth = Decimal("0.000001") ?? .zero
        amount = Decimal(exactly: Int(microdollars)).multiplied(by: millionth) ?? .zero
    }

    /// The next whole number of them: a counter is never charged less than what was spent. Nil beyond what a
    /// counter holds.
    package var microdollars: Int64? {
        guard let scaled = amount.multiplied(by: Decimal(exactly: 1_000_000)) else { return nil }
        // No significand has more digits: it is a part of one unit then.
        guard scaled.scale <= 38 else { return scaled.isZero ? 0 : 1 }
        let divisor = (0..<scaled.scale).reduce(Int128(1)) { power, _ in power * 10 }
        let (quotient, rest) = scaled.significand.quotientAndRemainder(dividingBy: divisor)
        return Int64(exactly: rest > 0 ? quotient + 1 : quotient)
    }
}

extension Notional: CustomStringConvertible {
    package var description: String { "\(amount) USD" }
}

extension Notional: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("amount", amount.description)
            w.field("currency", "USD")
        }
    }
}
