import Access
import Kernel
import Testing

@testable import Events

@Suite struct EventPositionTests {
    @Test func `places sort by era, transaction and id, and are read back from their text`() {
        let random = Entropy.seeded(3)
        var places: [EventPosition] = []
        for _ in 0..<200 {
            let place = EventPosition(
                era: Int32(random.number(below: 3)), transaction: random.number(below: 5),
                id: EventID(UUID(high: random.number(below: 3), low: random.number(below: 3))))
            #expect(EventPosition(place.description) == place)
            places.append(place)
        }
        for (a, b) in zip(places.sorted(), places.sorted().dropFirst()) {
            #expect((a.era, a.transaction) <= (b.era, b.transaction))
        }
    }

    @Test(arguments: [
        "", "1.2", "now", "-1.2.00000000000000000000000000", "+1.2.00000000000000000000000000",
        "01.2.00000000000000000000000000", "1.2.0", "1.9223372036854775808.00000000000000000000000000",
        "1.2.00000000000000000000000000.3", "1.2.8zzzzzzzzzzzzzzzzzzzzzzzzz",
    ])
    func `what is no cursor is refused`(text: String) {
        #expect(EventPosition(text) == nil)
    }
}

@Suite struct HorizonLagTests {
    private func second(_ count: Double) -> UInt64 { UInt64(count * 1e9) }

    @Test func `a standstill is logged, told once, and ended until it is gone`() {
        var lag = HorizonLag()
        let steps = stride(from: 1.0, through: 33, by: 1).map {
            lag.observe(horizon: 100, next: 105, at: second($0))
        }
        #expect(steps.filter { $0 == .log }.count == 1)
        #expect(steps.filter { $0 == .event }.count == 1)
        #expect(steps.filter { $0 == .end }.count == 2)
        #expect(lag.seconds == 32)
        #expect(lag.observe(horizon: 101, next: 105, at: second(34)) == .none)
        #expect(lag.seconds == 0)
    }

    @Test func `a quiet server does not lag`() {
        var lag = HorizonLag()
        for time in 1..<100 {
            #expect(lag.observe(horizon: 100, next: 100, at: second(Double(time))) == .none)
        }
        #expect(lag.seconds == 0)
    }

    @Test func `a busy server does not lag while transactions end`() {
        var lag = HorizonLag()
        for time in 1..<100 {
            let step = lag.observe(
                horizon: UInt64(100 + time), next: UInt64(120 + time), at: second(Double(time)))
            #expect(step == .none)
        }
    }
}
