import JSON
package import Kernel

/// Whether a grant gives or takes away.
package enum GrantEffect: String, CaseIterable, Sendable {
    case allow, deny
}

/// A grant as it counts for one principal: with its role's permissions, and the group that it came by.
package struct GrantedRole: Equatable, Sendable {
    package let id: GrantID
    package let role: String
    package let permissions: Set<Permission>
    package let effect: GrantEffect
    package let scope: Scope
    package let expiresAt: Timestamp?
    package let group: GroupID?

    package init(
        id: GrantID, role: String, permissions: Set<Permission>, effect: GrantEffect = .allow,
        scope: Scope = .everything, expiresAt: Timestamp? = nil, group: GroupID? = nil
    ) {
        (self.id, self.role, self.permissions, self.effect) = (id, role, permissions, effect)
        (self.scope, self.expiresAt, self.group) = (scope, expiresAt, group)
    }

    package func hasLapsed(at now: Timestamp) -> Bool { expiresAt.map { $0 <= now } ?? false }
}

extension GrantedRole {
    /// More would make every decision of theirs slow; counted with what comes by groups.
    package static let limitPerPrincipal = 200

    /// What the database's function `granted` answers, the oldest first. A denial whose scope cannot be read
    /// was not written by us, and is taken for one of everything; an allowance is left out.
    package static func list(_ bytes: [UInt8]) throws -> [GrantedRole] {
        try JSONValue.parse(bytes).asArray?.compactMap(GrantedRole.init) ?? []
    }

    private init?(_ value: JSONValue) {
        guard let uuid = value["id"]?.asString.flatMap({ UUID($0) }), let role = value["role"]?.asString
        else {
            return nil
        }
        let effect: GrantEffect = value["effect"]?.asString == "allow" ? .allow : .deny
        guard let scope = value["on"].flatMap({ Scope(stored: $0) }) ?? (effect == .deny ? .everything : nil)
        else { return nil }
        let own = value["permissions"]?.asArray?.compactMap { $0.asString.flatMap(Permission.init) }
        self.init(
            id: GrantID(uuid), role: role,
            permissions: BuiltInRole(rawValue: role)?.permissions ?? Set(own ?? []), effect: effect,
            scope: scope, expiresAt: value["until"]?.asInt.map { Timestamp(microseconds: $0) },
            group: value["group"]?.asString.flatMap { UUID($0) }.map { GroupID($0) })
    }
}
