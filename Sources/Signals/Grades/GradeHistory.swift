import Kernel
import Postgres

/// Grades computed again with all that they were made of: why trees are not stored, since they would be ten
/// times as large as the grades.
struct GradeHistory {
    /// Candles before the first one that is asked for. The slowest average, EMA200, has forgotten its seed
    /// after 3,700 candles to the last bit of a double.
    static let warmUp = 5_000.0

    let database: Database

    /// The grades of one series from one candle to another, as its candles were known at a time.
    nonisolated(nonsending) func grades(
        of series: SeriesRecord, by model: GradeModel, _ times: ClosedRange<Timestamp>, asOf: Timestamp
    ) async throws -> [Timestamp: Grade] {
        switch model {
        case .traderV0: try await grades(TraderGrade(series.interval), of: series, times, asOf)
        case .traderV1: try await grades(TraderGradeV1(series.interval), of: series, times, asOf)
        }
    }

    private nonisolated(nonsending) func grades(
        _ stream: some GradeStream, of series: SeriesRecord, _ times: ClosedRange<Timestamp>,
        _ asOf: Timestamp
    ) async throws -> [Timestamp: Grade] {
        var grades = stream
        var found: [Timestamp: Grade] = [:]
        var range = TimeRange(
            from: times.lowerBound - series.interval.period * Self.warmUp,
            to: series.interval.close(of: times.upperBound), asOf: asOf)
        while true {
            let page = try await CandleReads.closed(series.id, range, in: database)
            for candle in page {
                guard let grade = grades.update(candle), times.contains(candle.openTime) else { continue }
                found[candle.openTime] = grade
            }
            guard page.count == CandlePages.size, let last = page.last else { return found }
            range.from = Timestamp(microseconds: last.openTime.microseconds + 1)
            await Task.yield()
        }
    }
}
