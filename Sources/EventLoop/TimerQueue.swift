/// Names a timer, to cancel it.
public struct TimerID: Hashable, Sendable {
    fileprivate let deadline: UInt64
    fileprivate let number: UInt64
}

/// A binary heap of deadlines in monotonic nanoseconds. A cancelled timer leaves at once, in O(log n).
struct TimerQueue {
    private struct Entry {
        let id: TimerID
        let action: () -> Void
    }

    private var heap: [Entry] = []
    private var positions: [UInt64: Int] = [:]
    private var issued: UInt64 = 0

    var nextDeadline: UInt64? { heap.first?.id.deadline }
    var count: Int { heap.count }

    mutating func add(at deadline: UInt64, _ action: @escaping () -> Void) -> TimerID {
        issued += 1
        let id = TimerID(deadline: deadline, number: issued)
        heap.append(Entry(id: id, action: action))
        positions[id.number] = heap.count - 1
        rise(heap.count - 1)
        return id
    }

    mutating func cancel(_ id: TimerID) {
        guard let position = positions[id.number] else { return }
        remove(at: position)
    }

    /// Removes and returns the earliest action whose deadline has come.
    mutating func popDue(at now: UInt64) -> (() -> Void)? {
        guard let first = heap.first, first.id.deadline <= now else { return nil }
        remove(at: 0)
        return first.action
    }

    private mutating func remove(at position: Int) {
        positions[heap[position].id.number] = nil
        let last = heap.removeLast()
        guard position < heap.count else { return }
        heap[position] = last
        positions[last.id.number] = position
        rise(position)
        sink(positions[last.id.number] ?? position)
    }

    private mutating func rise(_ start: Int) {
        var child = start
        while child > 0, comesBefore(child, (child - 1) / 2) {
            exchange(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && comesBefore(child, least) {
                least = child
            }
            if least == parent { return }
            exchange(parent, least)
            parent = least
        }
    }

    /// Equal deadlines fire in the order in which they were set.
    private func comesBefore(_ a: Int, _ b: Int) -> Bool {
        (heap[a].id.deadline, heap[a].id.number) < (heap[b].id.deadline, heap[b].id.number)
    }

    private mutating func exchange(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        positions[heap[a].id.number] = a
        positions[heap[b].id.number] = b
    }
}
