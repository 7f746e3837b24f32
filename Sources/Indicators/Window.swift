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
    /// Four sums side by side, from the oldest value on, so that equal windows have bit-equal sums.
    @inline(__always)
    package var sum: Double {
        total {
            $0
        } one: {
            $0
        }
    }

    /// Of the squared distances to a number.
    @inline(__always)
    func squares(around center: Double) -> Double {
        total {
            ($0 - center) * ($0 - center)
        } one: {
            ($0 - center) * ($0 - center)
        }
    }

    /// Of the distances to a number.
    @inline(__always)
    func distances(to center: Double) -> Double {
        total {
            ($0 - center).replacing(with: center - $0, where: $0 .< center)
        } one: {
            abs($0 - center)
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

    @inline(__always)
    private func total(
        _ four: (SIMD4<Double>) -> SIMD4<Double>, one: (Double) -> Double
    ) -> Double {
        withValues { values in
            guard let start = values.baseAddress else { return 0 }
            let raw = UnsafeRawPointer(start)
            var sums = SIMD4<Double>()
            var index = 0
            while index &+ 4 <= values.count {
                sums += four(raw.loadUnaligned(fromByteOffset: index &* 8, as: SIMD4<Double>.self))
                index &+= 4
            }
            var rest = 0.0
            while index < values.count {
                rest += one(start[index])
                index &+= 1
            }
            return (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
        }
    }
}

extension Window {
    mutating func walk(_ state: inout StateWalk) {
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
