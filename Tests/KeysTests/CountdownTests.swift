import Kernel
import Testing

@testable import Keys

@Suite struct CountdownTests {
    private static let due = Timestamp(seconds: 1_767_600_000)
    private static let plan = RotationPlan(
        every: period("90d"), remindBefore: [period("3d"), period("14d")])
    private let countdown = plan.countdown(to: due)

    private static func period(_ text: String) -> WrittenPeriod {
        guard let period = WrittenPeriod(text) else { preconditionFailure("\(text) is no period") }
        return period
    }

    /// What a job that runs every `step` writes down from `start` on.
    private func stages(
        of countdown: Countdown, from start: Timestamp, to end: Timestamp, every step: Period
    ) -> [String] {
        var (now, notice, said) = (start, countdown.first(from: start), [String]())
        while now <= end {
            if let moment = notice, moment <= now {
                if let stage = countdown.stage(at: now) { said.append(stage.name) }
                notice = countdown.next(after: now)
            }
            now = now + step
        }
        return said
    }

    @Test func `a rotation is due one period after its secret was made`() {
        let made = Timestamp(seconds: 1_756_684_800)
        #expect(Self.plan.due(secretCreatedAt: made, createdAt: Self.due) == made + .days(90))
        #expect(Self.plan.due(secretCreatedAt: nil, createdAt: Self.due) == Self.due + .days(90))
    }

    @Test func `each reminder is said once, then every day while it is overdue`() {
        let said = stages(
            of: countdown, from: Self.due - .days(30), to: Self.due + .days(3), every: .minutes(1))
        #expect(said == ["14d", "3d", "overdue", "overdue", "overdue", "overdue"])
    }

    @Test func `what passed while nobody looked is said once, by its latest stage`() {
        #expect(countdown.stage(at: Self.due - .days(2))?.name == "3d")
        #expect(countdown.first(from: Self.due - .days(2)) == Self.due - .days(2))
        let late = Self.due + .days(10) + .hours(5)
        #expect(countdown.stage(at: late)?.name == "overdue")
        #expect(countdown.next(after: late) == Self.due + .days(11))
        #expect(stages(of: countdown, from: late, to: late + .hours(18), every: .hours(1)) == ["overdue"])
    }

    @Test func `a plan that is far off says nothing yet`() {
        let early = Self.due - .days(60)
        #expect(countdown.stage(at: early) == nil)
        #expect(countdown.first(from: early) == Self.due - .days(14))
    }

    @Test func `an expiry is said at 30, 14, 7, 3 and 1 days, and once when it has passed`() {
        let said = stages(
            of: .expiry(Self.due), from: Self.due - .days(40), to: Self.due + .days(20), every: .hours(1))
        #expect(said == ["30d", "14d", "7d", "3d", "1d", "expired"])
        #expect(Countdown.expiry(Self.due).next(after: Self.due) == nil)
    }

    @Test func `days left are negative once the deadline has passed`() {
        #expect(countdown.daysLeft(at: Self.due - .hours(36)) == 1.5)
        #expect(countdown.daysLeft(at: Self.due + .days(36)) == -36)
        #expect(!countdown.isPast(at: Self.due - .milliseconds(1)))
        #expect(countdown.isPast(at: Self.due))
    }

    @Test func `whenever jobs run, no moment is said twice`() {
        let random = Entropy.seeded(7)
        for _ in 0..<200 {
            var now = Self.due - .days(Int64(random.number(below: 40)))
            var notice = countdown.first(from: now)
            var moments: [Timestamp] = []
            for _ in 0..<60 {
                now = now + .minutes(Int64(random.number(below: 3_000)))
                guard let moment = notice, moment <= now, let stage = countdown.stage(at: now) else {
                    continue
                }
                moments.append(stage.at)
                notice = countdown.next(after: now)
            }
            #expect(Set(moments).count == moments.count)
            #expect(moments == moments.sorted())
        }
    }

    @Test(arguments: ["0d", "-1d", "90", "d", "1y", "01d", "1000000d", "3651d", "1.5h", "", " 1d"])
    func `what is no period of a plan is refused`(text: String) {
        #expect(WrittenPeriod(text) == nil)
    }

    @Test func `a period stays in the words it was given in`() {
        #expect(WrittenPeriod("2w")?.text == "2w")
        #expect(WrittenPeriod("2w")?.period == .days(14))
    }
}
