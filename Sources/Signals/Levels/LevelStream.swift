import Indicators

/// What levels are made of, candle by candle. Keeping it costs a few stores a candle; the levels themselves
/// are made when somebody asks. Nothing later than the newest candle is seen, and a pivot never changes once
/// it is confirmed: it only grows older, and leaves after 180 candles.
package struct LevelStream: Equatable, Sendable {
    /// Pivots, and the candles that the oldest of them stands out from.
    private static let kept = Levels.reach + Levels.confirmation
    /// Volume weighs at least and at most so much, in means of the window: one candle alone makes no level.
    private static let volumeWeight = 0.5...2.0

    private var highs = Window(kept)
    private var lows = Window(kept)
    private var closes = Window(kept)
    private var volumes = Window(kept)
    private var atr = ATR()
    private(set) var atr14: Double?

    package init() {}

    package mutating func update(_ candle: Candle) {
        highs.push(candle.high)
        lows.push(candle.low)
        closes.push(candle.close)
        volumes.push(candle.volume)
        atr14 = atr.update(candle.bar)
    }

    /// The levels at the close of the newest candle; nil before the first.
    package var levels: Levels? {
        guard closes.count > 0 else { return nil }
        return Levels(pivots, close: closes.ago(0), atr14: atr14)
    }

    /// Closes from the newest on.
    func close(ago age: Int) -> Double? { age < closes.count ? closes.ago(age) : nil }

    private var pivots: [Pivot] {
        let mean = volumes.sum / Double(volumes.count)
        var pivots: [Pivot] = []
        let oldest = min(Levels.reach, highs.count - Levels.confirmation)
        guard Levels.confirmation < oldest else { return [] }
        for age in Levels.confirmation..<oldest {
            let isHigh = standsOut(age) { highs.ago($0) }
            let isLow = standsOut(age) { -lows.ago($0) }
            guard isHigh || isLow else { continue }
            let volume = mean > 0 ? volumes.ago(age) / mean : 1
            let bounded = min(max(volume, Self.volumeWeight.lowerBound), Self.volumeWeight.upperBound)
            let weight = (1 - Double(age) / Double(Levels.reach)) * bounded
            if isHigh { pivots.append(Pivot(price: highs.ago(age), age: age, weight: weight)) }
            if isLow { pivots.append(Pivot(price: lows.ago(age), age: age, weight: weight)) }
        }
        return pivots
    }

    /// Beyond the candles before it, and not behind those after it: of equal neighbours the first is the
    /// pivot.
    private func standsOut(_ age: Int, _ price: (Int) -> Double) -> Bool {
        let own = price(age)
        for step in 1...Levels.confirmation {
            if price(age + step) >= own || price(age - step) > own { return false }
        }
        return true
    }
}

extension LevelStream {
    mutating func walk(_ state: inout StateWalk) {
        highs.walk(&state)
        lows.walk(&state)
        closes.walk(&state)
        volumes.walk(&state)
        atr.walk(&state)
        state.pass(&atr14)
    }
}
