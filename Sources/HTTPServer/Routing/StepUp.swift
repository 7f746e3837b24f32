package import Kernel

/// How fresh which proof must be that a person is at the other end, beyond who the caller is. Whoever has
/// something to prove with proves it: a second factor, or without one the password.
package struct StepUp: Equatable, Sendable {
    package enum Level: String, CaseIterable, Sendable {
        /// Any second factor, or a code that stands in for one; of whoever has none, the password.
        case factor
    }

    /// Who passes with nothing to prove with, neither a second factor nor a password, by showing otherwise
    /// that they are the person (`FirstProof`).
    package enum Exemption: Sendable {
        /// As long as the grace for second factors lasts.
        case inGrace
        /// After it too: or nobody could set the first.
        case always
        case never
    }

    package let level: Level
    package let within: Period
    package let exemption: Exemption
    /// Whether the handler says if it asks, once it knows what it is about to do: `StepUpWanted`.
    package let isConditional: Bool

    package init(
        level: Level, within: Period, exemption: Exemption = .inGrace, isConditional: Bool = false
    ) {
        (self.level, self.within) = (level, within)
        (self.exemption, self.isConditional) = (exemption, isConditional)
    }

    /// For what gives rights, takes protection away, or cannot be undone.
    package static let recently = StepUp(level: .factor, within: .minutes(5))

    /// For what does so by some of its bodies only.
    package static let whenItGives = StepUp(level: .factor, within: .minutes(5), isConditional: true)

    /// For what lets a secret out, or makes a way in for later: nobody passes unproven.
    package static let strictly = StepUp(level: .factor, within: .minutes(5), exemption: .never)

    /// As strictly of people; programs have shown before who they are, and had approvals in place of a proof.
    package static let strictlyOfPeople = StepUp(
        level: .factor, within: .minutes(5), exemption: .never, isConditional: true)

    /// For one's first password: whoever has one shows that with the change itself.
    package static let forFirstPassword = StepUp(
        level: .factor, within: .minutes(5), exemption: .always, isConditional: true)

    /// For one's own factors.
    package static let forOwnFactors = StepUp(level: .factor, within: .minutes(5), exemption: .always)
}

/// Thrown by a handler of a conditional step-up before it has done anything: it is run again once the person
/// has shown that they are there.
package struct StepUpWanted: Error {
    package init() {}
}
