package import Access
import Kernel

/// What members of one of the provider's groups get here: `desk-admins=admin`, `quants=grp_…`.
package struct GroupMapping: Equatable, Sendable {
    package enum Target: Hashable, Sendable {
        /// A built-in one or an own one, on everything.
        case role(String)
        /// Whatever that group is granted here.
        case group(GroupID)

        init?(_ text: String) {
            if let id = GroupID(text) {
                self = .group(id)
            } else if Role.isName(text), !text.hasPrefix("grp_") {
                self = .role(text)
            } else {
                return nil
            }
        }
    }

    /// The provider's.
    package let group: String
    package let target: Target

    package init(group: String, target: Target) { (self.group, self.target) = (group, target) }

    /// Nil unless it is a group, `=` and a role or a group of ours. The provider's name may hold the sign.
    package init?(_ text: String) {
        guard let sign = text.lastIndex(of: "="), sign > text.startIndex,
            let target = Target(String(text[text.index(after: sign)...]))
        else { return nil }
        self.init(group: String(text[..<sign]), target: target)
    }
}
