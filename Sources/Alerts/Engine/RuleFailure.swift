import Access
import Events
import Kernel

/// A rule that could not say anything about an event.
struct RuleFailure {
    /// While it goes on, it is told once in so long.
    static let toldEvery: Period = .hours(24)
    /// Without any for so long, the rule is well again.
    static let calmAfter: Period = .hours(48)

    let rule: AlertRule
    let event: Event
    let reason: String
}

/// Failures that were written lately. Whether one is told is for the rule's row to say; of a rule that is
/// known to fail it is not asked for each event.
struct FailureMemory {
    private static let askedEvery: Period = .hours(1)
    private static let rulesAtMost = 10_000

    private var asked: [AlertRuleID: Timestamp] = [:]

    mutating func isNews(_ failure: RuleFailure, at now: Timestamp) -> Bool {
        let rule = failure.rule
        guard rule.status == .error else { return true }
        if let last = asked[rule.id], last <= now, now - last < Self.askedEvery { return false }
        if asked.count >= Self.rulesAtMost { asked = [:] }
        asked[rule.id] = now
        return true
    }
}
