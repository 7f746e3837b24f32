package import Kernel

/// CEL's timestamp: nanoseconds in UTC, from the year 1 to 9999.
package struct Instant: Hashable, Sendable {
    /// Since 1970.
    package let seconds: Int64
    package let nanoseconds: Int32

    static let first: Int64 = -62_135_596_800
    static let last: Int64 = 253_402_300_799

    init?(seconds: Int64, nanoseconds: Int32) {
        guard (Self.first...Self.last).contains(seconds) else { return nil }
        (self.seconds, self.nanoseconds) = (seconds, nanoseconds)
    }

    init?(total: Int128) {
        let (seconds, nanoseconds) = total.floored(by: 1_000_000_000)
        guard let whole = Int64(exactly: seconds) else { return nil }
        self.init(seconds: whole, nanoseconds: Int32(nanoseconds))
    }

    /// Nil beyond the years 1 to 9999.
    package init?(_ timestamp: Timestamp) { self.init(total: Int128(timestamp.microseconds) * 1_000) }

    var total: Int128 { Int128(seconds) * 1_000_000_000 + Int128(nanoseconds) }

    func adding(_ span: Span) -> Instant? { Instant(total: total + span.total) }
    func subtracting(_ span: Span) -> Instant? { Instant(total: total - span.total) }
    func subtracting(_ other: Instant) -> Span? { Span(total: total - other.total) }
}

/// CEL's duration: nanoseconds, at most about 10,000 years either way, as protobuf bounds it.
package struct Span: Hashable, Sendable {
    /// Rounded down.
    let seconds: Int64
    let nanoseconds: Int32

    static let most: Int128 = 315_576_000_000 * 1_000_000_000

    init?(total: Int128) {
        guard total.magnitude <= Self.most.magnitude else { return nil }
        let (seconds, nanoseconds) = total.floored(by: 1_000_000_000)
        (self.seconds, self.nanoseconds) = (Int64(seconds), Int32(nanoseconds))
    }

    package init(_ period: Period) {
        let (seconds, rest) = Int128(period.microseconds).floored(by: 1_000_000)
        (self.seconds, nanoseconds) = (Int64(seconds), Int32(rest * 1_000))
    }

    var total: Int128 { Int128(seconds) * 1_000_000_000 + Int128(nanoseconds) }
}

extension Int128 {
    /// Quotient and remainder, the remainder never negative.
    func floored(by divisor: Int128) -> (Int128, Int128) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
