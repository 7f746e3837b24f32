import Access
import EventLoop
import Events
import Kernel
import Postgres

/// The closes of many series, told once more in the order of their times.
struct RetoldCloses: PastEvents {
    /// Closes of a page, about: some tens of milliseconds off the loop.
    private static let pageCloses: Int64 = 2_000

    private static let closes = Statement(
        "retold_closes",
        """
        select series, open_time, open, high, low, close, volume from candle
        where series = any ($1::int4[]) and open_time >= $2 and open_time < $3 and closed
        """)

    private struct Close: Sendable {
        let at: Timestamp
        /// Of the series.
        let place: Int
        let candle: Candle
    }

    private let question: PastQuestion
    private let retelling: CandleRetelling
    private let gates: MarketGates
    private let end: Timestamp
    private let span: Period
    /// Those that are not ready yet, the last first.
    private var waiting: [SeriesRecord]
    private var series: [RetoldSeries] = []
    private var time: Timestamp
    private var count: UInt64 = 0

    /// - Parameter records: in the order in which those are told that close at one moment.
    init(_ records: [SeriesRecord], _ question: PastQuestion, _ retelling: CandleRetelling) {
        (self.question, self.retelling) = (question, retelling)
        gates = MarketGates(database: retelling.database)
        waiting = records.reversed()
        time = records.compactMap(\.firstClose).min().map { max($0, question.from) } ?? question.to
        let last = records.compactMap(\.lastClose).max()?.next
        end = last.map { min($0, question.to) } ?? question.from
        let perDay = records.reduce(0) { $0 + 86_400 / Double($1.interval.seconds) }
        let seconds = Double(Self.pageCloses) * 86_400 / max(perDay, 1)
        span = .seconds(max(60, Int64(seconds)))
    }

    nonisolated(nonsending) mutating func next() async throws -> [Event]? {
        if let record = waiting.popLast() {
            series.append(try await prepared(record))
            return []
        }
        guard time < end else { return nil }
        let until = min(time + span, end)
        let closes = try await closes(from: time, to: until)
        time = until
        let (before, first) = (series, count)
        let (after, events) = try await retelling.offLoop.run { Self.tell(closes, before, first) }
        series = after
        count += UInt64(events.count)
        return events
    }

    /// As it stood before the first close that is told.
    private nonisolated(nonsending) func prepared(_ record: SeriesRecord) async throws -> RetoldSeries {
        let database = retelling.database
        let open = question.from - record.interval.period
        // Behind a candle that changed a stored state is one of what was.
        let stored = try await AnalysisStates.read(
            record, before: min(open, record.dirtyFrom ?? open), models: retelling.models, in: database)
        let analysis = stored ?? SeriesAnalysis(record.interval, models: retelling.models)
        let market = try await MarketGates.ask(record.source, record.interval, in: database).rows().first
            .flatMap(SeriesRecord.init)
        let gate = try await gates.current(of: record, market, after: analysis.time)
        let asked = SuppliedQuestion(
            record, first: analysis.time ?? record.firstOpen ?? open, last: question.to)
        let supplied = try await retelling.supplied(asked, database)
        var one = RetoldSeries(
            record, analysis, SeriesFeed(gate: gate.gate, supplied: supplied), telling: question.types)
        var pages = CandlePages(record.id, after: analysis.time, before: open)
        while let page = try await pages.next(database) {
            let before = one
            one = try await retelling.offLoop.run {
                var next = before
                next.pass(page)
                return next
            }
        }
        return one
    }

    private nonisolated(nonsending) func closes(from: Timestamp, to: Timestamp) async throws -> [Close] {
        var closes: [Close] = []
        let places = Dictionary(uniqueKeysWithValues: series.enumerated().map { ($1.series.id, $0) })
        for (interval, some) in Dictionary(grouping: series.map(\.series), by: \.interval) {
            let rows = try await retelling.database.report(
                Self.closes, .int32Array(some.map { Int32($0.id) }), .timestamp(from - interval.period),
                .timestamp(to - interval.period))
            for row in rows {
                guard let place = places[row.int(0)] else { continue }
                let candle = Candle(
                    openTime: row.timestamp(1), open: row.double(2), high: row.double(3),
                    low: row.double(4), close: row.double(5), volume: row.double(6))
                closes.append(Close(at: interval.close(of: candle.openTime), place: place, candle: candle))
            }
        }
        return closes.sorted { ($0.at, $0.place) < ($1.at, $1.place) }
    }

    /// - Parameter count: of the events that were told before.
    private static func tell(
        _ closes: [Close], _ before: [RetoldSeries], _ count: UInt64
    ) -> (series: [RetoldSeries], events: [Event]) {
        var (series, events) = (before, [Event]())
        let nobody = Actor(principal: nil, accessToken: nil, address: nil)
        for close in closes {
            for event in series[close.place].take(close.candle) {
                let number = count + UInt64(events.count)
                events.append(
                    Event(
                        id: EventID(UUID(at: close.at, number: number)), at: close.at, type: event.type,
                        subject: event.subject, actor: nobody, data: event.data))
            }
        }
        return (series, events)
    }
}

extension SeriesRecord {
    fileprivate var firstClose: Timestamp? { firstOpen.map { interval.close(of: $0) } }
    fileprivate var lastClose: Timestamp? { lastClosed.map { interval.close(of: $0) } }
}
