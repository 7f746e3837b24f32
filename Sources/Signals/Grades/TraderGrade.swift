import Kernel

/// The Trader Grade v0, streamed over the closed candles of one series: a grade a candle, made of that candle
/// and those before it only. A value: a copy is a snapshot, and continues bit by bit.
package struct TraderGrade: Equatable, Sendable {
    package static let model = "trader/v0"
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
            time: candle.openTime, value: value, previous: previous,
            dataQuality: 100 * min(weights.answered, 1) * complete, missingLast100: missing, inputs: inputs,
            firstTimes: GradeComponentKind.allCases.map { times.ago($0.count(inputs) - 1) })
    }

    /// FNV-1a, 64 bits, of everything that the model's numbers depend on: another hash is another model.
    package static let parameterHash: String = {
        let parts = GradeComponentKind.allCases.map {
            "\($0.rawValue):\($0.weight):\($0.lookBack):\($0.formula)"
        }
        let text = "\(model)|\(minimumBars)|\(minimumComponents)|" + parts.joined(separator: "|")
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }()
}
