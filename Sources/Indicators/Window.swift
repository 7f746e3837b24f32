/// The last `capacity` values, oldest first. Two windows are equal when they hold the same values in the same
/// order, wherever their rings begin: a series with one candle inserted early converges to the one without
/// it.
package struct Window: Sendable {
    package let capacity: Int
    private var storage: [Double]
    private var next = 0

    package init(_ capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
        storage = []
        storage.reserveCapacity(capacity)
    }

    package var count: Int { storage.count }
    package var isFull: Bool { storage.count == capacity }

    /// Adds the newest value and returns the one that left.
    @discardableResult
    package mutating func push(_ value: Double) -> Double? {
        guard isFull else {
            storage.append(value)
            return nil
        }
        let evicted = storage[next]
        storage[next] = value
        next = next + 1 == capacity ? 0 : next + 1
        return evicted
    }

    /// True once in `capacity` values of a full window: the moment for work that must be rare.
    var isAtOrigin: Bool { next == 0 }

    /// 0 is the oldest value.
    package subscript(index: Int) -> Double {
        let position = next + index
        return storage[position < storage.count ? position : position - storage.count]
    }

    /// The value `age` pushes ago; 0 is the newest.
    package func ago(_ age: Int) -> Double { self[storage.count - 1 - age] }

    /// Summed from oldest to newest, so that equal windows have bit-equal sums.
    package var sum: Double { fold(0) { $0 + $1 } }
    package var maximum: Double { fold(-.infinity) { $1 > $0 ? $1 : $0 } }
    package var minimum: Double { fold(.infinity) { $1 < $0 ? $1 : $0 } }

    /// Sum of the newest `length` values, oldest first.
    package func sum(last length: Int) -> Double {
        var total = 0.0
        for index in count - length..<count { total += self[index] }
        return total
    }

    @inline(__always)
    func count(where matches: (Double) -> Bool) -> Int {
        storage.withUnsafeBufferPointer { values in
            var count = 0
            for value in values where matches(value) { count += 1 }
            return count
        }
    }

    @inline(__always)
    func fold(_ initial: Double, _ combine: (Double, Double) -> Double) -> Double {
        storage.withUnsafeBufferPointer { values in
            var result = initial
            for index in next..<values.count { result = combine(result, values[index]) }
            for index in 0..<next { result = combine(result, values[index]) }
            return result
        }
    }
}

extension Window: Equatable {
    package static func == (a: Window, b: Window) -> Bool {
        guard a.capacity == b.capacity, a.count == b.count else { return false }
        return (0..<a.count).allSatisfy { a[$0].bitPattern == b[$0].bitPattern }
    }
}
