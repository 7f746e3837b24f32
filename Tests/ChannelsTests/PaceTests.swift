import Kernel
import Testing

@testable import Channels

/// Under a virtual clock.
@Suite struct PaceTests {
    /// Moments at which somebody who always asks again gets a token.
    private func moments(_ bucket: TokenBucket, for period: Period) -> [Timestamp] {
        let begin = Timestamp(seconds: 1_000)
        var (now, fullAt, moments) = (begin, Timestamp?.none, [Timestamp]())
        while now - begin < period {
            switch bucket.take(fullAt, at: now) {
            case .taken(let full):
                fullAt = full
                moments.append(now)
            case .wait(let until): now = until
            }
        }
        return moments
    }

    static let makers: [(bucket: TokenBucket, most: Int, period: Period)] = [
        (RateLimit.slack, 1, .seconds(1)), (RateLimit.discordWebhook, 5, .seconds(2)),
        (RateLimit.discordChannel, 30, .minutes(1)), (RateLimit.telegramChat, 1, .seconds(1)),
        (RateLimit.telegramGroup, 20, .minutes(1)), (RateLimit.telegramBot, 30, .seconds(1)),
        (RateLimit.pagerDuty, 120, .minutes(1)), (RateLimit.teams, 4, .seconds(1)),
    ]

    @Test(arguments: makers.indices)
    func `no stretch of a maker's time sees more than the maker allows, and most of it is used`(
        index: Int
    ) {
        let (bucket, most, period) = Self.makers[index]
        let moments = moments(bucket, for: period * 5)
        let busiest =
            moments.map { start in
                moments.count { $0 >= start && $0 - start < period }
            }.max() ?? 0
        #expect(busiest <= most && busiest == bucket.most(in: period))
        #expect(Double(moments.count) >= 0.65 * Double(most) * 5)
    }

    @Test func `a bucket that rested is full, and no fuller`() {
        let bucket = TokenBucket(capacity: 2, interval: .seconds(10))
        let now = Timestamp(seconds: 100)
        #expect(bucket.take(nil, at: now) == .taken(fullAt: now + .seconds(10)))
        #expect(bucket.take(now + .seconds(10), at: now) == .taken(fullAt: now + .seconds(20)))
        #expect(bucket.take(now + .seconds(20), at: now) == .wait(until: now + .seconds(10)))
        let later = now + .hours(1)
        #expect(bucket.take(now + .seconds(20), at: later) == .taken(fullAt: later + .seconds(10)))
    }

    @Test func `chats of one bot share its pace, and groups have one more`() {
        let names = { (chat: String) in
            Destination.telegram(Telegram(base: "b", token: "t", chat: chat, thread: nil)).paces.map(\.name)
        }
        #expect(names("1").count == 2 && names("-1").count == 3 && names("@room").count == 3)
        #expect(names("1")[0] == names("2")[0] && names("1")[1] != names("2")[1])
        #expect(Destination.json(url: "u").paces.isEmpty)
    }
}
