/// What the newest close did at a level.
package struct LevelMove: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// Came near to it, for the first time since it was well away.
        case approached
        /// Closed beyond it, for the first time since it closed on the other side.
        case broken
    }

    package enum Direction: String, Sendable {
        case up, down
    }

    package var kind: Kind
    package var direction: Direction
    package var level: Level
}

extension LevelStream {
    /// A level is near within this many ATR14, and well away beyond the double of it …
    static let nearRanges = 0.5
    /// … and broken by a close so many ATR14 beyond it: what lies between is on neither side.
    static let brokenRanges = 0.1

    /// What the newest candle did at the levels as they stood at the close before it. Each move is told once
    /// a level and side, since the closes before are asked whether it was told then: nothing has to be kept.
    package func moves(from before: Levels?) -> [LevelMove] {
        guard let before, let atr14 = before.atr14, atr14 > 0, let close = close(ago: 0) else { return [] }
        return before.all.compactMap { level in
            // Seen from where the price comes, so that up and down are one rule.
            guard let side = side(of: level.price, band: Self.brokenRanges * atr14) else { return nil }
            let direction: LevelMove.Direction = side < 0 ? .up : .down
            let way = { (price: Double) in (price - level.price) * -side }
            if way(close) > Self.brokenRanges * atr14 {
                return LevelMove(kind: .broken, direction: direction, level: level)
            }
            guard approaches(way, near: Self.nearRanges * atr14) else { return nil }
            return LevelMove(kind: .approached, direction: direction, level: level)
        }
    }

    /// -1 where the closes before this one were last under the level, 1 where they were over it.
    private func side(of price: Double, band: Double) -> Double? {
        var age = 1
        while let close = close(ago: age) {
            if abs(close - price) > band { return close < price ? -1 : 1 }
            age += 1
        }
        return nil
    }

    /// `way` is how far beyond the level a price is; before it, it is negative.
    private func approaches(_ way: (Double) -> Double, near: Double) -> Bool {
        guard let newest = close(ago: 0), way(newest) >= -near else { return false }
        var age = 1
        while let close = close(ago: age) {
            if way(close) < -2 * near { return true }
            if way(close) >= -near { return false }
            age += 1
        }
        return false
    }
}
