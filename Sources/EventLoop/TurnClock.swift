package import Kernel

/// The time at which this turn of the loop was first asked for it: for what may be late by the rest of a
/// turn (deadlines in seconds, the Date header, the time in an id). Reading a clock takes 21 ns, and a
/// request would do it eight times.
package final class TurnClock {
    private let clock: Clock
    private let reactor: Reactor
    private var monotonic: (turn: UInt64, nanoseconds: UInt64)?
    private var wall: (turn: UInt64, time: Timestamp)?

    package init(_ clock: Clock, _ reactor: Reactor) {
        self.clock = clock
        self.reactor = reactor
    }

    package func monotonicNanoseconds() -> UInt64 {
        if let monotonic, monotonic.turn == reactor.turn { return monotonic.nanoseconds }
        let nanoseconds = clock.monotonicNanoseconds()
        monotonic = (reactor.turn, nanoseconds)
        return nanoseconds
    }

    package func now() -> Timestamp {
        if let wall, wall.turn == reactor.turn { return wall.time }
        let time = clock.now()
        wall = (reactor.turn, time)
        return time
    }
}
