import Kernel

/// When requests may leave to an endpoint with a rate: turns that this worker reserved. Turns are given out
/// by one row for all nodes, so that together they keep the rate. Pure.
struct Pace {
    enum Turn: Equatable {
        case now
        case later(Timestamp)
        /// None is reserved.
        case none
    }

    private var next: Timestamp?
    private var interval = Period(microseconds: 0)
    private var left = 0
    /// A reservation, or a timer, will look again.
    var isAwaited = false

    func turn(at now: Timestamp) -> Turn {
        guard left > 0, let next else { return .none }
        return next <= now ? .now : .later(next)
    }

    /// Uses one up. A turn that was not used in time is lost, and none is made up for.
    mutating func take() {
        left -= 1
        next = next.map { $0 + interval }
    }

    mutating func reserve(_ turns: Int, from first: Timestamp, every interval: Period) {
        (next, left, self.interval) = (first, turns, interval)
    }

    /// How many to reserve: a quarter of a second's, and no more than wait.
    static func turns(waiting: Int, perSecond: Int) -> Int { min(max(perSecond / 4, 1), max(waiting, 1)) }
}
