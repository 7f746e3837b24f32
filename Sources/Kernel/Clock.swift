import Glibc

/// Time as a value that is passed in: rules and stores never read a clock of their own, so tests can move it.
package struct Clock: Sendable {
    /// The wall clock, UTC.
    package var now: @Sendable () -> Timestamp
    /// Nanoseconds of a clock that never steps; only differences mean anything.
    package var monotonicNanoseconds: @Sendable () -> UInt64

    package init(
        now: @escaping @Sendable () -> Timestamp, monotonicNanoseconds: @escaping @Sendable () -> UInt64
    ) {
        self.now = now
        self.monotonicNanoseconds = monotonicNanoseconds
    }

    package static let system = Clock(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
        },
        monotonicNanoseconds: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        })
}
