import Access
import Kernel
import Testing

@testable import Signing

@Suite struct UseQueueTests {
    private let busy = PrincipalID(.serviceAccount, UUID(high: 1, low: 1))
    private let quiet = PrincipalID(.serviceAccount, UUID(high: 1, low: 2))

    @Test func `cancels go first, and every principal has its turn`() {
        var queue = UseQueue<Int>()
        for number in 1...5 { _ = queue.add(number, of: busy, isCancel: false) }
        _ = queue.add(6, of: quiet, isCancel: false)
        _ = queue.add(7, of: busy, isCancel: true)
        let (first, rest) = (queue.take(4), queue.take(9))
        #expect(first == [7, 1, 6, 2])
        #expect(rest == [3, 4, 5])
        #expect(queue.isEmpty)
    }

    @Test func `one who is alone has a whole batch, and the rest of the line waits`() {
        var queue = UseQueue<Int>()
        for number in 1...5 { _ = queue.add(number, of: busy, isCancel: false) }
        _ = queue.add(6, of: busy, isCancel: true)
        let first = queue.take(3)
        #expect(first == [6, 1, 2])
        #expect(queue.count == 3)
        _ = queue.add(7, of: quiet, isCancel: false)
        let second = queue.take(9)
        #expect(second == [3, 7, 4, 5])
        _ = queue.add(8, of: busy, isCancel: false)
        let last = queue.take(1)
        #expect(last == [8])
        #expect(queue.isEmpty)
    }

    @Test func `it is bounded`() {
        var queue = UseQueue<Int>()
        let added = (0..<UseQueue<Int>.capacity).map { queue.add($0, of: nil, isCancel: false) }
        #expect(added.allSatisfy { $0 })
        let full = queue.add(0, of: nil, isCancel: true)
        #expect(!full)
        _ = queue.take(1)
        let hasRoom = queue.add(0, of: nil, isCancel: true)
        #expect(hasRoom)
    }
}
