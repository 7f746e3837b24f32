import Indicators
import Kernel
import Postgres

/// Values of indicators of one series, page by page. An indicator of a window is computed from the bars that
/// it needs; one that remembers everything goes on from a state that was kept, or else from the series'
/// beginning. Either way the bits are those of one pass over everything.
final class IndicatorReads {
    struct Row {
        var time: Timestamp
        var close: Double
        var values: [Double?]
    }

    private let database: Database
    private var states = IndicatorStates()

    init(database: Database) { self.database = database }

    /// Closed candles only, in the order that is asked for; and where to go on when the rows ended that one
    /// answer reads.
    nonisolated(nonsending) func page(
        _ names: [IndicatorName], _ series: ReadSeries, _ range: TimeRange, isAscending: Bool, limit: Int,
        mostRows: Int = DerivedReads.mostRows
    ) async throws -> (rows: [Row], cutAt: Timestamp?) {
        let (found, cutAt) = try await DerivedReads.list(
            series, range, isAscending: isAscending, limit: limit, closedOnly: true, mostRows: mostRows,
            in: database)
        let candles = isAscending ? found.map(\.candle) : found.reversed().map(\.candle)
        guard let first = candles.first?.openTime else { return ([], cutAt) }
        var set = try await warmed(names, series, before: first, asOf: range.asOf)
        var rows: [Row] = []
        rows.reserveCapacity(candles.count)
        for candle in candles {
            rows.append(
                Row(time: candle.openTime, close: candle.close, values: try set.update(candle.bar)))
        }
        return (isAscending ? rows : rows.reversed(), cutAt)
    }

    /// The set as it stands before a candle.
    private nonisolated(nonsending) func warmed(
        _ names: [IndicatorName], _ series: ReadSeries, before first: Timestamp, asOf: Timestamp
    ) async throws -> IndicatorSet {
        let reaches = names.compactMap(\.reach)
        guard reaches.count == names.count else {
            return try await streamed(names, series, before: first, asOf: asOf)
        }
        var set = IndicatorSet(names)
        let range = TimeRange(from: .never, to: first, asOf: asOf)
        let bars = try await DerivedReads.lastClosed(reaches.max() ?? 0, series, range, in: database)
        for bar in bars { _ = try set.update(bar.bar) }
        return set
    }

    private nonisolated(nonsending) func streamed(
        _ names: [IndicatorName], _ series: ReadSeries, before first: Timestamp, asOf: Timestamp
    ) async throws -> IndicatorSet {
        let place = IndicatorStates.Place(series, names, asOf)
        let kept = states.last(place, series.stored, before: first)
        var state = kept ?? IndicatorStates.State(set: IndicatorSet(names), after: .never, bars: 0)
        var range = TimeRange(from: .never, to: first, asOf: asOf)
        if let kept { range.from = Timestamp(microseconds: kept.after.microseconds + 1) }
        var walk = CandleWalk(series, range, isAscending: true)
        while let page = try await walk.next(in: database) {
            for candle in page.lazy.map(\.candle) where candle.closed {
                _ = try state.set.update(candle.bar)
                state.after = candle.openTime
                state.bars += 1
            }
            states.keep(state, place, series.stored)
            await Task.yield()
        }
        return state.set
    }
}

/// States of indicator sets at some candles of some series, kept between the pages of one worker: the next
/// page, or the next candle, costs what lies between and not the whole series.
struct IndicatorStates {
    /// Series and names that are kept, and states of each: 3 KB a state for the usual names, 400 KB at most.
    static let mostPlaces = 16
    static let mostStates = 8

    struct Place: Hashable {
        var series: Int
        var interval: Interval
        var names: [IndicatorName]
        /// The pages of one moment of the past follow each other as those of now do.
        var asOf: Timestamp

        init(_ series: ReadSeries, _ names: [IndicatorName], _ asOf: Timestamp) {
            (self.series, interval, self.names) = (series.stored.id, series.interval, names)
            self.asOf = asOf
        }
    }

    struct State {
        var set: IndicatorSet
        /// Open time of its last candle, which is its `bars`th.
        var after: Timestamp
        var bars: Int
    }

    private struct Kept {
        /// Of the series, read before its candles: what is written meanwhile makes it an old one.
        var version: Int64
        /// In the order of time.
        var states: [State] = []
    }

    private var kept = RecentlyUsed<Place, Kept>(capacity: mostPlaces)

    /// The last state before a candle, unless a candle that it has seen may be another now.
    mutating func last(_ place: Place, _ series: SeriesRecord, before time: Timestamp) -> State? {
        guard let kept = kept.use(place), kept.version >= series.rewritten else {
            self.kept.remove(place)
            return nil
        }
        return kept.states.last { $0.after < time }
    }

    mutating func keep(_ state: State, _ place: Place, _ series: SeriesRecord) {
        guard state.bars > 0 else { return }
        var all = kept.use(place) ?? Kept(version: series.version)
        // Whoever read the series earlier knows less of it.
        all.version = min(all.version, series.version)
        let index = all.states.firstIndex { $0.after >= state.after } ?? all.states.endIndex
        if index < all.states.endIndex && all.states[index].after == state.after { return }
        all.states.insert(state, at: index)
        if all.states.count > Self.mostStates { Self.thin(&all.states) }
        kept.set(place, all)
    }

    /// Drops the state whose neighbours are nearest to each other; the newest stays.
    private static func thin(_ states: inout [State]) {
        let distances = (0..<states.count - 1).map { index in
            states[index + 1].bars - (index == 0 ? 0 : states[index - 1].bars)
        }
        guard let nearest = distances.indices.min(by: { distances[$0] < distances[$1] }) else { return }
        states.remove(at: nearest)
    }
}
