import Kernel
import TestSupport
import Testing

@testable import Identity

struct LoginTallyTests {
    private let start = Timestamp.testStart

    @Test func `five attempts are free, then each waits twice as long, at most a quarter of an hour`() {
        var tally = LoginTally(.origin, touchedAt: start)
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

    @Test func `what a clock counted that was ahead locks nobody out, and what a right one did goes on`() {
        for kind in [LoginTally.Kind.origin, .address, .crowd(.passwords)] {
            var ahead = LoginTally(kind, touchedAt: start)
            let wrong = start + .days(3)
            while ahead.wait(at: wrong) == nil { ahead.count(at: wrong) }
            #expect(ahead.wait(at: start) == nil, "\(kind)")
            // From there on it counts by the right one.
            ahead.count(at: start)
            let wait = ahead.wait(at: start) ?? .seconds(0)
            #expect(wait <= LoginTally.longestDelay, "\(kind)")
            // Another node's clock is a little behind.
            var near = LoginTally(kind, touchedAt: start)
            while near.wait(at: start) == nil { near.count(at: start) }
            #expect(near.wait(at: start + .seconds(-30)) != nil, "\(kind)")
        }
        var long = LoginTally(.origin, failures: 20, touchedAt: start)
        long.count(at: start)
        #expect(long.wait(at: start) == LoginTally.longestDelay)
        #expect(long.wait(at: start + .seconds(-30)) != nil)
    }

    @Test func `an hour of rest forgets`() {
        var tally = LoginTally(.origin, failures: 12, touchedAt: start)
        tally.count(at: start + .minutes(59))
        #expect(tally.failures == 13)
        tally.count(at: start + .minutes(59) + .hours(1))
        #expect(tally.failures == 1 && tally.blockedUntil == nil)
    }

    @Test func `what was no failure is given back, a lock-out with it`() {
        var tally = LoginTally(.origin, touchedAt: start)
        for _ in 0..<5 { tally.count(at: start) }
        #expect(tally.hasJustLocked && tally.wait(at: start) != nil)
        tally.giveBack()
        #expect(tally.failures == 4 && tally.wait(at: start) == nil)
        tally.succeed()
        #expect(tally.failures == 0)
        tally.giveBack()
        #expect(tally.failures == 0)
    }

    @Test func `a crowd has thirty at once, and one a minute from then on, whatever fails`() {
        var tally = LoginTally(.crowd(.passwords), touchedAt: start)
        var told = 0
        for _ in 0..<30 {
            #expect(tally.wait(at: start) == nil)
            tally.count(at: start)
            told += tally.hasJustLocked ? 1 : 0
        }
        #expect(told == 1 && tally.wait(at: start) == .minutes(1))
        // Who tries as soon as it opens, all day, puts nothing off, and is not told of again.
        for minute in 1..<1_440 {
            let now = start + .minutes(Int64(minute))
            #expect(tally.wait(at: now) == nil)
            tally.count(at: now)
            #expect(tally.wait(at: now) == .minutes(1) && !tally.hasJustLocked)
        }
    }

    @Test func `an hour's rest gives a crowd back all, and what was no failure gives back one`() {
        var tally = LoginTally(.crowd(.passwords), touchedAt: start)
        for _ in 0..<30 { tally.count(at: start) }
        tally.giveBack()
        #expect(tally.wait(at: start) == nil)
        tally.succeed()
        for _ in 0..<2 { tally.count(at: start) }
        #expect(tally.wait(at: start) == .minutes(1))
        let later = start + .minutes(31)
        for _ in 0..<30 {
            #expect(tally.wait(at: later) == nil)
            tally.count(at: later)
        }
        #expect(tally.hasJustLocked && tally.wait(at: later) == .minutes(1))
    }

    @Test func `nobody has more than ninety passwords an hour, nor 30 codes`() {
        for (pace, most) in [(LoginTally.Pace.passwords, 90), (.codes, 30)] {
            var tally = LoginTally(.crowd(pace), touchedAt: start)
            var tried = 0
            for second in 0..<3_600 {
                let now = start + .seconds(Int64(second))
                while tally.wait(at: now) == nil {
                    tally.count(at: now)
                    tried += 1
                }
            }
            #expect(tried <= most && tried > most - 2)
        }
    }
}
