import Exchanges
import Kernel

/// Counters as they would have stood: fixed windows, aligned to their length in UTC.
struct LimitSimulation {
    private struct Counter: Hashable {
        let owner: String
        let number: Int16
    }

    private struct State {
        var window: Timestamp
        var used: Int64
    }

    private var counters: [Counter: State] = [:]

    /// The judgement with the verdicts of its limits; only what is allowed then uses something up.
    mutating func admit(_ judgement: PolicyJudgement, _ facts: UseFacts) -> PolicyJudgement {
        var judgement = judgement
        for charge in judgement.charges {
            judgement.add(.limit(charge, used: used(charge, facts)))
        }
        guard judgement.isAllowed else { return judgement }
        for charge in judgement.charges {
            let window = Self.window(charge, facts.at)
            let (sum, overflows) = used(charge, facts).addingReportingOverflow(charge.amount)
            counters[Self.counter(charge, facts)] = State(window: window, used: overflows ? .max : sum)
        }
        return judgement
    }

    private func used(_ charge: LimitCharge, _ facts: UseFacts) -> Int64 {
        guard let state = counters[Self.counter(charge, facts)],
            state.window == Self.window(charge, facts.at)
        else { return 0 }
        return state.used
    }

    private static func window(_ charge: LimitCharge, _ time: Timestamp) -> Timestamp {
        LimitCounters.windowStart(seconds: charge.windowSeconds, at: time)
    }

    private static func counter(_ charge: LimitCharge, _ facts: UseFacts) -> Counter {
        let key = facts.key
        let owner =
            switch charge.of {
            case .key: key.id.description
            case .account: "\(key.exchange.rawValue) \(key.environment.rawValue) \(key.account)"
            case .desk: ""
            }
        return Counter(owner: owner, number: charge.counter.number)
    }
}
