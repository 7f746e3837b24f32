import Access
import Kernel
import Testing

@testable import Signing

@Suite struct UseQueueTests {
    private let busy = PrincipalID(.serviceAccount, UUID(high: 1, low: 1))
    private let quiet = PrincipalID(.serviceAccount, UUID(high: 1, low: 2))

    @Test func `cancels go first, and every principal has its turn`() {
        var queue = UseQueue<Int>()
        for number in 1...5 { #expect(queue.add(number, of: busy, isCancel: false)) }
        #expect(queue.add(6, of: quiet, isCancel: false))
        #expect(queue.add(7, of: busy, isCancel: true))
        #expect(queue.take(4) == [7, 1, 6, 2])
        #expect(queue.take(9) == [3, 4, 5])
        #expect(queue.isEmpty)
    }

    @Test func `it is bounded`() {
        var queue = UseQueue<Int>()
        for number in 0..<UseQueue<Int>.capacity { #expect(queue.add(number, of: nil, isCancel: false)) }
        #expect(!queue.add(0, of: nil, isCancel: true))
        #expect(queue.take(1).count == 1)
        #expect(queue.add(0, of: nil, isCancel: true))
    }
}
