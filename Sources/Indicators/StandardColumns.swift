/// What `StandardIndicators` says of every bar of a series, as columns. Not a number stands for undefined.
///
/// The same structs, one after the other over a block of bars that stays in the cache: the state of each fits
/// into registers, of all of them together it would not.
package struct StandardColumns: Sendable {
    package enum Column: Int, CaseIterable, Sendable {
        case ema50, ema200, rsi14, macd, signal, histogram, upper, middle, lower, atr14, plusDI, minusDI, dx,
            adx
        case obv, k, d
    }

    private static let block = 512

    package private(set) var count = 0
    private var numbers: [Double] = []

    package init(_ bars: [Bar], undefined: Undefined = .null) { fill(bars, undefined: undefined) }

    /// Takes another series; the memory stays when the last one was as long.
    package mutating func fill(_ bars: [Bar], undefined: Undefined = .null) {
        count = bars.count
        let width = count * Column.allCases.count
        if numbers.count != width { numbers = Array(repeating: .nan, count: width) }
        var state = StandardIndicators(undefined: undefined)
        numbers.withUnsafeMutableBufferPointer { numbers in
            bars.withUnsafeBufferPointer { bars in
                guard let from = bars.baseAddress, let to = numbers.baseAddress else { return }
                for start in stride(from: 0, to: bars.count, by: Self.block) {
                    let range = start..<min(start + Self.block, bars.count)
                    Block(bars: from, numbers: to, count: bars.count, range: range).fill(&state)
                }
            }
        }
    }

    package subscript(column: Column) -> ArraySlice<Double> {
        numbers[column.rawValue * count..<(column.rawValue + 1) * count]
    }
}

/// One stretch of bars, and where its numbers go.
private struct Block {
    typealias Column = StandardColumns.Column

    let bars: UnsafePointer<Bar>
    let numbers: UnsafeMutablePointer<Double>
    let count: Int
    let range: Range<Int>

    func fill(_ state: inout StandardIndicators) {
        each(.ema50, &state.ema50) { $0.update($1.close) }
        each(.ema200, &state.ema200) { $0.update($1.close) }
        each(.rsi14, &state.rsi14) { $0.update($1.close) }
        each(.atr14, &state.atr14) { $0.update($1) }
        each(.obv, &state.obv) { $0.update($1) }
        row(&state.macd) { macd, bar, index in
            let value = macd.update(bar.close)
            put(.macd, index, value?.macd)
            put(.signal, index, value?.signal)
            put(.histogram, index, value?.histogram)
        }
        row(&state.bollinger20) { bands, bar, index in
            let value = bands.update(bar.close)
            put(.upper, index, value?.upper)
            put(.middle, index, value?.middle)
            put(.lower, index, value?.lower)
        }
        row(&state.directional14) { movement, bar, index in
            let value = movement.update(bar)
            put(.plusDI, index, value.plusDI)
            put(.minusDI, index, value.minusDI)
            put(.dx, index, value.dx)
            put(.adx, index, value.adx)
        }
        row(&state.stochastic) { stochastic, bar, index in
            let value = stochastic.update(bar)
            put(.k, index, value?.k)
            put(.d, index, value?.d)
        }
    }

    @inline(__always)
    private func each<State>(_ column: Column, _ state: inout State, _ update: (inout State, Bar) -> Double?)
    {
        row(&state) { state, bar, index in put(column, index, update(&state, bar)) }
    }

    @inline(__always)
    private func row<State>(_ state: inout State, _ update: (inout State, Bar, Int) -> Void) {
        for index in range { update(&state, bars[index], index) }
    }

    @inline(__always)
    private func put(_ column: Column, _ index: Int, _ value: Double?) {
        numbers[column.rawValue &* count &+ index] = value ?? .nan
    }
}
