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
        let asOf = parameters.time("as_of")
        guard let source, let interval else { return nil }
        self.init(source: source, interval: interval, at: at, asOf: asOf, now: now)
    }
}

extension Timestamp {
    /// Behind every moment at which something may have become known.
    static let farFuture = Timestamp(microseconds: .max)
}
