package import Kernel
package import Events

/// What a rule waits for beyond a single event. With nothing of it, each event that its condition holds
/// for fires.
package struct RuleCourse: Equatable, Sendable {
    /// How long it must stay so; `for` in requests.
    package var hold: Lapse?
    package var window: RuleWindow?
    package var sequence: RuleSequence?
    /// What ends an alert that fires.
    package var recoverWhen: Condition?
    /// How long nothing may come before the rule is said to be blind.
    package var noDataAfter: Lapse?
    /// From then on it takes no events.
    package var expiresAt: Timestamp?

    package init(
        hold: Lapse? = nil, window: RuleWindow? = nil, sequence: RuleSequence? = nil,
        recoverWhen: Condition? = nil, noDataAfter: Lapse? = nil, expiresAt: Timestamp? = nil
    ) {
        (self.hold, self.window, self.sequence) = (hold, window, sequence)
        (self.recoverWhen, self.noDataAfter, self.expiresAt) = (recoverWhen, noDataAfter, expiresAt)
    }

    /// Whether something has to be remembered from one event to the next; crossings do so too.
    var isStateful: Bool { hold != nil || window != nil || sequence != nil || recoverWhen != nil }
}

/// A length of time, kept as written.
package typealias Lapse = RuleContent.Cooldown

/// How much of what happened lately makes a rule fire.
package struct RuleWindow: Equatable, Sendable {
    package enum Measure: Equatable, Sendable {
        case events
        /// Different values of an expression.
        case distinct(EventExpression)
        /// Added up, exactly.
        case sum(EventExpression)
        /// A value of an expression that none was like lately.
        case first(EventExpression)
    }

    package enum Bound: Equatable, Sendable {
        /// Reached: a point in time. What made it is spent, so that it takes as much again for the next.
        case atLeast(Decimal)
        /// Less than this: a state that lasts, and ends by itself.
        case below(Decimal)
    }

    package let measure: Measure
    package let bound: Bound
    /// An event counts while it is younger than this.
    package let within: Lapse
    package let form: Form

    /// How it was written.
    package enum Form: Equatable, Sendable {
        case count
        case absence
        case bound
        case rate(Double, per: Lapse)
        /// For so long after a group's first event its values are only learned, and it stays known for ever.
        case first(learning: Lapse?)
    }

    /// The most that a window counts exactly; larger counts are refused.
    static let countAtMost = 10_000

    /// Of a count: how many events or values.
    var threshold: Int {
        switch bound {
        case .atLeast(let number), .below(let number): Int(number.description) ?? 1
        }
    }

    var isBelow: Bool { if case .below = bound { true } else { false } }
}

/// Steps in their order, each an event or several.
package struct RuleSequence: Equatable, Sendable {
    package struct Step: Equatable, Sendable {
        /// Of the rule's `on`; empty takes all of them.
        package let on: [EventPattern]
        package let when: Condition?
        package let count: Int
    }

    package let steps: [Step]
    /// From the first event to the last.
    package let within: Lapse

    static let stepsAtMost = 8
    static let countAtMost = 100
}
