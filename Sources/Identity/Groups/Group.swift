import Access
import JSON
import Kernel

/// Users and service accounts who are granted the same. Groups hold no groups.
struct Group: Equatable, Sendable {
    /// As many as any desk has; a change of what the group is granted touches each of them.
    static let memberLimit = 1_000

    let id: GroupID
    var name: String
    var description: String?
    let createdAt: Timestamp
    let createdBy: String
    var updatedAt: Timestamp
    var revision: Int64 = 1
    var members = 0

    func writeFields(to w: inout JSONWriter) {
        w.field("id", id.description)
        w.field("name", name)
        w.field("description", description)
        w.field("members", members)
        w.field("created_at", createdAt.description)
        w.field("created_by", createdBy)
        w.field("updated_at", updatedAt.description)
        w.field("revision", revision)
    }
}

/// Somebody in a group.
struct GroupMember: Equatable, Sendable {
    let principal: PrincipalID
    let name: String
    let addedAt: Timestamp
    let addedBy: String

    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("principal_id", principal.description)
            w.field("name", name)
            w.field("added_at", addedAt.description)
            w.field("added_by", addedBy)
        }
    }
}
