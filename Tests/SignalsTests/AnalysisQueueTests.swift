import Testing

@testable import Signals

struct AnalysisQueueTests {
    @Test func `what somebody waits for goes before a backlog, and nothing waits twice`() {
        var queue = AnalysisQueue()
        for series in [1, 2, 3, 2] { queue.add(series, isUrgent: false) }
        queue.add(9, isUrgent: true)
        queue.add(3, isUrgent: true)
        #expect((0..<5).map { _ in queue.take()?.series } == [9, 3, 1, 2, nil])
    }

    @Test func `a series is in one pair of hands at a time`() {
        var queue = AnalysisQueue()
        queue.add(1, isUrgent: false)
        #expect(queue.take()?.series == 1)
        queue.add(1, isUrgent: true)
        #expect(queue.take()?.series == nil && queue.holds(1) && queue.waiting == [1])
        queue.add(2, isUrgent: false)
        #expect(queue.take()?.series == 2)
        queue.release(1)
        #expect(queue.take()?.series == 1)
        queue.release(1)
        queue.release(2)
        #expect(!queue.holds(1) && queue.take()?.series == nil)
    }
}
