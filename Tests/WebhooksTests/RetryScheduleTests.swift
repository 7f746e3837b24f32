import Kernel
import TestSupport
import Testing

@testable import Webhooks

/// When a message is tried again, over all of its time.
struct RetryScheduleTests {
    private static let start = Timestamp.testStart

    /// Plays a message whose attempts all end so, and returns when they were made.
    private func times(
        _ failure: RetrySchedule.Failure, fraction: Double, retryAfter: Period? = nil,
        limit: Int = 1_000
    ) -> [Timestamp] {
        var progress = RetrySchedule.Progress(attempts: 0, counted: 0, begun: Self.start)
        var (now, times) = (Self.start, [Timestamp]())
        while times.count < limit {
            times.append(now)
            progress = progress.after(failure, at: now)
            let next = RetrySchedule.next(
                after: progress, failure, retryAfter: retryAfter, now: now, fraction: fraction)
            guard case .attempt(let time) = next else { break }
            #expect(time > now)
            now = time
        }
        return times
    }

    @Test func `a receiver that is down is tried ten times over 75 h 35 min 5 s`() {
        let times = times(.failed, fraction: 0.5)
        let waits = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(
            waits == [
                .seconds(5), .minutes(5), .minutes(30), .hours(2), .hours(5), .hours(10), .hours(14),
                .hours(20), .hours(24),
            ])
        #expect(times.last.map { $0 - Self.start } == .hours(75) + .minutes(35) + .seconds(5))
    }

    @Test(arguments: [0, 0.25, 0.999_999])
    func `chance moves every wait by at most a fifth, and all of it stays within a message's life`(
        fraction: Double
    ) {
        let times = times(.failed, fraction: fraction)
        #expect(times.count == 10)
        for (index, wait) in zip(times.dropFirst(), times).map({ $0 - $1 }).enumerated() {
            let planned = RetrySchedule.waits[index + 1]
            #expect(wait >= planned * 0.8 && wait <= planned * 1.2, "wait \(index + 1)")
        }
        #expect(times.last.map { $0 <= Self.start + RetrySchedule.lifetime } == true)
    }

    @Test func `what the receiver asks for counts where it is later, and for a day at most`() {
        let first = times(.failed, fraction: 0.5, retryAfter: .seconds(60), limit: 3)
        #expect(zip(first.dropFirst(), first).map { $0 - $1 } == [.seconds(60), .minutes(5)])
        let greedy = times(.failed, fraction: 0.5, retryAfter: .days(30), limit: 2)
        #expect(greedy[1] - greedy[0] == .hours(24))
        #expect(times(.failed, fraction: 0.5, retryAfter: .days(30)).count == 10)
    }

    @Test func `429 is free for 24 hours of a message, and counts from then on`() {
        let times = times(.throttled, fraction: 0.5)
        let free = times.filter { $0 - Self.start <= RetrySchedule.throttleLimit }
        // 5 s, 10 s … 10 min, and then every ten minutes.
        #expect(free[1] - free[0] == .seconds(5) && free[2] - free[1] == .seconds(10))
        #expect(zip(free.dropFirst(10), free.dropFirst(9)).allSatisfy { $0 - $1 == .minutes(10) })
        #expect((140...160).contains(free.count))
        // Afterwards ten attempts of the schedule, of which the first was made at its time.
        #expect(times.count - free.count == RetrySchedule.attempts)
        #expect(times.last.map { $0 - Self.start <= .hours(24 + 76) } == true)
    }

    @Test func `an attempt before its time changes nothing of the schedule, but for what it is asked`() {
        let due = Self.start + .minutes(5)
        let waiting = RetrySchedule.Progress(attempts: 2, counted: 2, begun: Self.start, scheduledFor: due)
        let (early, late) = (due - .seconds(1), due)
        let after = waiting.after(.failed, at: early)
        #expect(after.attempts == 3 && after.counted == 2)
        let next = { (wait: Period?, progress: RetrySchedule.Progress, now: Timestamp) in
            RetrySchedule.next(after: progress, .failed, retryAfter: wait, now: now, fraction: 0.5)
        }
        #expect(next(nil, after, early) == .attempt(at: due))
        #expect(next(.hours(1), after, early) == .attempt(at: early + .hours(1)))
        let counted = waiting.after(.failed, at: late)
        #expect(counted.attempts == 3 && counted.counted == 3 && counted.scheduledFor == nil)
        #expect(next(nil, counted, late) == .attempt(at: late + .minutes(30)))
    }

    @Test(arguments: [
        ("120", 120), ("0", 0), ("Mon, 05 Jan 2026 08:01:00 GMT", 60), ("Mon, 05 Jan 2026 07:00:00 GMT", 0),
        ("99999999999999999999", 1_000_000_000),
    ])
    func `Retry-After is seconds or a date`(text: String, seconds: Int64) {
        #expect(RetryAfter.period(text, now: Self.start) == .seconds(seconds))
    }

    @Test(arguments: [nil, "", "-5", "soon", "1.5", "5 s"])
    func `a Retry-After that cannot be read says nothing`(text: String?) {
        #expect(RetryAfter.period(text, now: Self.start) == nil)
    }
}
