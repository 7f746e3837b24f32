/// A decimal number as people and exchanges write it, exact: prices, quantities, notionals, limits. Never
/// rounded; what does not fit is nil.
package struct Decimal: Sendable {
    /// Digits of a number from outside, in all and behind the point. No quantity or price of an exchange has
    /// more.
    package static let digitsAtMost = 36
    package static let scaleAtMost = 30

    /// The number is `significand / 10^scale`.
    package let significand: Int128
    package let scale: Int

    package static let zero = Decimal(exactly: 0)

    package init(exactly value: Int) { (significand, scale) = (Int128(value), 0) }

    /// Trailing zeros behind the point say nothing and are dropped, so that equal numbers are alike.
    private init(normalising significand: Int128, _ scale: Int) {
        var (significand, scale) = (significand, scale)
        while scale > 0, significand % 10 == 0 {
            significand /= 10
            scale -= 1
        }
        (self.significand, self.scale) = (significand, scale)
    }
}

// MARK: Text

extension Decimal {
    /// An optional minus, digits, and perhaps a point with digits behind it. No exponent, no plus, no spaces,
    /// nothing missing on either side of a point: two readers must not understand it differently.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        let isNegative = bytes.first == UInt8(ascii: "-")
        let digits = bytes[(isNegative ? 1 : 0)...]
        let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, parts.count == 1 || !parts[1].isEmpty,
            whole.count == 1 || whole.first != UInt8(ascii: "0")
        else { return nil }
        let fraction = parts.count == 2 ? parts[1] : []
        guard whole.count + fraction.count <= Self.digitsAtMost, fraction.count <= Self.scaleAtMost,
            let value = Self.number(whole + fraction)
        else { return nil }
        self.init(normalising: isNegative ? -value : value, fraction.count)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int128? {
        var value: Int128 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int128(byte - UInt8(ascii: "0"))
        }
        return value
    }
}

extension Decimal: CustomStringConvertible {
    /// The shortest: `0.1`, `5000`, `-2.5`.
    package var description: String {
        let digits = String(significand.magnitude)
        let padded = String(repeating: "0", count: max(scale + 1 - digits.count, 0)) + digits
        let sign = significand < 0 ? "-" : ""
        guard scale > 0 else { return sign + padded }
        return "\(sign)\(padded.dropLast(scale)).\(padded.suffix(scale))"
    }
}

// MARK: Arithmetic

extension Decimal {
    package static prefix func - (value: Decimal) -> Decimal {
        Decimal(normalising: -value.significand, value.scale)
    }

    package var magnitude: Decimal { significand < 0 ? -self : self }
    package var isNegative: Bool { significand < 0 }
    package var isZero: Bool { significand == 0 }

    /// Nil when the sum has more digits than fit.
    package func adding(_ other: Decimal) -> Decimal? {
        let scale = max(scale, other.scale)
        guard let left = scaled(to: scale), let right = other.scaled(to: scale) else { return nil }
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? nil : Decimal(negatable: sum, scale)
    }

    package func subtracting(_ other: Decimal) -> Decimal? { adding(-other) }

    /// Nil when the product has more digits than fit.
    package func multiplied(by other: Decimal) -> Decimal? {
        let (product, overflow) = significand.multipliedReportingOverflow(by: other.significand)
        return overflow ? nil : Decimal(negatable: product, scale + other.scale)
    }

    /// Nil for the one significand that has no negative: every decimal can be negated.
    private init?(negatable significand: Int128, _ scale: Int) {
        guard significand != .min else { return nil }
        self.init(normalising: significand, scale)
    }

    /// Nil when the step is none, or the digits are too many to tell.
    package func isMultiple(of step: Decimal) -> Bool? {
        let scale = max(scale, step.scale)
        guard !step.isZero, let value = scaled(to: scale), let unit = step.scaled(to: scale) else {
            return nil
        }
        return value % unit == 0
    }

    private func scaled(to wanted: Int) -> Int128? {
        var value = significand
        for _ in scale..<wanted {
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = next
        }
        return value
    }
}

// MARK: Comparing

extension Decimal: Hashable, Comparable {
    /// Both are normal, so equal numbers are written alike.
    package static func == (a: Decimal, b: Decimal) -> Bool {
        a.significand == b.significand && a.scale == b.scale
    }

    package static func < (a: Decimal, b: Decimal) -> Bool {
        let scale = max(a.scale, b.scale)
        // The one that does not fit at the common scale has more digits before the point: it is further from
        // zero.
        switch (a.scaled(to: scale), b.scaled(to: scale)) {
        case (let left?, let right?): return left < right
        case (nil, _): return a.isNegative
        case (_, nil): return !b.isNegative
        }
    }
}
