package import Kernel

/// What a token could be bought and sold at.
package struct PriceTrack: Equatable, Sendable {
    /// Rising.
    package let times: [Timestamp]
    package let opens: [Double]

    package init(times: [Timestamp], opens: [Double]) {
        precondition(times.count == opens.count)
        (self.times, self.opens) = (times, opens)
    }

    package var count: Int { times.count }
}

/// A purchase and its sale, at opens, with the cost of both.
package struct Trade: Equatable, Sendable {
    package let enteredAt: Timestamp
    package let entry: Double
    package let leftAt: Timestamp
    package let exit: Double
    package let netReturn: Double
    /// The rule still held when the candles ended: sold at the last open.
    package let isCutByEnd: Bool
}

/// One rule on one token: what was decided at the close of a bar is bought or sold at the next open, and all
/// is sold at the last open there is.
package struct TokenRun: Equatable, Sendable {
    /// When each return was earned: the open at which it ends.
    package let dates: [Timestamp]
    package let held: [Bool]
    /// From open to open, whoever held.
    package let market: [Double]
    /// What the rule earned of it, net of cost.
    package let net: [Double]
    package let trades: [Trade]

    /// - Parameters:
    ///   - positions: what was decided at the close of each bar of `track`.
    ///   - from: earlier decisions than those of bars that open here are not measured either.
    /// Nil when too few bars are left.
    package init?(_ positions: [Bool], _ track: PriceTrack, _ terms: MeasureTerms, from: Timestamp? = nil) {
        precondition(positions.count == track.count)
        let count = track.count
        guard count >= terms.warmUp + MeasureTerms.fewestMeasured else { return nil }
        let asked = from.map { from in track.times.firstIndex { $0 >= from } ?? count } ?? 0
        let first = max(terms.warmUp, asked)
        guard count - 2 > first else { return nil }
        held = Array(positions[first..<count - 2])
        dates = Array(track.times[(first + 2)...])
        let opens = track.opens[(first + 1)...]
        market = zip(opens, opens.dropFirst()).map { before, after in after / before - 1 }
        net = Self.net(held, market, cost: terms.costPerSide)
        trades = Self.trades(held, track, first: first, cost: terms.costPerSide)
    }

    /// A change of position is paid at the open where it happens: the sale on the first day without.
    static func net(_ held: [Bool], _ market: [Double], cost: Double) -> [Double] {
        var before = false
        var net: [Double] = []
        net.reserveCapacity(held.count)
        for (isHeld, change) in zip(held, market) {
            let growth: Double = isHeld ? 1 + change : 1
            let kept: Double = isHeld == before ? 1 : 1 - cost
            net.append(growth * kept - 1)
            before = isHeld
        }
        if before, let last = net.last { net[net.count - 1] = (1.0 + last) * (1.0 - cost) - 1.0 }
        return net
    }

    private static func trades(_ held: [Bool], _ track: PriceTrack, first: Int, cost: Double) -> [Trade] {
        var trades: [Trade] = []
        var begin: Int?
        for day in 0...held.count {
            let isHeld = day < held.count && held[day]
            if isHeld, begin == nil { begin = day }
            guard !isHeld, let start = begin else { continue }
            begin = nil
            let (bought, sold) = (first + 1 + start, first + 1 + day)
            let gross = track.opens[sold] / track.opens[bought]
            trades.append(
                Trade(
                    enteredAt: track.times[bought], entry: track.opens[bought], leftAt: track.times[sold],
                    exit: track.opens[sold], netReturn: gross * (1 - cost) * (1 - cost) - 1,
                    isCutByEnd: day == held.count))
        }
        return trades
    }

    /// The same days with everything held.
    package func holding(cost: Double) -> [Double] {
        Self.net(Array(repeating: true, count: held.count), market, cost: cost)
    }
}
