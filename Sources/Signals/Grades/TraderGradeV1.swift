import Glibc
package import Indicators
import Kernel

/// The Trader Grade v1: the mean of three families, frozen by decision 0012. Neither open nor volume is read.
/// O(1) a candle but for the sums of squares, which are added afresh, oldest first, so that they never drift.
package struct TraderGradeV1: GradeStream {
    package static let model = GradeModel.traderV1

    private let interval: Interval
    private var bars = 0
    private var channels = GradeFamily.horizons.map { DonchianChannel($0) }
    private var closes: Window
    private var squares: Window
    private var macds = GradeFamily.macds.map { MACD(fast: $0.fast, slow: $0.slow, signal: $0.signal) }
    private var atr = ATR(GradeFamily.atrPeriod)
    /// Not of the grade: what warnings read beside it.
    private var ema20 = EMA(20)
    private var ema50 = EMA(50)
    private var times = RecentTimes()
    private var previous: Double?

    package init(_ interval: Interval) {
        self.interval = interval
        let longest = GradeFamily.horizons.max() ?? 1
        (closes, squares) = (Window(longest + 1), Window(longest))
    }

    package mutating func update(_ candle: Candle) -> Grade? {
        bars += 1
        times.push(candle.openTime)
        var inputs = GradeInputs(bars: bars, close: candle.close)
        inputs.ema20 = ema20.update(candle.close)
        inputs.ema50 = ema50.update(candle.close)
        inputs.atr14 = atr.update(candle.bar)
        let leaves = readings(candle, inputs.atr14)
        let means = FamilyMeans(leaves)
        defer { previous = means.value }
        guard let value = means.value else { return nil }
        return Grade(
            model: Self.model, time: candle.openTime, value: value, previous: previous,
            dataQuality: 100 * means.quality,
            missingLast100: times.missing(last: TraderGrade.missingWindow, interval), inputs: inputs,
            firstTimes: GradeLeaf.all.map { times.ago($0.count - 1) }, leaves: leaves)
    }

    private mutating func readings(_ candle: Candle, _ atr14: Double?) -> [LeafReading] {
        var leaves: [LeafReading] = []
        leaves.reserveCapacity(GradeLeaf.all.count)
        for index in channels.indices {
            let extremes = channels[index].update(candle.bar)
            leaves.append(.channel(candle.close, highest: extremes?.highest, lowest: extremes?.lowest))
        }
        if bars > 1 {
            let change = log(candle.close / closes.ago(0))
            squares.push(change * change)
        }
        closes.push(candle.close)
        for span in GradeFamily.horizons {
            guard squares.count >= span else {
                leaves.append(LeafReading())
                continue
            }
            leaves.append(
                .ratio(log(candle.close / closes.ago(span)), squares.sum(last: span).squareRoot()))
        }
        for index in macds.indices {
            let histogram = macds[index].update(candle.close)?.histogram
            leaves.append(.ratio(histogram, atr14, over: GradeFamily.band))
        }
        return leaves
    }

    package static let parameterHash: String = {
        let leaves = GradeLeaf.all.map { "\($0.name):\($0.count):\($0.family.formula)" }
        return GradeModel.hash(
            of: "\(model.rawValue)|\(GradeFamily.band)|\(GradeFamily.atrPeriod)|"
                + leaves.joined(separator: "|"))
    }()
}

extension TraderGradeV1 {
    package mutating func walk(_ state: inout StateWalk) {
        state.pass(&bars)
        for index in channels.indices { channels[index].walk(&state) }
        closes.walk(&state)
        squares.walk(&state)
        for index in macds.indices { macds[index].walk(&state) }
        atr.walk(&state)
        ema20.walk(&state)
        ema50.walk(&state)
        times.walk(&state)
        state.pass(&previous)
    }
}
