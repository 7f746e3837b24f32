/// What a key may be used for, all in all.
package enum KeyStatus: String, CaseIterable, Sendable {
    /// Its credential was not confirmed yet, or has risks that nobody accepted.
    case quarantined
    case active
    /// Only what lessens a position.
    case reduceOnly = "reduce_only"
    case suspended
    /// For good.
    case revoked
}

/// What somebody asks of a key, or of a selection of keys.
package enum KeyMode: String, CaseIterable, Sendable, Comparable {
    case active
    case reduceOnly = "reduce_only"
    case suspended
    /// For good.
    case revoked

    /// By how much is forbidden.
    package static func < (a: KeyMode, b: KeyMode) -> Bool { a.strictness < b.strictness }

    private var strictness: Int {
        switch self {
        case .active: 0
        case .reduceOnly: 1
        case .suspended: 2
        case .revoked: 3
        }
    }

    var status: KeyStatus {
        switch self {
        case .active: .active
        case .reduceOnly: .reduceOnly
        case .suspended: .suspended
        case .revoked: .revoked
        }
    }
}

extension KeyStatus {
    /// The strictest of what was asked of the key, the standing orders over it, and quarantine, which forbids
    /// more than reducing and less than suspension.
    package init(own: KeyMode, ordered: KeyMode?, quarantined: Bool) {
        let mode = max(own, ordered ?? .active)
        self = quarantined && mode < .suspended ? .quarantined : mode.status
    }
}

/// What becomes of a key's own mode when somebody asks for one.
package enum ModeChange: Equatable, Sendable {
    case become(KeyMode)
    case unchanged
    /// A sentence for the caller.
    case refused(String)

    /// The whole state machine. `revoked` is left by nothing; asking for what is there already changes
    /// nothing.
    package init(from own: KeyMode, to wanted: KeyMode) {
        if own == wanted {
            self = .unchanged
        } else if own == .revoked {
            self = .refused("The key was revoked, which is for good.")
        } else {
            self = .become(wanted)
        }
    }
}
