package import Access
import HTTPServer
import JSON
package import Kernel

/// A set of permissions with a name: built-in, or a desk's own.
package struct Role: Equatable, Sendable {
    package let name: String
    package var description: String
    package var permissions: Set<Permission>
    /// Nil for built-in ones, which never change.
    package var record: Record?

    package struct Record: Equatable, Sendable {
        package let createdAt: Timestamp
        package let createdBy: String
        package var updatedAt: Timestamp
        package var revision: Int64
    }

    init(_ role: BuiltInRole) {
        (name, description, permissions) = (role.rawValue, role.sentence, role.permissions)
    }

    init(name: String, description: String, permissions: Set<Permission>, record: Record) {
        (self.name, self.description, self.permissions) = (name, description, permissions)
        self.record = record
    }

    /// A letter, then also digits, `_` and `-`; up to 64.
    static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...64).contains(bytes.count), let first = bytes.first, (97...122).contains(first) else {
            return false
        }
        return bytes.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == 95 || byte == 45
        }
    }

    /// What makes its holders owners, or able to make some.
    var isOwners: Bool { permissions.contains(.ownersWrite) }

    func writeFields(to w: inout JSONWriter) {
        w.field("name", name)
        w.field("built_in", record == nil)
        w.field("description", description)
        w.field("permissions", Permission.allCases.filter(permissions.contains).map(\.rawValue))
        w.field("created_at", record?.createdAt.description)
        w.field("created_by", record?.createdBy)
        w.field("updated_at", record?.updatedAt.description)
        w.field("revision", record?.revision)
    }
}

extension Role {
    /// As somebody was granted it.
    init(_ grant: GrantedRole) {
        (name, description, permissions) = (grant.role, "", grant.permissions)
    }
}
