import Access
import HTTPServer
import Kernel

/// A token bucket for each caller, in bounded memory. Whoever is forgotten starts with a full bucket:
/// forgetting prefers the callers that are idle.
struct RateLimiter {
    struct Verdict: Equatable {
        let isAllowed: Bool
        let remaining: Int
        /// Seconds until one more is allowed.
        let retryAfter: Int
    }

    enum Caller: Hashable {
        case principal(PrincipalID)
        /// Nil: through a unix socket.
        case address(IPAddress?)
    }

    private struct Bucket {
        var level: Double
        var at: UInt64
    }

    private struct Rate {
        let perSecond: Double
        let burst: Double

        func level(of bucket: Bucket, _ now: UInt64) -> Double {
            min(burst, bucket.level + Double(now &- bucket.at) / 1e9 * perSecond)
        }

        func take(from bucket: inout Bucket, _ now: UInt64) -> Verdict {
            bucket.level = level(of: bucket, now)
            bucket.at = now
            let isAllowed = bucket.level >= 1
            if isAllowed { bucket.level -= 1 }
            return Verdict(
                isAllowed: isAllowed, remaining: Int(bucket.level), retryAfter: isAllowed ? 0 : 1)
        }
    }

    /// Callers remembered at once.
    private static let callers = 10_000
    /// How long after a refusal anybody is looked at before they ask.
    private static let watch: UInt64 = 1_000_000_000

    let perSecond: Int
    /// The `RateLimit-Policy` header.
    let policy: PreparedField
    private let rate: Rate
    private var buckets: [Caller: Bucket] = [:]
    /// Somebody has nothing left, or had a moment ago.
    private var watchedUntil: UInt64 = 0

    /// - Parameter perSecond: 0 is no limit. Bursts of two seconds' worth pass.
    init(perSecond: Int) {
        self.perSecond = perSecond
        // A full bucket is two seconds' worth, and so is what may remain.
        policy = PreparedField(.rateLimitPolicy, "\"default\";q=\(perSecond * 2);w=2")
        rate = Rate(perSecond: Double(perSecond), burst: Double(perSecond) * 2)
    }

    mutating func take(_ caller: Caller, now: UInt64) -> Verdict {
        guard perSecond > 0 else { return Verdict(isAllowed: true, remaining: 0, retryAfter: 0) }
        // In its place: each look-up hashes the caller (500 instructions).
        if let known = buckets.index(forKey: caller) {
            let verdict = rate.take(from: &buckets.values[known], now)
            if !verdict.isAllowed { watchedUntil = now &+ Self.watch }
            return verdict
        }
        if buckets.count >= Self.callers { forgetIdle(now) }
        var bucket = Bucket(level: rate.burst, at: now)
        let verdict = rate.take(from: &bucket, now)
        buckets[caller] = bucket
        return verdict
    }

    /// The verdict on whoever has nothing left; it takes nothing. While nobody ran out it costs a comparison.
    func refusal(of caller: @autoclosure () -> Caller, now: UInt64) -> Verdict? {
        guard now < watchedUntil, let bucket = buckets[caller()], rate.level(of: bucket, now) < 1 else {
            return nil
        }
        return Verdict(isAllowed: false, remaining: 0, retryAfter: 1)
    }

    /// A bucket that has not been touched for two seconds is full again, so nothing is lost with it.
    private mutating func forgetIdle(_ now: UInt64) {
        buckets = buckets.filter { now &- $0.value.at < 2_000_000_000 }
        if buckets.count >= Self.callers { buckets.removeAll() }
    }
}
