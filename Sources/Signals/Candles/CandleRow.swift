package import Kernel

/// One row of an upload, as read: typed, not yet checked against the rules of candles.
package struct CandleRow: Equatable, Sendable {
    package var token: String
    package var source: String
    package var interval: Interval
    package var openTime: Timestamp
    package var open: Double
    package var high: Double
    package var low: Double
    package var close: Double
    package var volume: Double
    /// Nil where the row does not say.
    package var closed: Bool?

    package init(
        token: String, source: String, interval: Interval, openTime: Timestamp, open: Double, high: Double,
        low: Double, close: Double, volume: Double, closed: Bool? = nil
    ) {
        self.token = token
        self.source = source
        self.interval = interval
        self.openTime = openTime
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.closed = closed
    }
}

/// What a row may say, by its name in a header or an object.
package enum CandleField: String, Sendable, CaseIterable {
    case token, source, interval
    case time = "open_time"
    case open, high, low, close, volume, closed

    /// `open_time_iso8601` is another name of `open_time`; the text tells a date from milliseconds.
    init?(name: String) {
        let lower = name.lowercased()
        self.init(rawValue: lower == "open_time_iso8601" ? "open_time" : lower)
    }
}

/// What the address of an upload says for rows that do not say it themselves.
package struct CandleDefaults: Equatable, Sendable {
    package var token: String?
    package var source: String?
    package var interval: Interval?

    package init(token: String? = nil, source: String? = nil, interval: Interval? = nil) {
        self.token = token
        self.source = source
        self.interval = interval
    }
}
