import Kernel
import TestSupport
import Testing

@testable import Identity

struct LoginTallyTests {
    private let start = Timestamp.testStart

    @Test func `five attempts are free, then each waits twice as long, at most a quarter of an hour`() {
        var tally = LoginTally(.identity, touchedAt: start)
        var now = start
        var waits: [Int64] = []
        for _ in 0..<16 {
            #expect(tally.wait(at: now) == nil)
            tally.count(at: now)
            let wait = tally.wait(at: now) ?? .seconds(0)
            waits.append(wait.microseconds / 1_000_000)
            now = now + wait
        }
        #expect(waits == [0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900])
    }

    @Test func `an address has twenty`() {
        var tally = LoginTally(.address, touchedAt: start)
        for _ in 0..<19 { tally.count(at: start) }
        #expect(tally.wait(at: start) == nil)
        tally.count(at: start)
        #expect(tally.wait(at: start) == .seconds(5))
        #expect(tally.wait(at: start + .seconds(5)) == nil)
    }

    @Test func `an hour of rest forgets`() {
        var tally = LoginTally(.identity, failures: 12, touchedAt: start)
        tally.count(at: start + .minutes(59))
        #expect(tally.failures == 13)
        tally.count(at: start + .minutes(59) + .hours(1))
        #expect(tally.failures == 1 && tally.blockedUntil == nil)
    }

    @Test func `what was no failure is given back, a lock-out with it`() {
        var tally = LoginTally(.identity, touchedAt: start)
        for _ in 0..<5 { tally.count(at: start) }
        #expect(tally.hasJustLocked && tally.wait(at: start) != nil)
        tally.giveBack()
        #expect(tally.failures == 4 && tally.wait(at: start) == nil)
        tally.clear()
        tally.giveBack()
        #expect(tally.failures == 0)
    }
}
