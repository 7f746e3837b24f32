import Kernel

extension Instant: CustomStringConvertible {
    /// RFC 3339 in UTC, with as many digits of a fraction as say something.
    package var description: String {
        let parts = CivilTime(self, offsetSeconds: 0)
        let date = "\(padded(parts.date.year, 4))-\(padded(parts.date.month))-\(padded(parts.date.day))"
        let time = "\(padded(parts.hour)):\(padded(parts.minute)):\(padded(parts.second))"
        return "\(date)T\(time)\(fraction(nanoseconds))Z"
    }

    /// RFC 3339: `T` and `Z` or an offset, a fraction of 1 to 9 digits. No leap seconds.
    init?(_ text: String) {
        var reader = DigitReader(text)
        guard let year = reader.digits(4), reader.skip("-"), let month = reader.digits(2), reader.skip("-"),
            let day = reader.digits(2), let date = CivilDate(year: year, month: month, day: day),
            reader.skip("T") || reader.skip("t"), let hour = reader.digits(2), hour < 24, reader.skip(":"),
            let minute = reader.digits(2), minute < 60, reader.skip(":"), let second = reader.digits(2),
            second < 60, let nanoseconds = reader.nanoseconds(), let offset = reader.rfc3339Offset(),
            reader.isAtEnd
        else { return nil }
        let seconds = Int64(date.daysSince1970) * 86_400 + Int64(hour * 3_600 + minute * 60 + second - offset)
        self.init(seconds: seconds, nanoseconds: nanoseconds)
    }
}

extension Span: CustomStringConvertible {
    /// Seconds, as protobuf's JSON has it: `90s`, `-1.5s`.
    package var description: String {
        let magnitude = total.magnitude
        let rest = Int32(magnitude % 1_000_000_000)
        return "\(total < 0 ? "-" : "")\(magnitude / 1_000_000_000)\(fraction(rest))s"
    }

    /// As Go reads it: `1h30m`, `1.5s`, `-250ms`; units h, m, s, ms, us (µs) and ns. A bare `0` is fine.
    init?(_ text: String) {
        var reader = DigitReader(text)
        let isNegative = reader.skip("-")
        if !isNegative { _ = reader.skip("+") }
        if reader.rest == "0" {
            self.init(total: 0)
            return
        }
        var total: Int128 = 0
        guard !reader.isAtEnd else { return nil }
        while !reader.isAtEnd {
            guard let amount = reader.amountWithUnit() else { return nil }
            total += amount
            guard total <= Self.most else { return nil }
        }
        self.init(total: isNegative ? -total : total)
    }
}

/// A moment as a calendar and a clock of some offset from UTC tell it.
struct CivilTime {
    let date: CivilDate
    let daysSince1970: Int
    let hour: Int
    let minute: Int
    let second: Int

    init(_ instant: Instant, offsetSeconds: Int) {
        let local = instant.seconds + Int64(offsetSeconds)
        let days = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
        let rest = Int(local - days * 86_400)
        daysSince1970 = Int(days)
        date = CivilDate(daysSince1970: daysSince1970)
        (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60)
    }

    /// From 0 for the first of January.
    var dayOfYear: Int {
        daysSince1970 - (CivilDate(year: date.year, month: 1, day: 1)?.daysSince1970 ?? daysSince1970)
    }

    /// From 0 for Sunday.
    var dayOfWeek: Int { ((daysSince1970 + 4) % 7 + 7) % 7 }
}

/// `UTC`, or a fixed offset `+02:00`, `-05:30`, `02:00`. Names such as `Europe/Paris` are not understood: the
/// C library has no call for a zone that is not the process's own.
enum TimeZoneOffset {
    static func seconds(_ text: String) -> Int? {
        if text == "UTC" { return 0 }
        var reader = DigitReader(text)
        let isNegative = reader.skip("-")
        if !isNegative { _ = reader.skip("+") }
        guard let hours = reader.digits(2), hours < 24, reader.skip(":"), let minutes = reader.digits(2),
            minutes < 60, reader.isAtEnd
        else { return nil }
        return (hours * 3_600 + minutes * 60) * (isNegative ? -1 : 1)
    }
}

private func padded(_ number: Int, _ width: Int = 2) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(width - text.utf8.count, 0)) + text
}

/// `.5` of 500,000,000 nanoseconds; nothing of 0.
private func fraction(_ nanoseconds: Int32) -> String {
    guard nanoseconds != 0 else { return "" }
    var digits = padded(Int(nanoseconds), 9)
    while digits.hasSuffix("0") { digits.removeLast() }
    return "." + digits
}

private struct DigitReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }
    var rest: String { String(decoding: bytes[position...], as: UTF8.self) }

    private var digit: Int? {
        guard position < bytes.count, (48...57).contains(bytes[position]) else { return nil }
        return Int(bytes[position] - 48)
    }

    mutating func digits(_ count: Int) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let digit else { return nil }
            value = value * 10 + digit
            position += 1
        }
        return value
    }

    mutating func skip(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    mutating func nanoseconds() -> Int32? {
        guard skip(".") else { return 0 }
        var (value, count): (Int32, Int) = (0, 0)
        while let digit {
            guard count < 9 else { return nil }
            value = value * 10 + Int32(digit)
            count += 1
            position += 1
        }
        guard count > 0 else { return nil }
        for _ in count..<9 { value *= 10 }
        return value
    }

    /// Seconds east of UTC.
    mutating func rfc3339Offset() -> Int? {
        if skip("Z") || skip("z") { return 0 }
        let sign = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hours = digits(2), hours < 24, skip(":"), let minutes = digits(2), minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    /// Nanoseconds of `1.5h`; digits below a nanosecond are cut.
    mutating func amountWithUnit() -> Int128? {
        let (whole, wholeDigits) = number(atMost: 15)
        var (part, scale): (Int128, Int) = (0, 0)
        if skip(".") { (part, scale) = number(atMost: 15) }
        guard wholeDigits + scale > 0, let unit = unit() else { return nil }
        return whole * unit + part * unit / (0..<scale).reduce(Int128(1)) { power, _ in power * 10 }
    }

    private mutating func number(atMost most: Int) -> (value: Int128, digits: Int) {
        var (value, count): (Int128, Int) = (0, 0)
        while let digit, count < most {
            value = value * 10 + Int128(digit)
            count += 1
            position += 1
        }
        return (value, count)
    }

    private mutating func unit() -> Int128? {
        if skip("ns") { return 1 }
        if skip("us") || skip("\u{B5}s") || skip("\u{3BC}s") { return 1_000 }
        if skip("ms") { return 1_000_000 }
        if skip("s") { return 1_000_000_000 }
        if skip("m") { return 60_000_000_000 }
        if skip("h") { return 3_600_000_000_000 }
        return nil
    }
}
