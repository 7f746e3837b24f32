import Exchanges
import Kernel

/// One budget as it stands. Pure: every moment is the exchange's, as we know it.
///
/// What answers tell lags behind what is under way, so both are counted: what was told (or, where nothing is
/// told, what was answered), and what is not answered yet.
struct RateGauge: Equatable {
    /// Nil: nobody said yet.
    private(set) var limit: Int?
    private(set) var told = 0
    private(set) var inFlight = 0
    /// When it is full again; of one that falls bit by bit, when it last fell.
    private var mark = Timestamp(microseconds: 0)
    /// How far off that was at most: what lies further away was made by a clock that was wrong.
    private var span: Period = .seconds(0)
    private var refill: RateAllowance.Refill?

    var used: Int { told + inFlight }

    init(_ allowance: RateAllowance?) { (limit, refill) = (allowance?.limit, allowance?.refill) }

    /// How long to wait; nil: go on. What is kept is for exits: every tenth of a budget, of five or more.
    /// A budget that nothing was taken out of always gives: what we hold of its size may be wrong.
    mutating func wait(for cost: Int, isExit: Bool, at now: Timestamp) -> Period? {
        roll(at: now)
        guard let limit, used > 0 else { return nil }
        let kept = isExit || limit < 5 ? 0 : (limit + 9) / 10
        let over = used + cost - (limit - kept)
        guard over > 0 else { return nil }
        // Nothing was told in this window: it is only what is under way.
        guard told > 0 else { return .milliseconds(100) }
        switch refill {
        case .decay(let milliseconds): return .milliseconds(milliseconds * Int64(min(over, limit)))
        case .window, nil: return mark - now
        }
    }

    mutating func take(_ cost: Int, at now: Timestamp) {
        roll(at: now)
        inFlight += cost
    }

    /// It was not sent.
    mutating func giveBack(_ cost: Int) { inFlight = max(inFlight - cost, 0) }

    /// It was answered.
    /// - Parameter asked: when it was taken: an answer that comes after its window tells of another.
    mutating func settle(
        _ cost: Int, _ reading: RateReading?, isTold: Bool = false, asked: Timestamp, at now: Timestamp
    ) {
        giveBack(cost)
        roll(at: now)
        let isOfThisWindow = reading?.endsAt != nil || windowStart(of: asked) == windowStart(of: now)
        guard let reading, isOfThisWindow else {
            if !isTold { told += cost }
            return
        }
        if let limit = reading.limit, limit > 0 { self.limit = limit }
        let used = reading.used ?? reading.left.flatMap { left in limit.map { max($0 - left, 0) } }
        guard let used else {
            told += cost
            return
        }
        if let endsAt = reading.endsAt {
            // The newest word counts: such windows slide.
            (told, mark, refill) = (used, endsAt, nil)
            span = max(endsAt - now, .seconds(0))
        } else {
            told = max(told, used)
        }
    }

    /// Nothing of it is worth remembering.
    func isIdle(at now: Timestamp) -> Bool {
        var gauge = self
        gauge.roll(at: now)
        return gauge.used == 0
    }

    private mutating func roll(at now: Timestamp) {
        switch refill {
        case .window(let milliseconds):
            guard isOver(at: now) else { return }
            told = 0
            span = .milliseconds(milliseconds)
            mark = windowStart(of: now) + span
        case .decay(let milliseconds):
            if mark > now { mark = now }
            let fallen = (now - mark).microseconds / (milliseconds * 1_000)
            guard fallen > 0 else { return }
            told = Int64(told) > fallen ? told - Int(fallen) : 0
            mark = told == 0 ? now : mark + .milliseconds(milliseconds * fallen)
        case nil:
            if isOver(at: now) { told = 0 }
        }
    }

    /// Workers read the clock one after the other, and the exchange's is measured anew now and then: a moment
    /// more is none.
    private func isOver(at now: Timestamp) -> Bool { now >= mark || mark - now > span + .seconds(5) }

    private func windowStart(of time: Timestamp) -> Timestamp {
        guard case .window(let milliseconds) = refill else { return Timestamp(microseconds: 0) }
        let length = milliseconds * 1_000
        return Timestamp(microseconds: time.microseconds - time.microseconds % length)
    }
}
