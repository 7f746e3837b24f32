package import Kernel

extension HTTPDate {
    /// Reads the three formats that a recipient must accept: IMF-fixdate, RFC 850 and asctime, exactly. `now`
    /// settles the century of RFC 850's two-digit year: one that seems more than 50 years ahead is in the
    /// past. Nil when the text is none of them, or its weekday is not that day's.
    package init?(_ text: String, now: Timestamp) {
        var reader = HTTPDateReader(text)
        guard let seconds = reader.read(now: now) else { return nil }
        self.init(seconds: seconds)
    }
}

private struct HTTPDateReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func read(now: Timestamp) -> Int64? {
        guard let (weekday, isLong) = weekday() else { return nil }
        let seconds: (days: Int, time: Int)? =
            if isLong { rfc850(now: now) } else if take(",") { fixdate() } else { asctime() }
        guard let seconds, position == bytes.count, HTTPDate.weekday(seconds.days) == weekday else {
            return nil
        }
        return Int64(seconds.days) * 86_400 + Int64(seconds.time)
    }

    /// " 06 Nov 1994 08:49:37 GMT"
    private mutating func fixdate() -> (days: Int, time: Int)? {
        guard take(" "), let day = digits(2), take(" "), let month = month(), take(" "), let year = digits(4),
            take(" "), let time = time(), take(" GMT"),
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        return (date.daysSince1970, time)
    }

    /// ", 06-Nov-94 08:49:37 GMT"
    private mutating func rfc850(now: Timestamp) -> (days: Int, time: Int)? {
        guard take(", "), let day = digits(2), take("-"), let month = month(), take("-"),
            let shortYear = digits(2),
            take(" "), let time = time(), take(" GMT")
        else { return nil }
        let thisYear = CivilDate(daysSince1970: Int(now.seconds / 86_400)).year
        var year = thisYear - thisYear % 100 + shortYear
        if year > thisYear + 50 { year -= 100 }
        return CivilDate(year: year, month: month, day: day).map { ($0.daysSince1970, time) }
    }

    /// " Nov  6 08:49:37 1994"
    private mutating func asctime() -> (days: Int, time: Int)? {
        guard take(" "), let month = month(), take(" "), let day = take(" ") ? digits(1) : digits(2),
            take(" "),
            let time = time(), take(" "), let year = digits(4),
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        return (date.daysSince1970, time)
    }

    /// The number of the weekday, and whether its long name was used.
    private mutating func weekday() -> (number: Int, isLong: Bool)? {
        for (number, name) in HTTPDate.weekdays.enumerated() {
            if take(name) { return (number, true) }
            if take(Array(name.prefix(3))) { return (number, false) }
        }
        return nil
    }

    private mutating func month() -> Int? {
        for (index, name) in HTTPDate.months.enumerated() where take(name) { return index + 1 }
        return nil
    }

    /// Seconds of the day. 60 is a leap second.
    private mutating func time() -> Int? {
        guard let hour = digits(2), hour < 24, take(":"), let minute = digits(2), minute < 60, take(":"),
            let second = digits(2), second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    private mutating func digits(_ count: Int) -> Int? {
        guard position + count <= bytes.count else { return nil }
        var number = 0
        for byte in bytes[position..<position + count] {
            guard ByteClass.isDigit(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        position += count
        return number
    }

    private mutating func take(_ text: String) -> Bool { take(Array(text.utf8)) }

    private mutating func take(_ text: [UInt8]) -> Bool {
        guard bytes[position...].starts(with: text) else { return false }
        position += text.count
        return true
    }
}
