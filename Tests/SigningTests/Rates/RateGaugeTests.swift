import Kernel
import Testing

@testable import Exchanges
@testable import Signing

/// The rules of one budget, without a clock.
@Suite struct RateGaugeTests {
    private static let start = Timestamp(milliseconds: 1_700_000_040_000)
    private static let budget = RateBudget(.address, "weight_1m")

    private func minute(_ limit: Int) -> RateGauge { RateGauge(.per(60, limit)) }

    private func told(_ used: Int) -> RateReading { RateReading(Self.budget, used: used) }

    @Test func `the last tenth is for exits`() {
        var gauge = minute(100)
        gauge.take(90, at: Self.start)
        gauge.settle(90, nil, asked: Self.start, at: Self.start)
        #expect(gauge.wait(for: 1, isExit: false, at: Self.start) == .minutes(1))
        #expect(gauge.wait(for: 10, isExit: true, at: Self.start) == nil)
        gauge.take(10, at: Self.start)
        gauge.settle(10, nil, asked: Self.start, at: Self.start)
        #expect(gauge.wait(for: 1, isExit: true, at: Self.start + .seconds(59)) == .seconds(1))
        #expect(gauge.wait(for: 1, isExit: false, at: Self.start + .minutes(1)) == nil)
    }

    @Test func `of small budgets nothing is kept, and a full one always gives once`() {
        var small = minute(4)
        small.take(3, at: Self.start)
        small.settle(3, nil, asked: Self.start, at: Self.start)
        #expect(small.wait(for: 1, isExit: false, at: Self.start) == nil)
        var dear = minute(5)
        #expect(dear.wait(for: 80, isExit: false, at: Self.start) == nil)
    }

    @Test func `what is under way counts, until it is answered or given back`() {
        var gauge = minute(10)
        for _ in 0..<9 { gauge.take(1, at: Self.start) }
        #expect(gauge.wait(for: 1, isExit: false, at: Self.start) == .milliseconds(100))
        gauge.giveBack(1)
        #expect(gauge.wait(for: 1, isExit: false, at: Self.start) == nil)
        #expect(gauge.used == 8)
    }

    @Test func `what others asked is seen, and an answer that was overtaken takes nothing back`() {
        var gauge = minute(1_000)
        gauge.take(1, at: Self.start)
        gauge.settle(1, told(800), asked: Self.start, at: Self.start + .seconds(1))
        gauge.take(1, at: Self.start + .seconds(1))
        gauge.settle(1, told(790), asked: Self.start, at: Self.start + .seconds(2))
        #expect(gauge.used == 800)
        #expect(gauge.wait(for: 101, isExit: false, at: Self.start + .seconds(2)) == .seconds(58))
    }

    @Test func `an answer that comes after its minute says nothing of the next`() {
        var gauge = minute(1_000)
        let asked = Self.start + .seconds(59)
        gauge.take(1, at: asked)
        gauge.settle(1, told(999), asked: asked, at: Self.start + .seconds(61))
        #expect(gauge.used == 1)
    }

    @Test func `a window that slides is as its newest answer says`() {
        var gauge = RateGauge(nil)
        #expect(gauge.wait(for: 1, isExit: false, at: Self.start) == nil)
        for left in [1, 5, 1] {
            gauge.take(1, at: Self.start)
            let reading = RateReading(
                RateBudget(.account, "r"), left: left, limit: 10, endsAt: Self.start + .seconds(1))
            gauge.settle(1, reading, asked: Self.start, at: Self.start)
            #expect(gauge.used == 10 - left)
        }
        #expect(gauge.wait(for: 1, isExit: false, at: Self.start) == .seconds(1))
        #expect(gauge.wait(for: 1, isExit: true, at: Self.start) == nil)
        #expect(gauge.wait(for: 1, isExit: false, at: Self.start + .seconds(1)) == nil)
    }

    /// The clock by which it was counted was ahead, and is right again.
    @Test func `a window that ends later than it is long is over`() {
        var gauge = minute(100)
        let ahead = Self.start + .hours(1)
        gauge.take(95, at: ahead)
        gauge.settle(95, nil, asked: ahead, at: ahead)
        #expect(gauge.wait(for: 1, isExit: false, at: Self.start) == nil)
        gauge.take(95, at: Self.start)
        gauge.settle(95, nil, asked: Self.start, at: Self.start)
        #expect(gauge.wait(for: 1, isExit: false, at: Self.start) == .minutes(1))

        var sliding = RateGauge(nil)
        let reading = RateReading(
            RateBudget(.account, "r"), left: 0, limit: 10, endsAt: ahead + .seconds(1))
        sliding.take(1, at: ahead)
        sliding.settle(1, reading, asked: ahead, at: ahead)
        #expect(sliding.wait(for: 1, isExit: false, at: ahead) == .seconds(1))
        #expect(sliding.wait(for: 1, isExit: false, at: Self.start) == nil)

        var falling = RateGauge(RateAllowance(20, .decay(milliseconds: 1_000)))
        falling.take(18, at: ahead)
        falling.settle(18, nil, asked: ahead, at: ahead)
        _ = falling.wait(for: 2, isExit: false, at: Self.start)
        #expect(falling.wait(for: 2, isExit: false, at: Self.start + .seconds(2)) == nil)
    }

    @Test func `a limit of nothing is no limit`() {
        var gauge = RateGauge(nil)
        gauge.take(1, at: Self.start)
        let reading = RateReading(
            RateBudget(.account, "r"), left: 0, limit: 0, endsAt: Self.start + .seconds(1))
        gauge.settle(1, reading, asked: Self.start, at: Self.start)
        #expect(gauge.wait(for: 1, isExit: false, at: Self.start) == nil)
    }

    @Test func `a counter falls bit by bit`() {
        var gauge = RateGauge(RateAllowance(20, .decay(milliseconds: 1_000)))
        gauge.take(18, at: Self.start)
        gauge.settle(18, nil, asked: Self.start, at: Self.start)
        #expect(gauge.wait(for: 2, isExit: false, at: Self.start) == .seconds(2))
        #expect(gauge.wait(for: 2, isExit: false, at: Self.start + .milliseconds(1_999)) == .seconds(1))
        #expect(gauge.wait(for: 2, isExit: false, at: Self.start + .seconds(2)) == nil)
        #expect(gauge.used == 16)
        _ = gauge.wait(for: 1, isExit: false, at: Self.start + .hours(1))
        #expect(gauge.used == 0)
    }

    @Test func `whatever happens, nothing falls below zero, and what is answered is under way no more`() {
        let random = SeededGenerator(seed: 11)
        func number(below most: UInt64) -> Int { Int(random.next() % most) }
        for round in 0..<200 {
            let decaying = RateGauge(RateAllowance(20, .decay(milliseconds: 250)))
            var gauge = [minute(50), RateGauge(nil), decaying][round % 3]
            var (now, open) = (Self.start, [(Int, Timestamp)]())
            for _ in 0..<100 {
                now = now + .milliseconds(Int64(number(below: 5_000)))
                if number(below: 2) == 0 {
                    let cost = 1 + number(below: 10)
                    if gauge.wait(for: cost, isExit: false, at: now) == nil {
                        gauge.take(cost, at: now)
                        open.append((cost, now))
                    }
                } else if let (cost, asked) = open.popLast() {
                    let reading = number(below: 2) == 0 ? told(number(below: 60)) : nil
                    gauge.settle(cost, reading, asked: asked, at: now)
                }
                #expect(gauge.told >= 0 && gauge.inFlight == open.reduce(0) { $0 + $1.0 })
            }
        }
    }
}
