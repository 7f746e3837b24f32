import EventLoop
import Events
import Kernel
import Postgres

/// Makes series ready to be told again: each as it stood before the first close that is told.
struct RetoldStart {
    /// Which market's candles say how the market stood.
    struct Place: Hashable {
        let source: String
        let interval: Interval

        init(_ series: SeriesRecord) { (source, interval) = (series.source, series.interval) }
    }

    private let question: PastQuestion
    private let retelling: CandleRetelling
    private let markets: [Place: SeriesRecord]
    /// The last first.
    private var waiting: [SeriesRecord]
    private var gates: [Place: MarketGate] = [:]
    private var gate: (place: Place, gate: MarketGate, pages: CandlePages)?
    private var coming: (series: RetoldSeries, pages: CandlePages)?
    private(set) var ready: [RetoldSeries] = []

    /// - Parameters:
    ///   - series: in the order in which those are told that close at one moment.
    ///   - markets: where there is one.
    init(
        _ series: [SeriesRecord], markets: [Place: SeriesRecord], _ question: PastQuestion,
        _ retelling: CandleRetelling
    ) {
        (self.question, self.retelling, self.markets) = (question, retelling, markets)
        waiting = series.reversed()
    }

    /// A page of candles at most. False when all are ready.
    nonisolated(nonsending) mutating func step() async throws -> Bool {
        if gate != nil { return try await readMarket() }
        if coming != nil { return try await approach() }
        guard let next = waiting.last else { return false }
        let place = Place(next)
        if gates[place] == nil {
            begin(place)
        } else {
            waiting.removeLast()
            try await begin(next)
        }
        return true
    }

    private mutating func begin(_ place: Place) {
        guard let market = markets[place] else {
            gates[place] = MarketGate(place.interval)
            return
        }
        gate = (place, MarketGate(place.interval), CandlePages(market.id, after: nil, before: question.to))
    }

    private nonisolated(nonsending) mutating func readMarket() async throws -> Bool {
        guard var current = gate else { return true }
        // The one copy is built on.
        gate = nil
        guard let page = try await current.pages.next(retelling.database) else {
            gates[current.place] = current.gate
            return true
        }
        for candle in page { current.gate.update(candle) }
        gate = current
        return true
    }

    private nonisolated(nonsending) mutating func begin(_ record: SeriesRecord) async throws {
        let open = question.from - record.interval.period
        // Behind a candle that changed a stored state is one of what was.
        let stored = try await AnalysisStates.read(
            record, before: min(open, record.dirtyFrom ?? open), models: retelling.models,
            in: retelling.database)
        let analysis = stored ?? SeriesAnalysis(record.interval, models: retelling.models)
        let asked = SuppliedQuestion(
            record, first: analysis.time ?? record.firstOpen ?? open, last: question.to)
        let supplied = try await retelling.database.pool.transaction {
            try await retelling.supplied(asked, $0)
        }
        let feed = SeriesFeed(gate: gates[Place(record)], supplied: supplied)
        coming = (
            RetoldSeries(record, analysis, feed, telling: question.types),
            CandlePages(record.id, after: analysis.time, before: open)
        )
    }

    private nonisolated(nonsending) mutating func approach() async throws -> Bool {
        guard var (series, pages) = coming else { return true }
        if let page = try await pages.next(retelling.database) {
            let before = series
            series = try await retelling.offLoop.run {
                var next = before
                next.pass(page)
                return next
            }
            coming = (series, pages)
        } else {
            ready.append(series)
            coming = nil
        }
        return true
    }
}
