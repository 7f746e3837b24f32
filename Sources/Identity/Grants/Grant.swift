package import Access
import JSON
package import Kernel

/// A role for somebody, on something. Grants never change: they are made and taken back, or lapse.
package struct Grant: Equatable, Sendable {
    package let id: GrantID
    package let grantee: Grantee
    package let role: String
    package var effect: GrantEffect = .allow
    package var scope: Scope = .everything
    /// What lapsed counts for nothing, and is listed for a while yet.
    package var expiresAt: Timestamp?
    package let createdAt: Timestamp
    /// Nil for the first owner's.
    package let createdBy: String?

    /// How long those that lapsed are listed.
    package static let lapsedKept: Period = .days(30)

    func hasLapsed(at now: Timestamp) -> Bool { expiresAt.map { $0 <= now } ?? false }
}

extension Grant {
    /// As an answer shows it at that moment.
    func write(to w: inout JSONWriter, at now: Timestamp) {
        w.object { w in
            w.field("id", id.description)
            w.field("principal_id", grantee.description)
            w.field("role", role)
            w.field("effect", effect.rawValue)
            w.field("on", scope.json)
            w.field("expires_at", expiresAt?.description)
            w.field("expired", hasLapsed(at: now))
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy)
        }
    }
}
