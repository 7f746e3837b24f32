import Events
import JSON

/// Who comes, goes and may do what.
extension AlertSummary {
    /// Nil for events that are about something else.
    static func peopleSentence(_ type: EventType, _ f: Words) -> String? {
        switch type {
        case .userInvited: return "user \(f["name"]) was invited\(f.by)"
        case .userJoined: return "user \(f["name"]) joined"
        case .userChanged: return "user \(f["name"]) was changed\(f.by) (\(f["changed"]))"
        case .userDisabled: return "user \(f["name"]) was disabled\(f.by)\(f.reason)"
        case .userEnabled: return "user \(f["name"]) was enabled\(f.by)\(f.reason)"
        case .userOffboarded:
            return "user \(f["name"]) left, who knew \(f["keys_known"]) keys\(f.reason)"
        case .ownerRecovered: return "owner \(f["name"]) was recovered by somebody with the host"
        case .serviceAccountCreated: return "service account \(f["name"]) was made\(f.by)"
        case .serviceAccountChanged:
            return "service account \(f["name"]) was changed\(f.by) (\(f["changed"]))"
        case .serviceAccountDisabled: return "service account \(f["name"]) was disabled\(f.by)\(f.reason)"
        case .serviceAccountEnabled: return "service account \(f["name"]) was enabled\(f.by)\(f.reason)"
        case .serviceAccountExpiring:
            let when = f.event["expired"] == true ? "expired at" : "expires at"
            return "service account \(f["name"]) \(when) \(f["expires_at"])"
        case .serviceAccountUnused: return "nobody used service account \(f["name"]) for \(f["days"]) days"
        case .grantChanged: return "role \(f["role"]) of \(f.person) was \(f["change"])"
        case .roleChanged: return "role \(f["role"]) was \(f["change"])\(f.by)"
        case .groupChanged: return "group \(f["name"]): \(membership(f))"
        case .breakGlassCreated:
            return "break-glass access \(f["name"]) (\(f["role"])) was made\(f.by)"
        case .breakGlassUsed:
            return "break-glass access \(f["name"]) (\(f["role"])) was used\(f.from), until \(f["ends_at"])"
        case .breakGlassEnded:
            return "break-glass access \(f["name"]) (\(f["role"])) is over, \(f["keys"]) keys are rotated"
        case .breakGlassRevoked: return "break-glass access \(f["name"]) was revoked\(f.by)\(f.reason)"
        case .signInChanged: return "the rules of logging in were changed\(f.by) (\(f["changed"]))"
        case .quietHoursChanged: return "quiet hours\(f.of) were \(f["change"])"
        default: return nil
        }
    }

    private static func membership(_ f: Words) -> String {
        switch f["change"] {
        case "member_added": "\(f.person) was added"
        case "member_removed": "\(f.person) was removed"
        default: f.plain("change")
        }
    }

    /// What waits for somebody's approval, and what came of it.
    static func approvalSentence(_ type: EventType, _ f: Words) -> String? {
        let deed = spaced(f["action"])
        let what = f.thing.map { "\(deed) (\($0))" } ?? deed
        switch type {
        case .approvalRequested: return "\(f.person) asks for approval to \(what)\(f.reason)"
        case .approvalApproved:
            let rest = f.event["complete"] == true ? "" : ", and others must too"
            return "\(f.person) approved the request to \(what)\(rest)\(f.after("reason_given"))"
        case .approvalRejected:
            return "\(f.person) rejected the request to \(what)\(f.after("reason_given"))"
        case .approvalCancelled: return "the request\(f.of) to \(what) is wanted no more"
        case .approvalExpired: return "nobody decided in time about the request\(f.of) to \(what)"
        case .approvalExecuted: return "the approved request\(f.of) to \(what) was carried out"
        case .approvalFailed:
            if f.event["unknown"] == true {
                return "nobody knows what became of the approved request\(f.of) to \(what)"
            }
            return "the approved request\(f.of) to \(what) failed\(f.after("error"))"
        case .approvalRuleChanged:
            return "approval rule \(f["name"]) was \(f["change"])\(f.by) (\(f["actions"]))"
        case .approvalSoloModeChanged:
            return "solo mode was switched \(state(f))\(f.by)\(f.reason)"
        default: return nil
        }
    }

    /// `revealKey` as `reveal key`.
    private static func spaced(_ action: String) -> String {
        String(action.flatMap { $0.isUppercase ? [" "] + Array($0.lowercased()) : [$0] })
    }
}
