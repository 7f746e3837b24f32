import Kernel

/// How soon a server that ended is started again: at once, then each time later, until it has lived for a
/// while. One that cannot live, since its disk is full, would otherwise be recovered every second.
struct RestartPace {
    private static let first: Period = .milliseconds(500)
    private static let longest: Period = .seconds(30)
    /// Longer than a recovery that ends in the same trouble.
    private static let life: Period = .seconds(20)

    private var pause = Period(microseconds: 0)
    private var alive = Period(microseconds: 0)

    /// What to wait for before the next start.
    mutating func next() -> Period {
        alive = Period(microseconds: 0)
        defer {
            let doubled = Period(microseconds: max(Self.first.microseconds, 2 * pause.microseconds))
            pause = min(doubled, Self.longest)
        }
        return pause
    }

    /// It was seen alive for so much longer. True: it is well again.
    mutating func lived(_ time: Period) -> Bool {
        alive = alive + time
        guard alive >= Self.life else { return false }
        pause = Period(microseconds: 0)
        return true
    }
}
