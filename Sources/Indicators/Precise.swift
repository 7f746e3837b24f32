/// A number as the unevaluated sum of two doubles, about 106 bits: `high` is the double nearest to the whole.
///
/// A window's sum in it is, rounded, the same whichever way the window came to hold its values, so a late
/// candle leaves no trace in the last digit; and sums of squares keep their digits where prices are large and
/// moves are small. The error-free steps are Knuth's sum and Dekker's product.
struct Precise: Equatable, Sendable {
    private(set) var high: Double
    private(set) var low: Double

    static var zero: Precise { Precise(0) }

    @inline(__always)
    init(_ value: Double) { (high, low) = (value, 0) }

    /// Of `|high| >= |low|`.
    @inline(__always)
    private init(_ high: Double, _ low: Double) {
        self.high = high + low
        self.low = low - (self.high - high)
    }

    /// Exactly `a + b`.
    @inline(__always)
    static func sum(_ a: Double, _ b: Double) -> Precise {
        let sum = a + b
        let part = sum - a
        var result = Precise(sum)
        result.low = (a - (sum - part)) + (b - part)
        return result
    }

    /// Exactly `a · b`.
    @inline(__always)
    static func product(_ a: Double, _ b: Double) -> Precise {
        let (a1, a2) = halves(a)
        let (b1, b2) = halves(b)
        var result = Precise(a * b)
        result.low = ((a1 * b1 - result.high) + a1 * b2 + a2 * b1) + a2 * b2
        return result
    }

    /// Exactly `a · a`.
    @inline(__always)
    static func square(_ a: Double) -> Precise {
        let (a1, a2) = halves(a)
        var result = Precise(a * a)
        result.low = ((a1 * a1 - result.high) + 2 * a1 * a2) + a2 * a2
        return result
    }

    /// Two numbers of 26 bits each that make up a double (Veltkamp).
    @inline(__always)
    private static func halves(_ a: Double) -> (Double, Double) {
        let shifted = 134_217_729 * a
        let upper = shifted - (shifted - a)
        return (upper, a - upper)
    }

    @inline(__always)
    static func + (a: Precise, b: Precise) -> Precise {
        let sum = sum(a.high, b.high)
        return Precise(sum.high, sum.low + (a.low + b.low))
    }

    @inline(__always)
    static func - (a: Precise, b: Precise) -> Precise {
        let sum = sum(a.high, -b.high)
        return Precise(sum.high, sum.low + (a.low - b.low))
    }

    @inline(__always)
    static func * (a: Precise, b: Double) -> Precise {
        let product = product(a.high, b)
        return Precise(product.high, product.low + a.low * b)
    }

    @inline(__always)
    var squared: Precise {
        let square = Self.square(high)
        return Precise(square.high, square.low + 2 * high * low)
    }

    mutating func walk(_ state: inout StateWalk) {
        state.pass(&high)
        state.pass(&low)
    }
}
