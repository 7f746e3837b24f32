import Access
import JSON
import Kernel

/// A token in an envelope: it opens nothing until it is used, once, and then gives an hour of a role.
struct BreakGlassToken: Sendable {
    enum Status: String, CaseIterable, Sendable {
        /// In its envelope.
        case sealed
        /// Its hour runs.
        case open
        case ended, revoked
    }

    /// How long what it opens stays open.
    static let lifetime: Period = .hours(1)
    /// Unused at a time: more are no envelopes.
    static let sealedAtMost = 20

    let id: BreakGlassID
    let name: String
    let role: BuiltInRole
    let hint: String
    let createdAt: Timestamp
    let createdBy: String
    var usedAt: Timestamp?
    /// Where it was used from.
    var usedFrom: String?
    /// Who acts by it.
    var user: UserID?
    var endsAt: Timestamp?
    var endedAt: Timestamp?
    var revokedAt: Timestamp?
    var revokedBy: String?
    var revokeReason: String?

    func status(at now: Timestamp) -> Status {
        if let usedAt {
            let end = endsAt ?? usedAt
            return endedAt == nil && now < end ? .open : .ended
        }
        return revokedAt == nil ? .sealed : .revoked
    }

    /// - Parameter left: what became of what was made through it, where it is read alone.
    func write(
        to w: inout JSONWriter, at now: Timestamp, showing secret: AccessTokenSecret? = nil,
        left: JSONValue? = nil
    ) {
        w.object { w in
            w.field("id", id.description)
            if let secret {
                w.field("token", secret.text)
                w.field("shown_once", true)
            }
            w.field("name", name)
            w.field("role", role.rawValue)
            w.field("hint", hint)
            w.field("status", status(at: now).rawValue)
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy)
            w.field("used_at", usedAt?.description)
            w.field("used_from", usedFrom)
            w.field("user_id", user?.description)
            w.field("ends_at", endsAt?.description)
            w.field("ended_at", endedAt?.description)
            w.field("revoked_at", revokedAt?.description)
            w.field("revoked_by", revokedBy)
            w.field("revoke_reason", revokeReason)
            if let left { w.field("left_behind", left) }
        }
    }

    /// The fields that all events about it share, then the event's own.
    func eventData(_ own: [(String, JSONValue)]) -> JSONObject {
        let shared: [(String, JSONValue)] = [
            ("break_glass_id", JSONValue(id)), ("name", .string(name)), ("role", .string(role.rawValue)),
        ]
        return JSONObject(members: shared + own)
    }
}
