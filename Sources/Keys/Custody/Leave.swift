package import HTTPServer
package import Kernel

/// Leave to sign or send something once its record is committed: good for a second, whatever happens to the
/// process meanwhile.
package struct Leave: Sendable {
    /// What was admitted before a revocation was acknowledged may still leave; not later than this.
    static let validNanoseconds: UInt64 = 1_000_000_000

    private let clock: Clock
    private let admittedAt: UInt64

    /// Begins before the first statement: a database that hangs, or a process that is stopped behind the
    /// commit and reads of it late, must not make the late moment the admission's.
    package init(by clock: Clock) { (self.clock, admittedAt) = (clock, clock.monotonicNanoseconds()) }

    /// The last question before something leaves. A process may be stopped at any moment, so whoever sends
    /// asks it again when the connection stands.
    package var mayLeave: @Sendable () -> Bool {
        { [clock, admittedAt] in clock.monotonicNanoseconds() &- admittedAt <= Self.validNanoseconds }
    }

    package func check() throws(Problem) {
        guard mayLeave() else {
            throw Problem(
                .overloaded, "This took longer than a second after it was admitted, so nothing was sent.",
                headers: [(.retryAfter, "1")])
        }
    }
}
