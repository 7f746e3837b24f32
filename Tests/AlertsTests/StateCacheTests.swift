import Access
import Kernel
import TestSupport
import Testing

@testable import Alerts

struct StateCacheTests {
    private func key(_ number: Int) -> StateKey {
        StateKey(AlertRuleID(UUID(high: 1, low: UInt64(number % 3))), UUID(high: 2, low: UInt64(number)))
    }

    @Test func `what is kept is bounded by its bytes, few that are large like many that are small`() {
        for size in [10, 10_000] {
            var cache = StateCache(bytesAtMost: 100_000)
            for number in 0..<5_000 {
                cache[key(number)] = Array(repeating: UInt8(truncatingIfNeeded: number), count: size)
                #expect(cache.bytes <= 100_000)
            }
            #expect(cache.evictions > 0 && cache.count >= 100_000 / (size + 96) / 3)
            for number in 0..<5_000 {
                if let state = cache[key(number)] {
                    #expect(state.count == size && state[0] == UInt8(truncatingIfNeeded: number))
                }
            }
        }
    }

    @Test func `bytes are those of what is there, whatever was done to it`() {
        let random = SeededGenerator(seed: 3)
        var (cache, twin): (StateCache, [StateKey: [UInt8]]) = (StateCache(), [:])
        for _ in 0..<2_000 {
            let key = key(random.number(0..<100))
            switch random.number(0..<20) {
            case 0: (cache[key], twin[key]) = (nil, nil)
            case 1:
                cache.removeAll { $0.rule == key.rule }
                twin = twin.filter { $0.key.rule != key.rule }
            default:
                let state = [UInt8](repeating: 1, count: random.number(0..<500))
                (cache[key], twin[key]) = (state, state)
            }
            #expect(cache.count == twin.count)
            #expect(cache.bytes == twin.values.reduce(0) { $0 + $1.count + 96 })
        }
        cache.removeAll()
        #expect(cache.bytes == 0 && cache.count == 0)
    }
}
