import Glibc
import Kernel

/// A row while its fields arrive, in whatever order and from whatever format.
struct CandleDraft {
    /// Bytes of a token's or a source's name.
    static let longestName = 64
    /// Bytes of a refused text that its refusal repeats.
    private static let longestQuote = 40

    private(set) var closed: Bool?
    private var token: String?
    private var source: String?
    private var interval: Interval?
    private var openTime: Timestamp?
    // Not a number stands for "not given": a field that says NaN is refused when it is read.
    private var open = Double.nan
    private var high = Double.nan
    private var low = Double.nan
    private var close = Double.nan
    private var volume = Double.nan

    init(_ defaults: CandleDefaults) {
        token = defaults.token
        source = defaults.source
        interval = defaults.interval
    }

    /// An empty text means that the row does not say it.
    @inline(__always)
    mutating func set(
        _ field: CandleField, _ bytes: UnsafeBufferPointer<UInt8>, names: inout NameCache
    ) throws(RowRefusal) {
        if bytes.isEmpty { return }
        switch field {
        case .token: token = try names.token.text(bytes, of: .token)
        case .source: source = try names.source.text(bytes, of: .source)
        case .interval: interval = try names.interval(bytes)
        case .time: openTime = try Self.time(bytes)
        case .open: open = try Self.number(bytes, of: .open)
        case .high: high = try Self.number(bytes, of: .high)
        case .low: low = try Self.number(bytes, of: .low)
        case .close: close = try Self.number(bytes, of: .close)
        case .volume: volume = try Self.number(bytes, of: .volume)
        case .closed: closed = try Self.boolean(bytes)
        }
    }

    func row() throws(RowRefusal) -> CandleRow {
        guard let token else { throw .missing(.token) }
        guard let source else { throw .missing(.source) }
        guard let interval else { throw .missing(.interval) }
        guard let openTime else { throw .missing(.time) }
        if (open + high + low + close + volume).isNaN { throw .missing(firstMissingNumber) }
        return CandleRow(
            token: token, source: source, interval: interval, openTime: openTime, open: open, high: high,
            low: low,
            close: close, volume: volume, closed: closed)
    }

    private var firstMissingNumber: CandleField {
        if open.isNaN { return .open }
        if high.isNaN { return .high }
        if low.isNaN { return .low }
        return close.isNaN ? .close : .volume
    }

    private static func number(
        _ bytes: UnsafeBufferPointer<UInt8>, of field: CandleField
    ) throws(RowRefusal) -> Double {
        guard let value = DecimalText.parse(bytes) else {
            let text = quote(bytes)
            let letters = text.lowercased().drop { $0 == "-" || $0 == "+" }
            throw ["nan", "inf", "infinity"].contains(letters) ? .nonFinite(field) : .notANumber(field, text)
        }
        guard value.isFinite else { throw .nonFinite(field) }
        return value
    }

    /// The year 10000, in milliseconds: fifteen digits hold every time that can be printed.
    private static let mostMilliseconds: Int64 = 253_402_300_800_000
    /// The least number of sixteen digits: microseconds, of 2001 to 2286, as Binance's files have since 2025.
    private static let leastMicroseconds: Int64 = 1_000_000_000_000_000

    /// Milliseconds since 1970 where there are only digits, microseconds where there are sixteen, RFC 3339
    /// otherwise.
    private static func time(_ bytes: UnsafeBufferPointer<UInt8>) throws(RowRefusal) -> Timestamp {
        var number: Int64 = 0
        for byte in bytes {
            guard byte >= 48, byte <= 57, number < leastMicroseconds else {
                guard let time = Timestamp(bytes: bytes), time.microseconds >= 0 else {
                    throw .notATime(quote(bytes))
                }
                return time
            }
            number = number * 10 + Int64(byte - 48)
        }
        if number >= leastMicroseconds { return Timestamp(microseconds: number) }
        guard number < mostMilliseconds else { throw .notATime(quote(bytes)) }
        return Timestamp(milliseconds: number)
    }

    private static func boolean(_ bytes: UnsafeBufferPointer<UInt8>) throws(RowRefusal) -> Bool {
        switch quote(bytes).lowercased() {
        case "true", "1", "t": true
        case "false", "0", "f": false
        case let other: throw .notABoolean(other)
        }
    }

    static func quote(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: bytes.prefix(longestQuote), as: UTF8.self)
    }
}

/// The names that came last: rows of one upload mostly repeat them, and a new text a row would cost more than
/// its numbers.
struct NameCache: Sendable {
    var token = LastText()
    var source = LastText()
    private var intervalText = LastText()
    private var lastInterval: Interval?

    mutating func interval(_ bytes: UnsafeBufferPointer<UInt8>) throws(RowRefusal) -> Interval {
        if let lastInterval, intervalText.matches(bytes) { return lastInterval }
        let text = try intervalText.text(bytes, of: .interval)
        lastInterval = Interval(rawValue: text)
        guard let lastInterval else { throw .unknownInterval(CandleDraft.quote(bytes)) }
        return lastInterval
    }
}

struct LastText: Sendable {
    private var bytes: [UInt8] = []
    private var text = ""

    func matches(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.count == other.count
            && bytes.withUnsafeBufferPointer { mine in
                guard let a = mine.baseAddress, let b = other.baseAddress else { return mine.isEmpty }
                return memcmp(a, b, mine.count) == 0
            }
    }

    mutating func text(
        _ other: UnsafeBufferPointer<UInt8>, of field: CandleField
    ) throws(RowRefusal) -> String {
        if matches(other) { return text }
        guard (1...CandleDraft.longestName).contains(other.count),
            let valid = String(validating: other, as: UTF8.self),
            valid.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw .notText(field) }
        bytes = Array(other)
        text = valid
        return valid
    }
}
