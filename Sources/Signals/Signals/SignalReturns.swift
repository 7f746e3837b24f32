import JSON
import Kernel
import Postgres

/// What signals had brought by a time, made again of the candles as they were known then. Stored are only the
/// returns of now: each candle moves them, and to keep them all would take more than the candles do.
enum SignalReturns {
    /// Candles that one answer reads. Signals that are not reached by then are on the next page.
    static let mostCandles = 60_000

    /// As many of the signals as can be told of, and at least one.
    nonisolated(nonsending) static func told(
        _ signals: [ListedSignal], asOf: Timestamp, mostCandles: Int = mostCandles, in database: Database
    ) async throws -> [ListedSignal] {
        var told: [ListedSignal] = []
        var left = mostCandles
        for var signal in signals {
            guard left > 0 || told.isEmpty else { break }
            if let holding = Holding(signal) {
                let (roi, candles) = try await returns(holding, signal.series, asOf, in: database)
                var w = JSONWriter()
                w.object { w in
                    roi.write(signal.series.interval, costPerSide: holding.costPerSide, to: &w)
                }
                signal.returnsThen = w.bytes
                left -= candles
            }
            told.append(signal)
        }
        return told
    }

    private nonisolated(nonsending) static func returns(
        _ holding: Holding, _ series: SeriesRecord, _ asOf: Timestamp, in database: Database
    ) async throws -> (ROI, candles: Int) {
        var track = HoldingTrack(entry: holding.fill, costPerSide: holding.costPerSide)
        let end = min(holding.last ?? asOf, asOf)
        var range = TimeRange(from: holding.fill.at, to: end == .forever ? end : end.next, asOf: asOf)
        var count = 0
        while true {
            let page = try await CandleReads.closed(series.id, range, in: database)
            for candle in page { track.update(candle, series.interval) }
            count += page.count
            guard page.count == CandlePages.size, let last = page.last else { break }
            range.from = last.openTime.next
            await Task.yield()
        }
        return (ROI(track: track, exit: holding.exit), count)
    }

    /// From when to when a signal was held, and at what prices.
    private struct Holding {
        var fill: Signal.Fill
        var exit: Signal.Fill?
        /// The candle at whose close it was over; nil while it is open.
        var last: Timestamp?
        var costPerSide: Double

        /// Nil of a warning, before the fill, and of what was stored before exits were.
        init?(_ signal: ListedSignal) {
            guard let body = try? JSONValue.parse(signal.body), body["exit_open"] != nil,
                body["direction"]?.asString == Signal.Direction.bullish.rawValue,
                let fill = Self.fill(body, "fill")
            else { return nil }
            self.fill = fill
            exit = Self.fill(body, "exit")
            last = ["closed_at", "stale_at"].lazy.compactMap { Self.time(body, $0) }.first
            costPerSide = signal.model.settings.costPerSide
        }

        private static func fill(_ body: JSONValue, _ name: String) -> Signal.Fill? {
            guard let at = time(body, "\(name)_at"), let price = body["\(name)_open"]?.asDouble else {
                return nil
            }
            return Signal.Fill(price: price, at: at)
        }

        private static func time(_ body: JSONValue, _ name: String) -> Timestamp? {
            body[name]?.asString.flatMap { Timestamp($0) }
        }
    }
}
