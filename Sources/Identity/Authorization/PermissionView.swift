import Access
import HTTPServer
import JSON
import Kernel

/// What somebody may do, with the grants that it comes by.
enum PermissionView {
    /// - Parameters:
    ///   - grants: all of theirs.
    ///   - rights: what these give, narrowed by an access token where they ask for themselves.
    static func response(_ grants: [GrantedRole], giving rights: Rights, at now: Timestamp) -> Response {
        let counting = grants.filter { !$0.hasLapsed(at: now) }
        return Response.object { w in
            w.array("data") { w in
                for permission in Permission.allCases where rights.somewhere.contains(permission) {
                    let through = counting.filter { $0.bears(on: permission) }
                    // A grant that came or went since the caller was told: what is not through a grant is not
                    // there.
                    if !through.contains(where: { $0.effect == .allow }) { continue }
                    w.object { w in
                        permission.writeFields(to: &w)
                        w.field("everywhere", rights.everywhere.contains(permission))
                        w.array("through", through) { w, grant in grant.write(to: &w) }
                    }
                }
            }
            w.null("next_cursor")
        }
    }
}

extension GrantedRole {
    /// Whether it gives or takes the permission anywhere.
    func bears(on permission: Permission) -> Bool {
        permissions.contains(permission) && (scope == .everything || permission.takesScope)
    }

    func writeFields(to w: inout JSONWriter) {
        w.field("grant_id", id.description)
        w.field("role", role)
        w.field("effect", effect.rawValue)
        w.field("on", scope.json)
        w.field("group_id", group?.description)
        w.field("expires_at", expiresAt?.description)
    }

    fileprivate func write(to w: inout JSONWriter) { w.object { w in writeFields(to: &w) } }
}
