import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// One source and interval, looked at from one moment with what was known at another.
struct MarketMoment: Sendable {
    let source: String
    let interval: Interval
    /// Candles that were over by then.
    var at: Timestamp?
    /// Nil: what is known now.
    var asOf: Timestamp?
    let now: Timestamp

    /// The latest open time that counts.
    var before: Timestamp { min(at ?? now, asOf ?? now) - interval.period }
    var known: Timestamp { asOf ?? .farFuture }

    /// `source`, `interval`, their length in seconds, `before` and `known`, as statements here begin.
    var parameters: [Parameter] {
        [
            .text(source), .text(interval.rawValue), .double(Double(interval.seconds)), .timestamp(before),
            .timestamp(known),
        ]
    }

    /// The close of a candle, as it is known now.
    static func close(
        of newest: Timestamp, _ source: String, _ interval: Interval, now: Timestamp
    ) -> MarketMoment {
        MarketMoment(source: source, interval: interval, at: interval.close(of: newest), asOf: nil, now: now)
    }

    func write(to w: inout JSONWriter) {
        w.field("source", source)
        w.field("interval", interval.rawValue)
        w.field("at", at?.description)
        w.field("as_of", asOf?.description)
    }
}

extension MarketMoment {
    /// Nil when a mistake was noted.
    init?(_ parameters: inout Parameters, now: Timestamp) {
        let source = parameters.required("source") { $0.source() }
        let interval = parameters.required("interval") { $0.interval() }
        let at = parameters.time("at")
        let asOf = parameters.asOf(now)
        guard let source, let interval else { return nil }
        self.init(source: source, interval: interval, at: at, asOf: asOf, now: now)
    }
}

extension MarketMoment {
    /// Candles that one answer may look at: about a second of the database's time.
    private static let mostCandles = 1_000_000
    private static let series = Statement(
        "market_series_count", "select count(*)::int4 from series where source = $1 and interval = $2")

    /// Refuses what would look at too many candles.
    /// - Parameters:
    ///   - candles: of each series.
    ///   - field: the parameter that asks for so many.
    nonisolated(nonsending) func limit(
        candles: Int, field: String, in source: any Queryable
    ) async throws {
        guard let message = try await excess(candles: candles, in: source) else { return }
        throw Problem(
            .invalidParameter, "\(field) \(message).",
            errors: [FieldError(pointer: "query:\(field)", code: FieldCode.outOfRange, message: message)])
    }

    /// How a mistake goes on, where so many candles of each series are too many; nil: they are not.
    nonisolated(nonsending) func excess(candles: Int, in source: any Queryable) async throws -> String? {
        let rows = try await source.query(Self.series, .text(self.source), .text(interval.rawValue))
        guard let series = rows.first?.int(0), series > Self.mostCandles / candles else { return nil }
        return "would look at \(candles) candles of each of \(series) series: too many for one answer"
    }
}

extension Timestamp {
    /// Behind every moment at which something may have become known.
    static let farFuture = Timestamp(microseconds: .max)
}
