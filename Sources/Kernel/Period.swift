/// A length of time in microseconds, written as `90d`, `15m`, `30s` in requests and answers.
package struct Period: Hashable, Comparable, Sendable {
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }
    package static func milliseconds(_ count: Int64) -> Period { Period(microseconds: count * 1_000) }
    package static func seconds(_ count: Int64) -> Period { Period(microseconds: count * 1_000_000) }
    package static func minutes(_ count: Int64) -> Period { .seconds(count * 60) }
    package static func hours(_ count: Int64) -> Period { .seconds(count * 3_600) }
    package static func days(_ count: Int64) -> Period { .seconds(count * 86_400) }

    package var seconds: Double { Double(microseconds) / 1_000_000 }
    package var nanoseconds: Int64 { microseconds &* 1_000 }
    package var magnitude: Period { Period(microseconds: abs(microseconds)) }

    package static func < (a: Period, b: Period) -> Bool { a.microseconds < b.microseconds }
    package static func * (a: Period, factor: Double) -> Period {
        Period(microseconds: Int64(Double(a.microseconds) * factor))
    }
    package static func + (a: Period, b: Period) -> Period {
        Period(microseconds: a.microseconds &+ b.microseconds)
    }
}

extension Period: CustomStringConvertible {
    private static let units: [(suffix: Character, seconds: Int64)] = [
        ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]

    /// The largest unit that divides it: `90d`, `36h`, `90s`; below a second, `250ms`.
    package var description: String {
        if microseconds % 1_000_000 != 0 { return "\(microseconds / 1_000)ms" }
        let seconds = microseconds / 1_000_000
        for unit in Self.units where seconds % unit.seconds == 0 && (seconds != 0 || unit.suffix == "s") {
            return "\(seconds / unit.seconds)\(unit.suffix)"
        }
        return "\(seconds)s"
    }

    /// Reads a whole number and one of `s m h d w`; at most 100 years, never negative.
    package init?(_ text: String) {
        guard let suffix = text.last, let count = Int64(text.dropLast()), count >= 0, text.first != "+" else {
            return nil
        }
        let unit: Int64? = suffix == "w" ? 604_800 : Self.units.first { $0.suffix == suffix }?.seconds
        guard let unit, count <= 36_525 * 86_400 / unit else { return nil }
        self = .seconds(count * unit)
    }
}
