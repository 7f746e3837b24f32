/// One stretch of a series' bars, and where the numbers of its columns go.
struct BarBlock {
    typealias Column = StandardColumns.Column

    static let mostBars = 512

    let bars: UnsafePointer<Bar>
    let numbers: UnsafeMutablePointer<Double>
    let count: Int
    let range: Range<Int>

    func fill(_ state: inout StandardIndicators, on desk: Desk) {
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
        row(&state.directional14) { movement, bar, index in
            let value = movement.update(bar)
            put(.plusDI, index, value.plusDI)
            put(.minusDI, index, value.minusDI)
            put(.dx, index, value.dx)
            put(.adx, index, value.adx)
        }
        fill(state.bollinger20, on: desk)
        fill(state.stochastic, on: desk)
    }

    @inline(__always)
    private func each<State>(_ column: Column, _ state: inout State, _ update: (inout State, Bar) -> Double?)
    {
        row(&state) { state, bar, index in put(column, index, update(&state, bar)) }
    }

    @inline(__always)
    private func row<State>(_ state: inout State, _ update: (inout State, Bar, Int) -> Void) {
        // A copy of its own stays in registers.
        var own = state
        for index in range { update(&own, bars[index], index) }
        state = own
    }

    @inline(__always)
    private func put(_ column: Column, _ index: Int, _ value: Double?) {
        numbers[column.rawValue &* count &+ index] = value ?? .nan
    }
}

// MARK: Windows

extension BarBlock {
    /// Where the numbers of a block lie side by side while they are worked on.
    struct Desk {
        /// Bars before a block's first that windows may reach.
        static let mostBefore = 32
        private static let room = mostBars + mostBefore + Stretch.lanes
        private static let places = 4

        let first, second, third, fourth: Stretch

        static func with(_ body: (Desk) -> Void) {
            withUnsafeTemporaryAllocation(of: Double.self, capacity: room * places) { memory in
                memory.initialize(repeating: 0)
                guard let start = memory.baseAddress else { return }
                body(
                    Desk(
                        first: Stretch(start), second: Stretch(start + room),
                        third: Stretch(start + 2 * room), fourth: Stretch(start + 3 * room)))
            }
        }
    }

    private func fill(_ bands: BollingerBands, on desk: Desk) {
        let before = bands.period - 1
        let parts = Moments(means: desk.first, spreads: desk.second)
        read(before) { desk.first.start[$0] = $1.close }
        parts.spreads.start.update(repeating: 0, count: before + range.count)
        let total = Moments(means: desk.third, spreads: desk.fourth)
        bands.slide(count: range.count, parts: parts, total: total) { index, value in
            put(.upper, range.lowerBound &+ index, value.upper)
            put(.middle, range.lowerBound &+ index, value.middle)
            put(.lower, range.lowerBound &+ index, value.lower)
        }
        mask([.upper, .middle, .lower], before: before)
    }

    private func fill(_ stochastic: Stochastic, on desk: Desk) {
        let (highs, lows, closes) = (desk.first, desk.second, desk.third)
        read(stochastic.reach) { index, bar in
            highs.start[index] = bar.high
            lows.start[index] = -bar.low
            closes.start[index] = bar.close
        }
        stochastic.slide(count: range.count, highs: highs, negativeLows: lows, closes: closes) {
            put(.k, range.lowerBound &+ $0, $1.k)
            put(.d, range.lowerBound &+ $0, $1.d)
        }
        mask([.k, .d], before: stochastic.reach)
    }

    /// The bars of the block and so many before it; the places of those that there are not keep what they
    /// have, and `mask` hides what comes of it.
    @inline(__always)
    private func read(_ before: Int, _ take: (Int, Bar) -> Void) {
        precondition(before <= Desk.mostBefore)
        let offset = before - range.lowerBound
        for index in max(0, -offset)..<range.upperBound { take(index &+ offset, bars[index]) }
    }

    /// Before the first bar with a whole window there is nothing to say.
    private func mask(_ columns: [Column], before: Int) {
        guard range.lowerBound < before else { return }
        for column in columns {
            for index in range.lowerBound..<min(before, range.upperBound) { put(column, index, nil) }
        }
    }
}
