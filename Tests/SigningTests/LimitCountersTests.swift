import Access
import Kernel
import Testing

@testable import Signing

@Suite struct LimitCountersTests {
    private let key = ExchangeKeyID(UUID(high: 7, low: 7))
    private var place: CounterKey { CounterKey(owner: key.description, clause: 1) }
    private func minute(_ number: Int64, seconds: Int64 = 0) -> Timestamp {
        Timestamp(microseconds: (number * 60 + seconds) * 1_000_000)
    }

    @Test func `a window is rolled in place`() {
        let row = LimitCounters.Row(windowStart: minute(10), used: 5)
        var same = LimitCounters([place: row], at: minute(10, seconds: 59))
        #expect(same.used(place, windowSeconds: 60) == 5)
        same.charge(place, 2, windowSeconds: 60)
        #expect(same.rows[place] == LimitCounters.Row(windowStart: minute(10), used: 7))
        var next = LimitCounters([place: row], at: minute(11))
        #expect(next.used(place, windowSeconds: 60) == 0)
        next.charge(place, 2, windowSeconds: 60)
        #expect(next.rows[place] == LimitCounters.Row(windowStart: minute(11), used: 2))
        #expect(next.changed == [place])
    }

    @Test func `a nonce rises when the clock falls`() {
        var counters = LimitCounters([:], at: minute(10))
        let first = counters.nextNonce(of: key)
        #expect(first == UInt64(minute(10).microseconds))
        let second = counters.nextNonce(of: key)
        #expect(second == first + 1)
        var earlier = LimitCounters(counters.rows, at: minute(9))
        let third = earlier.nextNonce(of: key)
        #expect(third == first + 2)
    }

    @Test func `what has no row yet is named`() {
        let counters = LimitCounters(
            [place: LimitCounters.Row(windowStart: minute(0), used: 0)], at: minute(1))
        #expect(counters.missing(of: [place, .nonce(of: key)]) == [.nonce(of: key)])
    }
}
