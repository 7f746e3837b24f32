import Kernel
import Testing

@Suite struct RecentlyUsedTests {
    @Test func `what was not used for longest gives way`() {
        var cache = RecentlyUsed<Int, String>(capacity: 2)
        cache.set(1, "a")
        cache.set(2, "b")
        #expect(cache.use(1) == "a")
        cache.set(3, "c")
        #expect(cache.use(2) == nil)
        #expect(cache.use(1) == "a")
        #expect(cache.use(3) == "c")
    }

    @Test func `a random walk agrees with a plain list, and never grows beyond its capacity`() {
        let random = SeededGenerator(seed: 7)
        var cache = RecentlyUsed<UInt64, UInt64>(capacity: 8)
        var model: [(key: UInt64, value: UInt64)] = []
        for step in 0..<20_000 as Range<UInt64> {
            let key = random.next() % 16
            let place = model.firstIndex { $0.key == key }
            switch random.next() % 4 {
            case 0:
                cache.remove(key)
                if let place { model.remove(at: place) }
            case 1:
                #expect(cache.use(key) == place.map { model[$0].value })
                if let place { model.append(model.remove(at: place)) }
            default:
                cache.set(key, step)
                if let place { model.remove(at: place) }
                model.append((key, step))
                if model.count > 8 { model.removeFirst() }
            }
            #expect(cache.count == model.count)
        }
    }
}
