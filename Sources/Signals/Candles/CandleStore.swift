import Kernel
import Postgres

/// Candles as rows. Whoever writes holds the locks of their series.
enum CandleStore {
    /// Candles later than the newest of their series: nothing can be in their place. Without the question
    /// whether there is, and without an answer, a million rows take 2.9 s and not 4.4.
    private static let append = Statement(
        "candle_append",
        """
        insert into candle (series, open_time, open, high, low, close, volume, closed, revision, known_at)
        select i.*, 1, $9
        from unnest($1::int4[], $2::timestamptz[], $3::float8[], $4::float8[], $5::float8[], $6::float8[],
            $7::float8[], $8::bool[]) as i
        """)

    /// New candles; what is there already stays as it is.
    private static let insert = Statement(
        "candle_insert",
        """
        with inserted as (
            insert into candle (series, open_time, open, high, low, close, volume, closed, revision, known_at)
            select i.*, 1, $9
            from unnest($1::int4[], $2::timestamptz[], $3::float8[], $4::float8[], $5::float8[], $6::float8[],
                $7::float8[], $8::bool[]) as i
            on conflict on constraint candle_key do nothing
            returning series, open_time, closed
        )
        select series, count(*), min(open_time), max(open_time), max(open_time) filter (where closed)
        from inserted group by series
        """)

    /// Candles that differ from what is stored become its next revision. An unclosed row never replaces a
    /// closed candle, so that the order in which they arrive does not matter. Whoever comes later is known
    /// later, whatever its clock says: of a revision that ended before it began nobody would ever read.
    private static let revise = Statement(
        "candle_revise",
        """
        with changed as materialized (
            select c.series, c.open_time, i.open, i.high, i.low, i.close, i.volume, i.closed,
                greatest($9, c.known_at + interval '1 microsecond') as moment
            from unnest($1::int4[], $2::timestamptz[], $3::float8[], $4::float8[], $5::float8[], $6::float8[],
                $7::float8[], $8::bool[]) as i (series, open_time, open, high, low, close, volume, closed)
            join candle c on c.series = i.series and c.open_time = i.open_time
            where (i.closed or not c.closed)
                and (c.open, c.high, c.low, c.close, c.volume, c.closed)
                    is distinct from (i.open, i.high, i.low, i.close, i.volume, i.closed)
        ), kept as (
            insert into candle_revision
                (series, open_time, open, high, low, close, volume, closed, revision, known_at, ended_at)
            select c.series, c.open_time, c.open, c.high, c.low, c.close, c.volume, c.closed, c.revision,
                c.known_at, changed.moment
            from candle c join changed using (series, open_time)
        ), revised as (
            update candle c set open = n.open, high = n.high, low = n.low, close = n.close, volume = n.volume,
                closed = n.closed, revision = c.revision + 1, known_at = n.moment
            from changed n where c.series = n.series and c.open_time = n.open_time
            returning c.series, c.open_time, c.closed, c.revision
        )
        select series, count(*), min(open_time), max(open_time) filter (where closed),
            count(*) filter (where revision = 2), max(open_time)
        from revised group by series
        """)

    struct Written {
        var counts = CandleCounts()
        var growths: [SeriesGrowth] = []
        /// Sent, and to be awaited with what follows.
        var appending: Query?
    }

    /// Writes rows of locked series; no candle stands twice among them.
    /// - Parameter newest: of each series, the open time of its last candle.
    nonisolated(nonsending) static func write(
        _ candles: [Candle], series: [Int], newest: [Int: Timestamp], now: Timestamp,
        in transaction: Transaction
    ) async throws -> Written {
        var (later, other) = (CandleColumns(), CandleColumns())
        for (candle, id) in zip(candles, series) {
            let isLater = candle.openTime > newest[id] ?? .never
            if isLater { later.append(candle, id) } else { other.append(candle, id) }
        }
        var written = Written()
        var growths: [Int: SeriesGrowth] = [:]
        if !later.candles.isEmpty {
            written.appending = transaction.send(append, later.parameters(now))
            written.counts.inserted = later.candles.count
            for (candle, id) in zip(later.candles, later.series) {
                growths[id, default: SeriesGrowth(series: id)].append(candle)
            }
        }
        if !other.candles.isEmpty {
            try await merge(other, now, &written, &growths, in: transaction)
        }
        written.counts.unchanged = candles.count - written.counts.inserted - written.counts.revised
        written.growths = growths.values.sorted { $0.series < $1.series }
        return written
    }

    /// Candles in whose place there may be others.
    private nonisolated(nonsending) static func merge(
        _ rows: CandleColumns, _ now: Timestamp, _ written: inout Written,
        _ growths: inout [Int: SeriesGrowth],
        in transaction: Transaction
    ) async throws {
        let parameters = rows.parameters(now)
        var inserted = 0
        for row in try await transaction.query(insert, parameters: parameters) {
            growths[row.int(0), default: SeriesGrowth(series: row.int(0))].add(
                row.int(1), from: row.timestamp(2), to: row.timestamp(3),
                lastClosed: row.optionalTimestamp(4))
            inserted += row.int(1)
        }
        written.counts.inserted += inserted
        if inserted < rows.candles.count {
            for row in try await transaction.query(revise, parameters: parameters) {
                written.counts.revised += row.int(1)
                growths[row.int(0), default: SeriesGrowth(series: row.int(0))].revise(
                    from: row.timestamp(2), to: row.timestamp(5), lastClosed: row.optionalTimestamp(3),
                    second: row.int(4))
            }
        }
    }
}

/// Rows on their way, by columns.
private struct CandleColumns {
    var candles: [Candle] = []
    var series: [Int] = []

    mutating func append(_ candle: Candle, _ id: Int) {
        candles.append(candle)
        series.append(id)
    }

    func parameters(_ now: Timestamp) -> [Parameter] {
        [
            .int32Array(series.map(Int32.init)), .timestampArray(candles.map(\.openTime)),
            .doubleArray(candles.map(\.open)), .doubleArray(candles.map(\.high)),
            .doubleArray(candles.map(\.low)), .doubleArray(candles.map(\.close)),
            .doubleArray(candles.map(\.volume)), .boolArray(candles.map(\.closed)), .timestamp(now),
        ]
    }
}

extension SeriesGrowth {
    fileprivate mutating func append(_ candle: Candle) {
        let time = candle.openTime
        add(1, from: time, to: time, lastClosed: candle.closed ? time : nil)
    }

    fileprivate mutating func add(
        _ count: Int, from first: Timestamp, to last: Timestamp, lastClosed closed: Timestamp?
    ) {
        added += count
        firstOpen = min(firstOpen ?? first, first)
        lastOpen = max(lastOpen ?? last, last)
        lastClosed = closed.map { max(lastClosed ?? $0, $0) } ?? lastClosed
        dirty(first, last)
    }

    private mutating func dirty(_ first: Timestamp, _ last: Timestamp) {
        dirtyFrom = min(dirtyFrom ?? first, first)
        dirtyTo = max(dirtyTo ?? last, last)
    }

    fileprivate mutating func revise(
        from first: Timestamp, to last: Timestamp, lastClosed closed: Timestamp?, second: Int
    ) {
        dirty(first, last)
        lastClosed = closed.map { max(lastClosed ?? $0, $0) } ?? lastClosed
        revised += second
    }
}
