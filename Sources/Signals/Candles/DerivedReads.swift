import Kernel
import Postgres

/// A series that somebody reads: as it is stored, or derived from a finer one of its token and source.
struct ReadSeries: Sendable {
    var stored: SeriesRecord
    var interval: Interval
    /// When its candles changed last.
    var updatedAt: Timestamp

    var derivedFrom: Interval? { stored.interval == interval ? nil : stored.interval }
}

/// Candles of a series one after the other, in pages of a bounded number of rows: stored or derived ones,
/// oldest or newest first. Only one page, and the parts of one candle, are held at a time.
struct CandleWalk {
    private let series: ReadSeries
    private let isAscending: Bool
    private var range: TimeRange
    private var fold: DerivedFold?
    /// No row is left.
    private(set) var isOver = false
    /// Rows that were read.
    private(set) var rows = 0

    init(_ series: ReadSeries, _ range: TimeRange, isAscending: Bool) {
        (self.series, self.isAscending, self.range) = (series, isAscending, range)
        guard let base = series.derivedFrom else { return }
        fold = DerivedFold(base, to: series.interval, isAscending: isAscending)
        // A candle lies in the range when its open time does, and then all of it is read.
        let first = Timestamp(microseconds: 0)
        let last = Timestamp.forever - series.interval.period
        self.range.from = series.interval.nextOpen(from: min(max(range.from, first), last))
        self.range.to = range.to > last ? range.to : series.interval.nextOpen(from: max(range.to, first))
    }

    /// Nil when there are no more. A page of derived candles may be empty: none was whole by then.
    nonisolated(nonsending) mutating func next(
        upTo limit: Int = CandlePages.size, in database: Database
    ) async throws -> [StoredCandle]? {
        if isOver { return nil }
        let wanted = fold == nil ? min(limit, CandlePages.size + 1) : CandlePages.size
        let page = try await CandleReads.list(
            series.stored.id, range, isAscending: isAscending, limit: wanted, in: database)
        rows += page.count
        isOver = page.count < wanted
        if let last = page.last?.candle.openTime {
            if isAscending {
                range.from = Timestamp(microseconds: last.microseconds + 1)
            } else {
                range.to = last
            }
        }
        guard fold != nil else { return page }
        var whole = page.compactMap { fold?.push($0) }
        if isOver, let last = fold?.finish() { whole.append(last) }
        return whole
    }
}

enum DerivedReads {
    /// Rows that one answer reads: six weeks of minutes, 0.2 s. What it lacks then is on the next page.
    static let mostRows = 60_000
    /// Rows that are read at least where some are passed over.
    private static let fewestRows = 500

    /// At most `limit` candles; and, where the rows ended that one answer reads, the open time of the last
    /// candle that was looked at: there may be more behind it.
    nonisolated(nonsending) static func list(
        _ series: ReadSeries, _ range: TimeRange, isAscending: Bool, limit: Int, closedOnly: Bool = false,
        mostRows: Int = mostRows, in database: Database
    ) async throws -> (candles: [StoredCandle], cutAt: Timestamp?) {
        var walk = CandleWalk(series, range, isAscending: isAscending)
        var found: [StoredCandle] = []
        var last: Timestamp?
        let fewest = closedOnly ? fewestRows : 1
        while let page = try await walk.next(upTo: max(limit - found.count, fewest), in: database) {
            found += page.lazy.filter { $0.candle.closed || !closedOnly }.prefix(limit - found.count)
            last = page.last?.candle.openTime ?? last
            if found.count == limit { break }
            if walk.rows >= mostRows, !walk.isOver, let last { return (found, last) }
            await Task.yield()
        }
        return (found, nil)
    }

    /// The last closed candles before a time, in the order of time.
    nonisolated(nonsending) static func lastClosed(
        _ count: Int, _ series: ReadSeries, _ range: TimeRange, in database: Database
    ) async throws -> [Candle] {
        var walk = CandleWalk(series, range, isAscending: false)
        var found: [Candle] = []
        while found.count < count, let page = try await walk.next(in: database) {
            found += page.lazy.map(\.candle).filter(\.closed).prefix(count - found.count)
            await Task.yield()
        }
        return found.reversed()
    }
}
