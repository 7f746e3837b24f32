/// The last `capacity` values, oldest first. Two windows are equal when they hold the same values in the same
/// order, wherever their rings begin: a series with one candle inserted early converges to the one without
/// it.
package struct Window: Sendable {
    package let capacity: Int
    package private(set) var count = 0
    /// The ring twice, so that a full window is one stretch of memory wherever it begins.
    private var ring: [Double]
    private var next = 0

    package init(_ capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
        ring = Array(repeating: 0, count: 2 * capacity)
    }

    @inline(__always)
    package var isFull: Bool { count == capacity }

    /// Adds the newest value and returns the one that left.
    @discardableResult
    @inline(__always)
    package mutating func push(_ value: Double) -> Double? {
        let (next, capacity) = (next, capacity)
        // Within the closure the ring is known to be unique, and `next` to be in it.
        let evicted = ring.withUnsafeMutableBufferPointer { ring in
            let evicted = ring[next]
            ring[next] = value
            ring[next &+ capacity] = value
            return evicted
        }
        self.next = next &+ 1 == capacity ? 0 : next &+ 1
        if count == capacity { return evicted }
        count &+= 1
        return nil
    }

    @inline(__always)
    private var first: Int { isFull ? next : 0 }

    /// 0 is the oldest value.
    package subscript(index: Int) -> Double { ring[first + index] }

    /// The value `age` pushes ago; 0 is the newest.
    package func ago(_ age: Int) -> Double { self[count - 1 - age] }

    @inline(__always)
    func withValues<Result>(_ body: (UnsafeBufferPointer<Double>) -> Result) -> Result {
        ring.withUnsafeBufferPointer { ring in
            body(UnsafeBufferPointer(start: ring.baseAddress.map { $0 + first }, count: count))
        }
    }

    @inline(__always)
    func count(where matches: (Double) -> Bool) -> Int {
        withValues { values in
            var count = 0
            for value in values where matches(value) { count += 1 }
            return count
        }
    }
}

// MARK: Sums

extension Window {
    package var sum: Double {
        let (origin, distance) = shifted
        return origin * Double(count) + distance
    }

    /// The oldest value, and the sum of all distances from it. Four sums run side by side, always from the
    /// oldest value on: equal windows have bit-equal sums, and a window of one price has a distance of
    /// exactly zero. The newest four values at least are read one by one: they were just written so, and a
    /// processor that reads four at once must wait for that.
    @inline(__always)
    var shifted: (origin: Double, distance: Double) { withValues(Self.shifted) }

    @inline(__always)
    static func shifted(_ values: UnsafeBufferPointer<Double>) -> (origin: Double, distance: Double) {
        guard let start = values.baseAddress, values.count > 0 else { return (0, 0) }
        let origin = start[0]
        var sums = SIMD4<Double>()
        var index = 0
        while index &+ 8 <= values.count {
            sums += four(start, index) - origin
            index &+= 4
        }
        var rest = 0.0
        while index < values.count {
            rest += start[index] - origin
            index &+= 1
        }
        return (origin, (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest)
    }

    @inline(__always)
    private static func four(_ start: UnsafePointer<Double>, _ index: Int) -> SIMD4<Double> {
        UnsafeRawPointer(start + index).loadUnaligned(as: SIMD4<Double>.self)
    }

    /// Of the absolute distances to a number.
    func distances(to center: Double) -> Double {
        withValues { values in
            var total = 0.0
            for value in values { total += abs(value - center) }
            return total
        }
    }

    /// Sum of the newest `length` values, oldest first.
    package func sum(last length: Int) -> Double {
        withValues { values in
            var total = 0.0
            for value in values.suffix(length) { total += value }
            return total
        }
    }
}

extension Window {
    package mutating func walk(_ state: inout StateWalk) {
        state.pass(&count, in: 0...capacity)
        state.pass(&next, in: 0...capacity - 1)
        for index in 0..<capacity {
            state.pass(&ring[index])
            ring[index + capacity] = ring[index]
        }
    }
}

extension Window: Equatable {
    package static func == (a: Window, b: Window) -> Bool {
        guard a.capacity == b.capacity, a.count == b.count else { return false }
        return (0..<a.count).allSatisfy { a[$0].bitPattern == b[$0].bitPattern }
    }
}
