import Events
import JSON

/// Log-ins and access tokens, which only those are told of who may know people.
extension AlertSummary {
    /// Nil for events that are about something else.
    /// - Parameter person: whose log-in it was, as `ActorNames` writes it.
    static func accessSentence(_ type: EventType, _ event: JSONObject, of person: String?) -> String? {
        let f = Words(event: event)
        let who = person ?? event["user_id"]?.asString.map { "user \($0)" }
        let times = event["count"]?.asInt ?? 1
        switch type {
        case .loginSucceeded: return "\(who ?? "somebody") logged in\(f.from)"
        case .loginFailed:
            let what = times > 1 ? "\(times) log-ins" : "a log-in"
            return "\(what) of \(who ?? "nobody who is known") failed\(f.from)\(f.cause)"
        case .loginLocked:
            return "log-ins of \(who ?? "nobody who is known")\(f.from) are locked until \(f["until"])"
        case .accessTokenCreated: return "access token \(f["name"]) was issued"
        case .accessTokenRevoked: return "access token \(f["name"]) was revoked\(f.reason)"
        case .accessTokenRefused:
            let token = event["name"]?.asString.map { "access token \($0)" } ?? "an access token"
            let often = times > 1 ? " \(times) times" : ""
            return "\(token) was refused\(often)\(f.from)\(f.cause)"
        case .accessTokenDecoyTouched: return "bait was touched: access token \(f["name"])\(f.from)"
        default: return nil
        }
    }
}

extension Words {
    fileprivate var from: String { event["address"]?.asString.map { " from \($0)" } ?? "" }

    /// A reason that is one of a list.
    fileprivate var cause: String { reason.replacing("_", with: " ") }
}
