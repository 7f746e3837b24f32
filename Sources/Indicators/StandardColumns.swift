/// What `StandardIndicators` says of every bar of a series, as columns. Not a number stands for undefined.
///
/// The same structs, one after the other over a block of bars that stays in the cache: the state of each fits
/// into registers, of all of them together it would not. Those with windows need no rings here, because the
/// bars are all there.
package struct StandardColumns: Sendable {
    package enum Column: Int, CaseIterable, Sendable {
        case ema50, ema200, rsi14, macd, signal, histogram, upper, middle, lower, atr14, plusDI, minusDI, dx,
            adx
        case obv, k, d
    }

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
                BarBlock.Desk.with { desk in
                    for start in stride(from: 0, to: bars.count, by: BarBlock.mostBars) {
                        let range = start..<min(start + BarBlock.mostBars, bars.count)
                        BarBlock(bars: from, numbers: to, count: bars.count, range: range)
                            .fill(&state, on: desk)
                    }
                }
            }
        }
    }

    package subscript(column: Column) -> ArraySlice<Double> {
        numbers[column.rawValue * count..<(column.rawValue + 1) * count]
    }
}
