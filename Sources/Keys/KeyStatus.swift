/// A key's mode.
package enum KeyStatus: String, CaseIterable, Sendable {
    /// Before the first probe of its credential.
    case quarantined
    case active
    /// Only what lessens a position.
    case reduceOnly = "reduce_only"
    case suspended
    /// For good.
    case revoked
}

/// What somebody asks of a key's status.
package enum StatusCommand: String, CaseIterable, Sendable {
    case suspend, activate, revoke

    package enum Outcome: Equatable, Sendable {
        case become(KeyStatus)
        case unchanged
        /// Not from here: a sentence for the caller.
        case refused(String)
    }

    /// The whole state machine. `revoked` is left by nothing; asking for what is there already changes
    /// nothing.
    package func outcome(from status: KeyStatus) -> Outcome {
        switch (self, status) {
        case (.revoke, .revoked), (.suspend, .suspended), (.activate, .active): .unchanged
        case (.revoke, _): .become(.revoked)
        case (_, .revoked): .refused("The key was revoked, which is for good.")
        case (.suspend, _): .become(.suspended)
        case (.activate, .suspended): .become(.active)
        case (.activate, .quarantined), (.activate, .reduceOnly):
            .refused("Only a suspended key is resumed; this one is \(status.rawValue).")
        }
    }
}
