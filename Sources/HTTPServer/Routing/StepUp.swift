package import Kernel

/// How fresh which proof must be that a person is at the other end, beyond who the caller is.
package struct StepUp: Equatable, Sendable {
    package enum Level: String, CaseIterable, Sendable {
        /// Any second factor, or a code that stands in for one.
        case factor
    }

    package let level: Level
    package let within: Period

    package init(level: Level, within: Period) { (self.level, self.within) = (level, within) }

    /// For what gives rights, takes protection away, or cannot be undone.
    package static let recently = StepUp(level: .factor, within: .minutes(5))
}
