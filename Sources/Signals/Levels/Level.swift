/// A price at which the market turned before.
package struct Level: Equatable, Sendable {
    /// Mean of its pivots, by their weights.
    package var price: Double
    /// 0 to 1: its weight over that of the strongest level.
    package var strength: Double
    /// How many pivots it is made of.
    package var touches: Int
    /// Candles since the oldest and the newest of its pivots.
    package var oldestAge: Int
    package var newestAge: Int
}

/// The levels of a series as they stood at the close of one candle, the lowest first.
package struct Levels: Equatable, Sendable {
    /// Candles that a pivot may lie back, the newest candle being the first.
    package static let reach = 180
    /// Candles on either side that a pivot stands out from: it is confirmed as many candles later.
    package static let confirmation = 3
    /// Pivots within so many ATR14 of the heaviest one are one level.
    package static let clusterRanges = 0.6

    package var all: [Level]
    package var close: Double
    /// Nil while there are too few candles: then there are no levels either.
    package var atr14: Double?

    /// Under the close: where a fall may end.
    package var supports: [Level] { all.filter { $0.price < close } }
    /// Over the close: where a rise may end.
    package var resistances: [Level] { all.filter { $0.price > close } }
    package var nearestSupport: Level? { all.last { $0.price < close } }
    package var nearestResistance: Level? { all.first { $0.price > close } }
}

/// A turn of the price that three candles on either side confirm.
struct Pivot: Equatable, Sendable {
    var price: Double
    /// Candles since then.
    var age: Int
    /// Newer ones and those with more volume weigh more.
    var weight: Double
}

extension Levels {
    /// The heaviest pivot gathers those around it, then the heaviest of the rest. Of equal ones the newer
    /// comes first, then the lower: the same pivots always make the same levels.
    init(_ pivots: [Pivot], close: Double, atr14: Double?) {
        (all, self.close, self.atr14) = ([], close, atr14)
        guard let atr14 else { return }
        let radius = Self.clusterRanges * atr14
        var rest = pivots.sorted { ($1.weight, $0.age, $0.price) < ($0.weight, $1.age, $1.price) }
        var weights: [Double] = []
        while let heaviest = rest.first {
            let near = rest.filter { abs($0.price - heaviest.price) <= radius }
            rest.removeAll { abs($0.price - heaviest.price) <= radius }
            let weight = near.reduce(0) { $0 + $1.weight }
            let distance = near.reduce(0) { $0 + $1.weight * ($1.price - heaviest.price) }
            let ages = near.map(\.age)
            weights.append(weight)
            all.append(
                Level(
                    price: heaviest.price + distance / weight, strength: weight, touches: near.count,
                    oldestAge: ages.max() ?? 0, newestAge: ages.min() ?? 0))
        }
        let strongest = weights.max() ?? 1
        for index in all.indices { all[index].strength = weights[index] / strongest }
        all.sort { $0.price < $1.price }
    }
}
