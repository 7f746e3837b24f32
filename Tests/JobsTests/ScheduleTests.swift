import Access
import Kernel
import Testing

@testable import Jobs

@Suite struct ScheduleTests {
    private let start = Timestamp(seconds: 1_767_600_000)

    @Test func `a run in time is followed by one an interval later`() {
        #expect(Schedule.next(after: start, every: .minutes(5), now: start) == start + .minutes(5))
        #expect(
            Schedule.next(after: start, every: .minutes(5), now: start + .seconds(3)) == start + .minutes(5))
    }

    @Test func `missed runs run once, and the raster stays`() {
        let now = start + .minutes(5) * 7.5
        #expect(Schedule.next(after: start, every: .minutes(5), now: now) == start + .minutes(40))
    }

    @Test func `a run before its date does not move the date`() {
        #expect(Schedule.next(after: start, every: .hours(1), now: start - .seconds(1)) == start)
    }

    @Test func `the next run is always ahead, by at most an interval, and on the raster`() {
        let generator = SeededGenerator(seed: 7)
        for _ in 0..<10_000 {
            let every = Period(microseconds: Int64(generator.next() % 1_000_000_000) + 1)
            let now = start + Period(microseconds: Int64(generator.next() % 100_000_000_000))
            let next = Schedule.next(after: start, every: every, now: now)
            #expect(next > now && next <= now + every)
            #expect((next - start).microseconds % every.microseconds == 0)
        }
    }

    @Test func `a state says what there is to do, and when`() {
        let run = RunID(UUID(high: 1, low: 2))
        let node = NodeID(UUID(high: 3, low: 4))
        let idle = JobState(phase: .idle, nextRunAt: start)
        #expect(idle.claim(at: start - .seconds(1)) == nil)
        #expect(idle.claim(at: start) == .runOnSchedule)
        let asked = JobState(phase: .requested(run), nextRunAt: start + .hours(1))
        #expect(asked.claim(at: start) == .runByHand(run))
        let leaseUntil = start + .seconds(30)
        let running = JobState(phase: .running(run, node: node, leaseUntil: leaseUntil), nextRunAt: start)
        #expect(running.claim(at: start) == nil)
        #expect(running.dueAt(start) == leaseUntil)
        #expect(running.claim(at: leaseUntil) == .abandon(run))
    }
}
