import Access
import Exchanges
import JSON
import Kernel

/// Candles that an exchange had not when a feed passed their time. It may have been a fault of its own, so it
/// is asked again, a few times and ever later; what it has not then either stays missing.
struct FeedHole: Equatable, Sendable {
    /// Before each further question.
    static let waits: [Period] = [.minutes(1), .minutes(10), .hours(1), .hours(6), .hours(24)]
    /// Of one answer; more than that are one, from the first to the last.
    static let mostOfAnswer = 10
    /// Of one feed; what is missing beyond is not asked for again, and stays a gap of its series.
    static let mostOfFeed = 200

    var first: Timestamp
    /// Open time of the first candle behind.
    var ends: Timestamp
    var missing: Int
    var tries = 0
    /// Nil: not any more.
    var dueAt: Timestamp?

    /// What `candles` leave open of the time that a feed has passed.
    static func left(
        by candles: [Candle], from: Timestamp, to: Timestamp, _ interval: Interval, at now: Timestamp
    ) -> [FeedHole] {
        guard from < to else { return [] }
        let times = candles.map(\.openTime).filter { $0 >= from && $0 < to }
        let gaps = Gaps.list([from - interval.period] + times + [to], interval)
        let holes = gaps.map {
            FeedHole(
                first: $0.first, ends: interval.close(of: $0.last), missing: $0.count, dueAt: now + waits[0])
        }
        guard holes.count > mostOfAnswer, let last = holes.last else { return holes }
        return [
            FeedHole(
                first: holes[0].first, ends: last.ends, missing: holes.reduce(0) { $0 + $1.missing },
                dueAt: now + waits[0])
        ]
    }

    /// What is left of it after it was asked for again.
    func asked(_ candles: [Candle], isNew: Bool, _ interval: Interval, at now: Timestamp) -> [FeedHole] {
        var left = isNew ? Self.left(by: candles, from: first, to: ends, interval, at: now) : [self]
        for index in left.indices {
            left[index].tries = isNew ? 0 : tries + 1
            // An answer holds 1,000 candles: where it brought something there may be more.
            left[index].dueAt =
                isNew ? now : Self.waits.indices.contains(tries + 1) ? now + Self.waits[tries + 1] : nil
        }
        return left
    }
}

extension FeedHole {
    /// All of one feed.
    struct Sum: Equatable, Sendable {
        var candles: Int64
        var from: Timestamp
        var dueAt: Timestamp?
    }
}

extension FeedHole.Sum: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("candles", candles)
            w.field("from", from.description)
            w.field("asked_again_at", dueAt?.description)
        }
    }
}
