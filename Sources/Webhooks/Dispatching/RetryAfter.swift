import HTTPServer
package import Kernel

/// The Retry-After field (RFC 9110 10.2.3): seconds, or a date.
package enum RetryAfter {
    /// How long to wait from `now`; nil when the field says nothing that can be read.
    package static func period(_ value: String?, now: Timestamp) -> Period? {
        guard let value, !value.isEmpty else { return nil }
        if value.utf8.allSatisfy({ (48...57).contains($0) }) {
            // More digits than a century has seconds mean "very long".
            return .seconds(value.utf8.count > 9 ? 1_000_000_000 : Int64(value) ?? 0)
        }
        guard let date = HTTPDate(value, now: now) else { return nil }
        return max(Timestamp(seconds: date.seconds) - now, Period(microseconds: 0))
    }
}
