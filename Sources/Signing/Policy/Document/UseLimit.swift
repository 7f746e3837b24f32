package import Exchanges
package import Kernel

/// A total within a window of fixed length, aligned to it in UTC.
package struct UseLimit: Sendable, Equatable {
    package enum Count: String, CaseIterable, Sendable {
        case notional, requests, orders

        var noun: String { self == .notional ? "of orders" : rawValue }
    }

    package var count: Count
    /// In the counter's unit: requests, orders, or millionths of a dollar.
    package var max: Int64
    package var per: Window
    /// Nil: all. Of a limit that binds opening orders, `trade` is all.
    package var operations: [RequestOperation]?
    /// Nil: all, and requests without orders too.
    package var symbols: [SymbolPattern]?
    /// Whose counter; nil is the policy's owner's.
    package var of: PolicyOwner?
    package var scope = ClauseScope.opening

    package init(_ count: Count, max: Int64, per: Window) {
        (self.count, self.max, self.per) = (count, max, per)
    }

    /// As somebody wrote it: `24h` stays `24h`.
    package struct Window: Sendable, Equatable {
        static let minute = Window(text: "1m", period: .minutes(1))
        static let day = Window(text: "24h", period: .days(1))

        package let text: String
        package let period: Period

        private init(text: String, period: Period) { (self.text, self.period) = (text, period) }

        /// A number from 1 and one of `s m h d w`; from a minute to 31 days.
        package init?(_ text: String) {
            guard text.utf8.count <= 8, text.first != "0", let period = Period(text),
                (Period.minutes(1)...Period.days(31)).contains(period)
            else { return nil }
            (self.text, self.period) = (text, period)
        }

        package var seconds: Int64 { period.microseconds / 1_000_000 }
    }

    static func windowText(seconds: Int64) -> String { Period.seconds(seconds).description }
}
