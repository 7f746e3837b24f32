import Access
import EventLoop
import Events
import Kernel
import Postgres

/// The closes of many series, told once more in the order of their times.
struct RetoldCloses: PastEvents {
    /// Closes that a page is meant to have: some tens of milliseconds off the loop.
    private static let pageCloses = 2_000
    /// A page that would have more is made anew, of a shorter time.
    private static let pageClosesAtMost = 8_000
    private static let longestPage = Period.days(400)
    /// As many closes as there are series, at most.
    private static let shortestPage = Period.minutes(1)

    private static let closes = Statement(
        "retold_closes",
        """
        select series, open_time, open, high, low, close, volume from candle
        where series = any ($1::int4[]) and open_time >= $2 and open_time < $3 and closed limit $4
        """)

    private struct Close: Sendable {
        let at: Timestamp
        /// Of the series.
        let place: Int
        let candle: Candle
    }

    private let retelling: CandleRetelling
    private let end: Timestamp
    private var start: RetoldStart
    private var series: [RetoldSeries] = []
    private var places: [Int: Int] = [:]
    private var ids: [Interval: [Int32]] = [:]
    private var isReady = false
    private var time: Timestamp
    private var span = Period.days(1)
    private var count: UInt64 = 0

    init(
        _ records: [SeriesRecord], markets: [RetoldStart.Place: SeriesRecord], _ question: PastQuestion,
        _ retelling: CandleRetelling
    ) {
        self.retelling = retelling
        start = RetoldStart(records, markets: markets, question, retelling)
        time = records.compactMap(\.firstClose).min().map { max($0, question.from) } ?? question.to
        let last = records.compactMap(\.lastClose).max()?.next
        end = last.map { min($0, question.to) } ?? question.from
    }

    nonisolated(nonsending) mutating func next() async throws -> [Event]? {
        if !isReady {
            if try await start.step() { return [] }
            begin()
        }
        guard time < end else { return nil }
        let until = min(time + span, end)
        let closes = try await closes(from: time, to: until)
        if closes.count > Self.pageClosesAtMost, span > Self.shortestPage {
            span = max(span * 0.25, Self.shortestPage)
            return []
        }
        time = until
        if closes.count < Self.pageCloses / 2 { span = min(span * 2, Self.longestPage) }
        if closes.count > Self.pageCloses * 2 { span = max(span * 0.5, Self.shortestPage) }
        let (before, first) = (series, count)
        let (after, events) = try await retelling.offLoop.run { Self.tell(closes, before, first) }
        series = after
        count += UInt64(events.count)
        return events
    }

    private mutating func begin() {
        isReady = true
        series = start.ready
        for (place, one) in series.enumerated() {
            places[one.series.id] = place
            ids[one.series.interval, default: []].append(Int32(one.series.id))
        }
    }

    private nonisolated(nonsending) func closes(from: Timestamp, to: Timestamp) async throws -> [Close] {
        var closes: [Close] = []
        for (interval, ids) in ids {
            let rows = try await retelling.database.report(
                Self.closes, .int32Array(ids), .timestamp(from - interval.period),
                .timestamp(to - interval.period), .int(Self.pageClosesAtMost + 1))
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
    var firstClose: Timestamp? { firstOpen.map { interval.close(of: $0) } }
    var lastClose: Timestamp? { lastClosed.map { interval.close(of: $0) } }
}
