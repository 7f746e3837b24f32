package import Access
import Kernel

/// Who is granted something: one principal, or all members of a group.
package enum Grantee: Hashable, Sendable, CustomStringConvertible {
    case principal(PrincipalID)
    case group(GroupID)

    package init?(_ text: String) {
        if let principal = PrincipalID(text) {
            self = .principal(principal)
        } else if let group = GroupID(text) {
            self = .group(group)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .principal(let id): id.description
        case .group(let id): id.description
        }
    }

    var principal: UUID? {
        if case .principal(let id) = self { id.uuid } else { nil }
    }

    var group: GroupID? {
        if case .group(let id) = self { id } else { nil }
    }
}
