/// The highest (or lowest) of the last `capacity` values and how long ago it was, in O(1) a value over time.
///
/// Two halves share one ring: what came since the ring last began, with its running extreme, and what came
/// before, each value replaced by the extreme from itself to its half's end. So a value costs two
/// comparisons, and a monotone queue's unpredictable branches are spared; once in `capacity` values the ring
/// is swept.
struct SlidingExtreme: Sendable {
    enum Side: Sendable { case highest, lowest }

    let capacity: Int
    /// Values times this are compared as "higher".
    private let sign: Double
    private var ring: [Double]
    /// Where the next value goes.
    private var next = 0
    private(set) var isFull = false
    private var running = -Double.infinity
    /// Where the newest value of the running extreme stands.
    private var runningPlace = 0

    init(_ capacity: Int, _ side: Side) {
        precondition(capacity > 0)
        self.capacity = capacity
        sign = side == .highest ? 1 : -1
        ring = Array(repeating: -.infinity, count: capacity)
    }

    @inline(__always)
    mutating func push(_ value: Double) {
        let value = value * sign
        runningPlace = value >= running ? next : runningPlace
        running = running > value ? running : value
        let place = next
        ring.withUnsafeMutableBufferPointer { $0[place] = value }
        next &+= 1
        if next == capacity { sweep() }
    }

    /// What came since the ring began becomes what came before.
    private mutating func sweep() {
        ring.withUnsafeMutableBufferPointer { ring in
            var best = -Double.infinity
            var index = ring.count
            while index > 0 {
                index -= 1
                best = best > ring[index] ? best : ring[index]
                ring[index] = best
            }
        }
        (next, isFull, running, runningPlace) = (0, true, -.infinity, 0)
    }

    /// Of the last `capacity` values, or of all when there are fewer.
    @inline(__always)
    var value: Double { sign * (running > ring[next] ? running : ring[next]) }

    /// How many values ago it was; of equal ones the newest counts. What came before falls towards the ring's
    /// end, so the last place with its extreme is found by halving.
    var age: Int {
        let newest = next - 1
        if running >= ring[next] { return newest - runningPlace }
        var (place, beyond) = (next, capacity)
        while beyond - place > 1 {
            let middle = (place + beyond) / 2
            if ring[middle] == ring[next] { place = middle } else { beyond = middle }
        }
        return newest + capacity - place
    }

    mutating func walk(_ state: inout StateWalk) {
        for index in ring.indices { state.pass(&ring[index]) }
        state.pass(&next, in: 0...capacity - 1)
        var full = isFull ? 1 : 0
        state.pass(&full, in: 0...1)
        isFull = full == 1
        state.pass(&running)
        state.pass(&runningPlace, in: 0...capacity - 1)
    }
}

extension SlidingExtreme: Equatable {
    /// By all that can still be answered: the extremes of the last one, two, three … values.
    static func == (a: SlidingExtreme, b: SlidingExtreme) -> Bool {
        a.capacity == b.capacity && a.sign == b.sign && a.isFull == b.isFull && a.reaches == b.reaches
    }

    private var reaches: [Double] {
        var best = -Double.infinity
        var reaches: [Double] = []
        for index in stride(from: next - 1, through: 0, by: -1) {
            best = max(best, ring[index])
            reaches.append(best)
        }
        guard isFull else { return reaches }
        for index in stride(from: capacity - 1, through: next, by: -1) {
            reaches.append(max(best, ring[index]))
        }
        return reaches
    }
}
