/// Wilder's directional movement: ±DI and DX from index `period` (14), ADX from `2 · period - 1` (27).
///
/// The sums are seeded over `period - 1` bars and then decay by `S - S / period + new` (TA-Lib's convention).
/// ±DI is undefined without any range, DX without any directional movement; ADX averages defined DX values
/// only.
package struct DirectionalMovement: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package var plusDI: Double?
        package var minusDI: Double?
        package var dx: Double?
        package var adx: Double?
    }

    private let period: Int
    /// What is left of a sum after one bar.
    private let rest: Double
    private let undefined: Undefined
    private var previous: Bar?
    private var bars = 0
    private var ranges = 0.0
    private var rises = 0.0
    private var falls = 0.0
    private var average: WilderAverage
    /// TA-Lib repeats the last DX where there is none.
    private var lastDX = 0.0

    package init(_ period: Int = 14, undefined: Undefined = .null) {
        self.period = period
        rest = Double(period - 1) / Double(period)
        self.undefined = undefined
        average = WilderAverage(period)
    }

    @inline(__always)
    package mutating func update(_ bar: Bar) -> Value {
        defer { previous = bar }
        guard let previous else { return Value() }
        let trueRange = bar.range(after: previous.close)
        let (rise, fall) = Self.movement(from: previous, to: bar)
        if bars < period - 1 {
            bars += 1
            (ranges, rises, falls) = (ranges + trueRange, rises + rise, falls + fall)
            return Value()
        }
        decay(&ranges, trueRange)
        decay(&rises, rise)
        decay(&falls, fall)
        return value()
    }

    /// Only the larger of the two moves counts, and only when it leads outside the previous bar. Without a
    /// branch: nobody can guess which one it is.
    @inline(__always)
    private static func movement(from previous: Bar, to bar: Bar) -> (rise: Double, fall: Double) {
        let up = bar.high - previous.high
        let down = previous.low - bar.low
        let moves = SIMD2(up, down)
        let counted = SIMD2<Double>.zero.replacing(
            with: moves, where: (moves .> SIMD2(down, up)) .& (moves .> .zero))
        return (counted[0], counted[1])
    }

    private func decay(_ sum: inout Double, _ new: Double) { sum = sum * rest + new }

    @inline(__always)
    private mutating func value() -> Value {
        guard ranges > 0 else { return withoutMovement(plusDI: undefined.value, minusDI: undefined.value) }
        let unit = 100 / ranges
        let (plus, minus) = (rises * unit, falls * unit)
        guard plus + minus > 0 else { return withoutMovement(plusDI: plus, minusDI: minus) }
        lastDX = 100 * abs(plus - minus) / (plus + minus)
        return Value(plusDI: plus, minusDI: minus, dx: lastDX, adx: average.update(lastDX))
    }

    private mutating func withoutMovement(plusDI: Double?, minusDI: Double?) -> Value {
        guard undefined == .talib else { return Value(plusDI: plusDI, minusDI: minusDI) }
        return Value(plusDI: plusDI, minusDI: minusDI, dx: lastDX, adx: average.update(lastDX))
    }
}

extension DirectionalMovement: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) {
        let value = update(bar)
        row += [value.plusDI, value.minusDI, value.dx, value.adx]
    }

    package mutating func walk(_ state: inout StateWalk) {
        var bar = previous ?? Bar(high: 0, low: 0, close: 0, volume: 0)
        var hasPrevious = previous == nil ? 0 : 1
        state.pass(&hasPrevious, in: 0...1)
        state.pass(&bar.high)
        state.pass(&bar.low)
        state.pass(&bar.close)
        state.pass(&bar.volume)
        previous = hasPrevious == 1 ? bar : nil
        state.pass(&bars, in: 0...period)
        state.pass(&ranges)
        state.pass(&rises)
        state.pass(&falls)
        average.walk(&state)
        state.pass(&lastDX)
    }
}
