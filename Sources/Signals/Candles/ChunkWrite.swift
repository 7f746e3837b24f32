import Access
import Events
import JSON
package import Kernel
import Postgres

/// A candle whose interval is over.
package struct ClosedCandle: Sendable {
    /// Who asks for what has just closed asks for no more than this.
    package static let momentsAgo: Period = .minutes(5)

    package let series: Int
    package let closedAt: Timestamp
    package let close: Double

    /// Nil unless it closed just now.
    init?(_ candle: Candle, of series: Int, _ interval: Interval, at now: Timestamp) {
        closedAt = interval.close(of: candle.openTime)
        guard candle.closed, now - closedAt <= Self.momentsAgo else { return nil }
        (self.series, close) = (series, candle.close)
    }
}

/// One chunk in its transaction: finds or makes tokens and series, locks them, writes the candles, and notes
/// what the analysis has to look at.
struct ChunkWrite {
    /// Gaps of one series that a chunk reports as events; a bulk load may hold any number.
    static let mostGapEvents = 10

    struct Result: Sendable {
        var counts = CandleCounts()
        var refused: [RowError] = []
        /// Of all rows that were taken, changed or not.
        var series: Set<Int> = []
        var changed: [Int] = []
        /// Taken, changed or not, and closed a moment ago.
        var justClosed: [ClosedCandle] = []
    }

    let tickers: TickerStore
    let clock: Clock
    let source: String
    /// Whose rows they are, whatever its ticker was at their time; nil: the ticker's of each row says it.
    var token: TokenID?
    var mostSeries = SeriesStore.mostSeries

    nonisolated(nonsending) func run(
        _ chunk: CandleChunk, in change: Change
    ) async throws -> Result {
        let transaction = change.transaction
        let begun = change.context.now
        let periods = try await periods(chunk, begun, transaction)
        var result = Result()
        var sorted = assign(chunk, periods, &result)
        let places = Array(Set(sorted.map(\.place)))
        let locked = try await SeriesStore.lock(
            places, source: source, now: begun, most: mostSeries, in: transaction)
        result.refused += sorted.filter { locked[$0.place] == nil }.map {
            tooMany(chunk, $0.row, "there are \(mostSeries) series already")
        }
        sorted.removeAll { locked[$0.place] == nil }
        // Known since nobody else is at these series, and no earlier than what they hold: neither what waited
        // for the lock nor a clock that is behind another node's makes a past that nobody could have read.
        let now = max(clock.now(), locked.values.map(\.updatedAt).max() ?? .never)
        let series = sorted.map { locked[$0.place]?.id ?? 0 }
        let candles = sorted.map { chunk.candles[$0.row] }
        let newest = Dictionary(uniqueKeysWithValues: locked.values.map { ($0.id, $0.lastOpen ?? .never) })
        let written = try await CandleStore.write(
            candles, series: series, newest: newest, now: now, in: transaction)
        result.counts = written.counts
        result.series = Set(series)
        result.justClosed = zip(sorted, series).compactMap { assigned, id in
            ClosedCandle(chunk.candles[assigned.row], of: id, assigned.place.interval, at: now)
        }
        result.changed = written.growths.map(\.series)
        guard !written.growths.isEmpty else { return result }
        let growing = SeriesStore.grow(written.growths, now: now, in: transaction)
        try await written.appending?.rows()
        try await growing.rows()
        let symbols = Dictionary(
            zip(sorted.map(\.place), sorted.map { chunk.keys[chunk.keyOfRow[$0.row]].symbol })
        ) { first, _ in first }
        let named = locked.map { (place: $0.key, series: $0.value, symbol: symbols[$0.key] ?? "") }
        emitGaps(named, candles, series, in: change)
        change.audit("candles.write", TokenID?.none, detail: detail(result))
        return result
    }

    private nonisolated(nonsending) func periods(
        _ chunk: CandleChunk, _ now: Timestamp, _ transaction: Transaction
    ) async throws -> [String: [TickerPeriod]] {
        var newest: [String: Timestamp] = [:]
        for (key, candle) in zip(chunk.keyOfRow, chunk.candles) {
            let symbol = chunk.keys[key].symbol
            if newest[symbol].map({ $0 < candle.openTime }) ?? true { newest[symbol] = candle.openTime }
        }
        let symbols = newest.keys.sorted()
        if let token {
            let whole = try await tickers.periods(of: token, in: transaction)
            return Dictionary(uniqueKeysWithValues: symbols.map { ($0, whole) })
        }
        let found = try await tickers.periods(
            of: symbols, newest: symbols.compactMap { newest[$0] }, now: now, in: transaction)
        return Dictionary(uniqueKeysWithValues: zip(symbols, found))
    }

    private struct Assigned {
        var row: Int
        var place: SeriesPlace
    }

    private func assign(
        _ chunk: CandleChunk, _ periods: [String: [TickerPeriod]], _ result: inout Result
    ) -> [Assigned] {
        let periodsOfKey = chunk.keys.map { periods[$0.symbol] ?? [] }
        var assigned: [Assigned] = []
        assigned.reserveCapacity(chunk.count)
        for row in 0..<chunk.count {
            let key = chunk.keyOfRow[row]
            let time = chunk.candles[row].openTime
            guard let period = periodsOfKey[key].first(where: { $0.holds(time) }) else {
                result.refused.append(
                    periodsOfKey[key].isFree(at: time)
                        ? tooMany(chunk, row, "there are \(tickers.mostTokens) tokens already")
                        : notInTickerTime(chunk, row))
                continue
            }
            let place = SeriesPlace(token: period.token, interval: chunk.keys[key].interval)
            assigned.append(Assigned(row: row, place: place))
        }
        return assigned
    }

    private func notInTickerTime(_ chunk: CandleChunk, _ row: Int) -> RowError {
        let symbol = chunk.keys[chunk.keyOfRow[row]].symbol
        return RowError(
            line: chunk.lines[row], code: "not_in_ticker_time",
            message: "no token had the ticker \(symbol) at \(chunk.candles[row].openTime)")
    }

    private func tooMany(_ chunk: CandleChunk, _ row: Int, _ why: String) -> RowError {
        RowError(line: chunk.lines[row], code: "too_many", message: why)
    }

    private func detail(_ result: Result) -> JSONValue {
        var detail = JSONObject()
        _ = detail.append("source", .string(source))
        _ = detail.append("inserted", .number(JSONNumber(result.counts.inserted)))
        _ = detail.append("revised", .number(JSONNumber(result.counts.revised)))
        _ = detail.append("series", .number(JSONNumber(result.changed.count)))
        return .object(detail)
    }

    /// Candles that are missing before one that closed behind its series' newest closed one: not there, or
    /// not closed by then.
    private func emitGaps(
        _ named: [(place: SeriesPlace, series: LockedSeries, symbol: String)], _ candles: [Candle],
        _ series: [Int], in change: Change
    ) {
        var times: [Int: [Timestamp]] = [:]
        for (id, candle) in zip(series, candles) where candle.closed {
            times[id, default: []].append(candle.openTime)
        }
        for entry in named.sorted(by: { $0.series.id < $1.series.id }) {
            guard var row = times[entry.series.id] else { continue }
            if let last = entry.series.lastClosed { row = row.filter { $0 > last } + [last] }
            row.sort()
            guard let newest = row.last else { continue }
            let gaps = Gaps.list(row, entry.place.interval)
            for gap in gaps.suffix(Self.mostGapEvents) {
                let isLive =
                    gap.last + entry.place.interval.period == newest
                    && !entry.place.interval.isLongAgo(newest, at: change.context.now)
                change.emit(event(gap, entry.place, entry.symbol, retroactive: !isLive))
            }
        }
    }

    private func event(
        _ gap: Gap, _ place: SeriesPlace, _ symbol: String, retroactive: Bool
    ) -> NewEvent {
        NewEvent(
            .candleGap, subject: place.token,
            [
                "token_id": .string(place.token.description), "symbol": .string(symbol),
                "source": .string(source), "interval": .string(place.interval.rawValue),
                "retroactive": .bool(retroactive), "from": .string(gap.first.description),
                "to": .string(gap.last.description), "missing": .number(JSONNumber(gap.count)),
            ])
    }
}
