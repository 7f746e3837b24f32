/// On-balance volume: starts at the first volume, adds the volume of a rising close, subtracts that of a
/// falling one.
package struct OBV: Equatable, Sendable {
    private var previousClose: Double?
    private var balance = 0.0

    package init() {}

    @inline(__always)
    package mutating func update(_ bar: Bar) -> Double {
        defer { previousClose = bar.close }
        guard let previousClose else {
            balance = bar.volume
            return balance
        }
        // Without a branch: nobody can guess whether a price rose.
        let fallen = bar.close < previousClose ? -bar.volume : 0
        balance += bar.close > previousClose ? bar.volume : fallen
        return balance
    }
}

extension OBV: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar)) }

    package mutating func walk(_ state: inout StateWalk) {
        state.pass(&previousClose)
        state.pass(&balance)
    }
}
