import Kernel
import Postgres

/// The candles of one step of an analysis, and what is known of where they end.
struct AnalysisStretch {
    var candles: [Candle]
    /// No candle comes after them.
    var isLast: Bool
    /// What is stored of the course before as its state after the last of them.
    var landmark: SavedState?
    /// No state is stored of any of them, nor of a later candle.
    var isClear: Bool
    /// Until then the newest candle, which was left out, waits for the market's.
    var heldUntil: Timestamp?

    /// Of a locked series: the candles after one, up to the next state that is stored.
    /// - Parameter clear: from where on no state is stored, as far as that is known.
    nonisolated(nonsending) static func read(
        _ series: SeriesRecord, after last: Timestamp?, from: Timestamp, clear: Timestamp?,
        in transaction: Transaction
    ) async throws -> AnalysisStretch {
        let isKnown = clear.map { $0 <= from } ?? false
        let state = isKnown ? nil : try await AnalysisStates.read(series.id, from: from, in: transaction)
        let candles = try await CandlePages.read(
            series.id, after: last ?? .never, before: state?.time.next ?? .forever, in: transaction)
        var stretch = AnalysisStretch(
            candles: candles, isLast: candles.count < CandlePages.size, isClear: state == nil)
        guard let state else { return stretch }
        if candles.last?.openTime == state.time {
            stretch.landmark = state
        } else if stretch.isLast {
            // Of a candle that is not there: nobody comes by it any more.
            try await AnalysisStates.remove(state.time, of: series, in: transaction)
        }
        if let newest = series.lastClosed, state.time < newest { stretch.isLast = false }
        return stretch
    }

    /// Leaves out the newest candle while it should wait for the market's of the same close.
    nonisolated(nonsending) mutating func hold(
        _ series: SeriesRecord, market newest: Timestamp?, now: Timestamp, in transaction: Transaction
    ) async throws {
        guard isLast, let candle = candles.last?.openTime,
            let wait = MarketWait(for: candle, series.interval, market: newest, now: now),
            let known = try await CandlePages.knownAt(candle, of: series.id, in: transaction)
        else { return }
        heldUntil = wait.end(arrived: known, now: now)
        guard heldUntil != nil else { return }
        candles.removeLast()
        (isLast, landmark) = (false, nil)
    }
}

extension Timestamp {
    /// The smallest step of time.
    var next: Timestamp { self + Period(microseconds: 1) }
}
