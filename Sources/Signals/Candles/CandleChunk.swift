import Kernel

/// Which series a row claims, but for the source, which the upload says.
struct SeriesKey: Hashable, Sendable {
    var symbol: String
    var interval: Interval
}

/// Rows of one upload on their way to the table, column by column; no candle stands twice in it.
struct CandleChunk: Sendable {
    /// Rows that are committed together: about 40 ms of the database's time.
    static let mostRows = 10_000

    private(set) var keys: [SeriesKey] = []
    private(set) var keyOfRow: [Int] = []
    private(set) var lines: [Int] = []
    private(set) var candles: [Candle] = []
    private var indexes: [SeriesKey: Int] = [:]
    private var lastKey = 0
    /// By key: the newest open time so far. Rows mostly ascend, and then nothing needs to be looked up.
    private var newest: [Timestamp] = []
    private var seen: Set<Place>?

    private struct Place: Hashable {
        var key: Int
        var time: Timestamp
    }

    var count: Int { candles.count }
    var isEmpty: Bool { candles.isEmpty }
    var isFull: Bool { candles.count >= Self.mostRows }

    /// False, and nothing changed, when the candle is in the chunk already: it belongs into the next one.
    mutating func append(_ candle: Candle, _ symbol: String, _ interval: Interval, line: Int) -> Bool {
        let key = index(symbol, interval)
        if candle.openTime > newest[key] {
            newest[key] = candle.openTime
        } else {
            if seen == nil { seen = places() }
            guard seen?.contains(Place(key: key, time: candle.openTime)) == false else { return false }
        }
        seen?.insert(Place(key: key, time: candle.openTime))
        keyOfRow.append(key)
        lines.append(line)
        candles.append(candle)
        return true
    }

    private func places() -> Set<Place> {
        Set(zip(keyOfRow, candles).map { Place(key: $0, time: $1.openTime) })
    }

    private mutating func index(_ symbol: String, _ interval: Interval) -> Int {
        if lastKey < keys.count, keys[lastKey].interval == interval, keys[lastKey].symbol == symbol {
            return lastKey
        }
        let key = SeriesKey(symbol: symbol, interval: interval)
        if let known = indexes[key] {
            lastKey = known
        } else {
            lastKey = keys.count
            indexes[key] = lastKey
            keys.append(key)
            newest.append(Timestamp(microseconds: .min))
        }
        return lastKey
    }
}

/// What became of rows.
struct CandleCounts: Equatable, Sendable {
    var inserted = 0
    var unchanged = 0
    var revised = 0

    static func += (a: inout Self, b: Self) {
        a.inserted += b.inserted
        a.unchanged += b.unchanged
        a.revised += b.revised
    }
}

/// A refused row, as the answer lists it.
struct RowError: Equatable, Sendable {
    var line: Int
    var code: String
    var message: String
}
