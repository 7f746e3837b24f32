import Kernel
import Testing

@testable import Service

struct RateLimiterTests {
    private static let second: UInt64 = 1_000_000_000
    private let address = RateLimiter.Caller.address(IPAddress("203.0.113.7"))
    private let neighbour = RateLimiter.Caller.address(IPAddress("203.0.113.8"))

    @Test func `who has nothing left is known beforehand, until there is something again`() {
        var limiter = RateLimiter(perSecond: 2)
        let now = Self.second
        for left in [3, 2, 1, 0] {
            #expect(limiter.refusal(of: address, now: now) == nil)
            #expect(limiter.take(address, now: now).remaining == left)
        }
        #expect(!limiter.take(address, now: now).isAllowed)
        let refusal = limiter.refusal(of: address, now: now)
        #expect(refusal == RateLimiter.Verdict(isAllowed: false, remaining: 0, retryAfter: 1))
        #expect(limiter.refusal(of: neighbour, now: now) == nil)
        #expect(limiter.refusal(of: address, now: now + Self.second / 2) == nil, "one has come back")
        // Asking takes nothing.
        #expect(limiter.take(address, now: now + Self.second / 2).isAllowed)
    }

    @Test func `without a limit nobody is refused`() {
        var limiter = RateLimiter(perSecond: 0)
        for _ in 0..<100 { #expect(limiter.take(address, now: 0).isAllowed) }
        #expect(limiter.refusal(of: address, now: 0) == nil)
    }
}
