package import Access
package import Kernel
package import Postgres

/// Which candles somebody asks about.
package struct SuppliedQuestion: Equatable, Sendable {
    package let token: TokenID
    package let source: String
    package let interval: Interval
    /// Open times of the first and the last of them.
    package let first: Timestamp
    package let last: Timestamp

    init(_ series: SeriesRecord, first: Timestamp, last: Timestamp) {
        (token, source, interval) = (series.token, series.source, series.interval)
        (self.first, self.last) = (first, last)
    }
}

/// How another room is asked. What it answers is a matter of rows: whoever changes them marks the series
/// whose candles they count for (`SuppliedMarks`), and these are analysed anew from there.
package typealias SuppliedLookup =
    nonisolated(nonsending) (SuppliedQuestion, any Queryable) async throws -> SuppliedCourse

/// What other rooms know of a token along the candles of one of its series.
package struct SuppliedCourse: Equatable, Sendable {
    /// A theme that the token belongs to in `[from, to)`.
    package struct Narrative: Equatable, Sendable {
        package struct Measurement: Equatable, Sendable {
            /// Open time of the candle at whose close it was measured.
            package var time: Timestamp
            package var score: Double
            /// Nil where that could not be told.
            package var weekAgo: Double?

            package init(time: Timestamp, score: Double, weekAgo: Double?) {
                (self.time, self.score, self.weekAgo) = (time, score, weekAgo)
            }
        }

        package var from: Timestamp
        package var to: Timestamp
        /// In the order of time.
        package var measurements: [Measurement]

        package init(from: Timestamp, to: Timestamp, measurements: [Measurement]) {
            (self.from, self.to, self.measurements) = (from, to, measurements)
        }
    }

    /// The mean of what was observed while one candle was open: from its open on, before its close.
    package struct Sentiment: Equatable, Sendable {
        /// Open time of the candle.
        package var time: Timestamp
        package var value: Double

        package init(time: Timestamp, value: Double) { (self.time, self.value) = (time, value) }
    }

    /// Candles back to which a measurement counts. That of the candle itself does not: a narrative is
    /// measured when the candles of its whole market are there, and a warning is told before that.
    package static let narrativeReach = 3
    /// Candles that a sentiment's means are over.
    package static let sentimentReach = 20

    private let interval: Interval
    private let narratives: [Narrative]
    private let sentiment: [Sentiment]

    package static let none = SuppliedCourse(.day, narratives: [], sentiment: [])

    /// - Parameter sentiment: in the order of time.
    package init(_ interval: Interval, narratives: [Narrative], sentiment: [Sentiment]) {
        (self.interval, self.narratives, self.sentiment) = (interval, narratives, sentiment)
    }

    /// What was known at the close of the candle that opened at `time`.
    package func reading(at time: Timestamp) -> SuppliedReadings {
        if narratives.isEmpty && sentiment.isEmpty { return .none }
        return SuppliedReadings(narrative: narrative(at: time), sentiment: sentiment(at: time))
    }

    /// The one that fell most within its week.
    private func narrative(at time: Timestamp) -> NarrativeReading? {
        let close = interval.close(of: time)
        var worst: NarrativeReading?
        for narrative in narratives where narrative.from <= close && close < narrative.to {
            let before = narrative.measurements.place(of: time) { $0.time }
            guard before > 0 else { continue }
            let newest = narrative.measurements[before - 1]
            guard interval.steps(from: newest.time, to: time) <= Self.narrativeReach,
                let weekAgo = newest.weekAgo
            else { continue }
            let reading = NarrativeReading(score: newest.score, weekAgo: weekAgo)
            if worst.map({ reading.fall > $0.fall }) ?? true { worst = reading }
        }
        return worst
    }

    private func sentiment(at time: Timestamp) -> SentimentReading? {
        let end = sentiment.place(of: time.next) { $0.time }
        func mean(_ candles: Int) -> Double? {
            let first = time - interval.period * Double(candles - 1)
            let start = sentiment.place(of: first) { $0.time }
            // Of fewer than half of the candles it says nothing.
            guard 2 * (end - start) >= candles else { return nil }
            return sentiment[start..<end].reduce(0) { $0 + $1.value } / Double(end - start)
        }
        guard let short = mean(5), let long = mean(Self.sentimentReach) else { return nil }
        return SentimentReading(mean5: short, mean20: long)
    }
}

extension Array {
    /// How many of them, which are in the order of time, are earlier.
    fileprivate func place(of time: Timestamp, _ timeOf: (Element) -> Timestamp) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if timeOf(self[middle]) < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
