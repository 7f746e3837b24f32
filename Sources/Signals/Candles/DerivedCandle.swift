import Kernel

/// A candle made of the candles of a finer interval that lie in it.
struct DerivedCandle: Equatable, Sendable {
    let candle: Candle
    /// Parts that are not there, or not closed. Only without any is the candle closed.
    let missing: Int
}

extension DerivedCandle {
    /// `parts` are all that there are of one candle, in the order of time, and at least one. Volumes are
    /// added in that order, so the sum has the same bits whichever way the parts came.
    init(_ parts: some Collection<Candle>, _ base: Interval, to interval: Interval) {
        var iterator = parts.makeIterator()
        guard let first = iterator.next() else { preconditionFailure("a derived candle has a part") }
        var whole = first
        whole.openTime = interval.open(at: first.openTime)
        var closed = first.closed ? 1 : 0
        while let part = iterator.next() {
            whole.high = max(whole.high, part.high)
            whole.low = min(whole.low, part.low)
            whole.close = part.close
            whole.volume += part.volume
            if part.closed { closed += 1 }
        }
        missing = interval.parts(of: base) - closed
        whole.closed = missing == 0
        candle = whole
    }
}

/// Parts of derived candles as they come, in the order of time or against it.
struct DerivedFold {
    private let base: Interval
    private let interval: Interval
    private let isAscending: Bool
    private var parts: [StoredCandle] = []

    init(_ base: Interval, to interval: Interval, isAscending: Bool) {
        (self.base, self.interval, self.isAscending) = (base, interval, isAscending)
    }

    /// The candle before, when `part` belongs to the next one.
    mutating func push(_ part: StoredCandle) -> StoredCandle? {
        let isOfNext = parts.first.map {
            interval.open(at: $0.candle.openTime) != interval.open(at: part.candle.openTime)
        }
        let whole = isOfNext == true ? finish() : nil
        parts.append(part)
        return whole
    }

    /// The last candle: no more parts come.
    mutating func finish() -> StoredCandle? {
        guard !parts.isEmpty else { return nil }
        if !isAscending { parts.reverse() }
        defer { parts.removeAll(keepingCapacity: true) }
        let whole = DerivedCandle(parts.lazy.map(\.candle), base, to: interval)
        return StoredCandle(
            candle: whole.candle, revision: parts.reduce(1) { $0 + $1.revision - 1 },
            knownAt: parts.map(\.knownAt).max() ?? .never, missing: whole.missing)
    }
}
