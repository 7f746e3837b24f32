package import Kernel

/// How fresh which proof must be that a person is at the other end, beyond who the caller is.
package struct StepUp: Equatable, Sendable {
    package enum Level: String, CaseIterable, Sendable {
        /// Any second factor, or a code that stands in for one.
        case factor
    }

    package let level: Level
    package let within: Period

    /// Whoever has no factor yet passes: or nobody could add the first one.
    package let isWaivedBeforeFirst: Bool

    package init(level: Level, within: Period, isWaivedBeforeFirst: Bool = false) {
        (self.level, self.within) = (level, within)
        self.isWaivedBeforeFirst = isWaivedBeforeFirst
    }

    /// For what gives rights, takes protection away, or cannot be undone.
    package static let recently = StepUp(level: .factor, within: .minutes(5))

    /// For one's own factors.
    package static let forOwnFactors = StepUp(
        level: .factor, within: .minutes(5), isWaivedBeforeFirst: true)
}
