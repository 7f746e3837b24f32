package import Kernel

/// A period in the words that somebody chose: `2w` stays `2w`.
package struct WrittenPeriod: Equatable, Sendable {
    /// Longer plans are slips of the unit.
    private static let longest: Period = .days(3_650)

    package let text: String
    package let period: Period

    /// A number from 1 to 999,999 and one of `s m h d w`; at most 10 years.
    package init?(_ text: String) {
        guard text.utf8.count <= 7, text.first != "0", let period = Period(text), period <= Self.longest,
            period.microseconds > 0
        else { return nil }
        (self.text, self.period) = (text, period)
    }
}
