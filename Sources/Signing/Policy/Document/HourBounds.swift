package import Kernel

/// When: any of the windows is enough.
package struct HourBounds: Sendable, Equatable {
    package enum Day: String, CaseIterable, Sendable {
        case monday = "mon"
        case tuesday = "tue"
        case wednesday = "wed"
        case thursday = "thu"
        case friday = "fri"
        case saturday = "sat"
        case sunday = "sun"
    }

    /// From a time of day up to another; past midnight when that is not later. A day is the one on which the
    /// window begins.
    package struct Window: Sendable, Equatable {
        package var days: [Day]
        package var from: TimeOfDay
        package var to: TimeOfDay
        package var zone: FixedZone
    }

    package var windows: [Window]
    package var scope = ClauseScope.opening

    package init(_ windows: [Window]) { self.windows = windows }

    package func contains(_ time: Timestamp) -> Bool { windows.contains { $0.contains(time) } }
}

/// `00:00` to `24:00`.
package struct TimeOfDay: Sendable, Equatable, CustomStringConvertible {
    static let midnight = TimeOfDay(minutes: 0)

    package let minutes: Int

    private init(minutes: Int) { self.minutes = minutes }

    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { (48...57).contains($0) } }),
            let hours = Int(Substring(parts[0])), let minutes = Int(Substring(parts[1])), minutes < 60,
            hours < 24 || (hours == 24 && minutes == 0)
        else { return nil }
        self.minutes = hours * 60 + minutes
    }

    package var description: String { Self.two(minutes / 60) + ":" + Self.two(minutes % 60) }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
}

/// `UTC` or a fixed offset, `+05:30`. No names such as `Europe/Paris`: their rules change with the machine's
/// files, and a policy must mean the same on every node.
package struct FixedZone: Sendable, Equatable {
    package static let utc = FixedZone(text: "UTC", seconds: 0)

    package let text: String
    package let seconds: Int64

    private init(text: String, seconds: Int64) { (self.text, self.seconds) = (text, seconds) }

    /// - Parameter text: offsets to 14 hours, as they exist.
    package init?(_ text: String) {
        if text == "UTC" {
            self = .utc
            return
        }
        guard text.hasPrefix("+") || text.hasPrefix("-"), let offset = TimeOfDay(String(text.dropFirst())),
            offset.minutes <= 14 * 60
        else { return nil }
        self.init(text: text, seconds: Int64(offset.minutes) * (text.hasPrefix("-") ? -60 : 60))
    }
}

extension HourBounds.Window {
    package init(_ days: [HourBounds.Day], from: TimeOfDay, to: TimeOfDay, in zone: FixedZone = .utc) {
        self.init(days: days, from: from, to: to, zone: zone)
    }

    func contains(_ time: Timestamp) -> Bool {
        let local = time.seconds + zone.seconds
        let day = Int(local.flooredDay)
        let minute = Int(local - local.flooredDay * 86_400) / 60
        if to.minutes > from.minutes {
            return begins(on: day) && (from.minutes..<to.minutes).contains(minute)
        }
        return begins(on: day) && minute >= from.minutes || begins(on: day - 1) && minute < to.minutes
    }

    /// 1970-01-01 was a Thursday.
    private func begins(on daysSince1970: Int) -> Bool {
        let all = HourBounds.Day.allCases
        return days.contains(all[((daysSince1970 + 3) % 7 + 7) % 7])
    }
}

extension Int64 {
    fileprivate var flooredDay: Int64 { self >= 0 ? self / 86_400 : (self - 86_399) / 86_400 }
}
