package import Indicators
import Kernel

/// The Trader Grade v0, streamed over the closed candles of one series: a grade a candle, made of that candle
/// and those before it only. A value: a copy is a snapshot, and continues bit by bit.
package struct TraderGrade: GradeStream {
    package static let model = GradeModel.traderV0
    /// Before 30 candles, fewer than four components exist: RSI, directional strength, breakout and volume.
    package static let minimumBars = 30
    package static let minimumComponents = 4
    /// Candles over which missing ones are counted.
    static let missingWindow = 100

    private let interval: Interval
    private var stream = GradeInputStream()
    private var times = RecentTimes()
    private var previous: Double?

    package init(_ interval: Interval) { self.interval = interval }

    /// `candle` is closed and later than the one before. Nil while there are too few candles.
    package mutating func update(_ candle: Candle) -> Grade? {
        let inputs = stream.update(candle.bar)
        times.push(candle.openTime)
        let weights = GradeWeights(inputs)
        guard inputs.bars >= Self.minimumBars, weights.count >= Self.minimumComponents else { return nil }
        let missing = times.missing(last: Self.missingWindow, interval)
        let complete = 1 - Double(missing) / Double(Self.missingWindow)
        let value = weights.points / weights.scored
        defer { previous = value }
        return Grade(
            model: Self.model, time: candle.openTime, value: value, previous: previous,
            dataQuality: 100 * min(weights.answered, 1) * complete, missingLast100: missing, inputs: inputs,
            firstTimes: GradeComponentKind.allCases.map { times.ago($0.count(inputs) - 1) })
    }

    package static let parameterHash: String = {
        let parts = GradeComponentKind.allCases.map {
            "\($0.rawValue):\($0.weight):\($0.lookBack):\($0.formula)"
        }
        return GradeModel.hash(
            of: "\(model.rawValue)|\(minimumBars)|\(minimumComponents)|" + parts.joined(separator: "|"))
    }()
}

extension TraderGrade {
    package mutating func walk(_ state: inout StateWalk) {
        stream.walk(&state)
        times.walk(&state)
        state.pass(&previous)
    }
}
