package import Kernel

/// A time in HTTP header fields (RFC 9110 5.6.7): whole seconds, UTC, years 1 to 9999.
package struct HTTPDate: Equatable, Sendable {
    /// Seconds since 1970.
    package let seconds: Int64

    /// The last second of the year 9999.
    private static let latest: Int64 = 253_402_300_799
    /// The first second of the year 1.
    private static let earliest: Int64 = -62_135_596_800

    /// Clamps to the years that can be written.
    package init(seconds: Int64) { self.seconds = min(max(seconds, Self.earliest), Self.latest) }

    package init(_ time: Timestamp) { self.init(seconds: time.seconds) }

    /// IMF-fixdate, 29 bytes: "Sun, 06 Nov 1994 08:49:37 GMT".
    package var bytes: [UInt8] {
        let (days, rest) = Self.daysAndSeconds(seconds)
        let date = CivilDate(daysSince1970: days)
        var text = Self.weekdays[Self.weekday(days)].prefix(3) + [0x2C, 0x20]
        text.reserveCapacity(29)
        text.appendDigits(date.day, 2)
        text.append(0x20)
        text += Self.months[date.month - 1]
        text.append(0x20)
        text.appendDigits(date.year, 4)
        text.append(0x20)
        text.appendDigits(rest / 3600, 2)
        text.append(0x3A)
        text.appendDigits(rest / 60 % 60, 2)
        text.append(0x3A)
        text.appendDigits(rest % 60, 2)
        text += " GMT".utf8
        return Array(text)
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// 0 is Sunday; the first of January 1970 was a Thursday.
    static func weekday(_ daysSince1970: Int) -> Int { ((daysSince1970 + 4) % 7 + 7) % 7 }

    private static func daysAndSeconds(_ seconds: Int64) -> (days: Int, seconds: Int) {
        let rest = (seconds % 86_400 + 86_400) % 86_400
        return (Int((seconds - rest) / 86_400), Int(rest))
    }

    static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
        .map { Array($0.utf8) }

    static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .map { Array($0.utf8) }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func appendDigits(_ number: Int, _ count: Int) {
        var power = 1
        for _ in 1..<count { power *= 10 }
        while power > 0 {
            append(0x30 + UInt8(number / power % 10))
            power /= 10
        }
    }
}
