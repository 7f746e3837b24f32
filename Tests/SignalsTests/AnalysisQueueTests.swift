import Kernel
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

    @Test func `a series whose newest candle waits for the market's goes before the others it marks`() {
        let (before, newest) = (Timestamp(seconds: 60), Timestamp(seconds: 120))
        var marked = SeriesQueue.Dependents()
        marked.add(1, dirtyFrom: nil, newest: newest)
        marked.add(2, dirtyFrom: newest, newest: newest)
        marked.add(3, dirtyFrom: before, newest: newest)
        marked.add(4, dirtyFrom: nil, newest: nil)
        #expect(marked.awaiting == [2] && marked.others == [1, 3, 4] && marked.all.count == 4)
        var queue = AnalysisQueue()
        for series in marked.others { queue.add(series, isUrgent: false) }
        for series in marked.awaiting { queue.add(series, isUrgent: true) }
        let first = queue.take()
        #expect(first?.series == 2 && first?.isUrgent == true && queue.take()?.isUrgent == false)
    }
}
