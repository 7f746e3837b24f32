import Events
import JSON

/// Log-ins, sessions, factors and access tokens, which mostly only those are told of who may know people.
extension AlertSummary {
    /// Nil for events that are about something else.
    static func accessSentence(_ type: EventType, _ f: Words) -> String? {
        let who = f.who ?? f.event["user_id"]?.asString.map { "user \($0)" }
        let times = f.event["count"]?.asInt ?? 1
        switch type {
        case .loginSucceeded: return "\(who ?? "somebody") logged in\(f.from)"
        case .loginFailed:
            let what = times > 1 ? "\(times) log-ins" : "a log-in"
            return "\(what) of \(who ?? "nobody who is known") failed\(f.from)\(f.cause)"
        case .loginLocked:
            return "log-ins of \(who ?? "nobody who is known")\(f.from) are locked until \(f["until"])"
        case .sessionEnded: return "a session of \(f.person) on \(f["device"]) ended\(f.cause)"
        case .passwordChanged: return "the password of \(f.person) was changed (\(f.plain("via")))"
        case .passwordResetIssued:
            return "\(f.person) was given a way to a new password, until \(f["expires_at"])"
        case .factorAdded: return "\(f.person) has a new factor, \(f["name"]) (\(f["kind"]))"
        case .factorRemoved: return "\(f.person) lost factor \(f["name"]) (\(f["kind"]))\(f.cause)"
        case .factorCopied:
            return "a passkey of \(f.person) seems to be copied: it counted \(f["shown_count"]) after "
                + f["known_count"]
        case .recoveryCodeUsed: return "\(f.person) used a recovery code, \(f["left"]) are left"
        case .accessTokenCreated: return "access token \(f["name"])\(f.of) was issued"
        case .accessTokenRevoked: return "access token \(f["name"])\(f.of) was revoked\(f.reason)"
        case .accessTokenRotated:
            return "access token \(f["name"])\(f.of) has a successor, and lapses at \(f["expires_at"])"
        case .accessTokenRefused:
            let token = f.event["name"]?.asString.map { "access token \($0)" } ?? "an access token"
            let often = times > 1 ? " \(times) times" : ""
            return "\(token) was refused\(often)\(f.from)\(f.cause)"
        case .accessTokenDecoyTouched: return "bait was touched: access token \(f["name"])\(f.from)"
        default: return nil
        }
    }
}

extension Words {
    /// A reason that is one of a list.
    fileprivate var cause: String { reason.replacing("_", with: " ") }
}
