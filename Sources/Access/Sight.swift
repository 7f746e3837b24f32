package import JSON
import Kernel
package import Postgres

/// What of keys and accounts somebody has a permission on, for a statement: `in_sight($n, …)` of the
/// database gives `Rights.may` for a row, so that a page holds as many as were asked for.
package struct Sight: Equatable, Sendable {
    /// Nil: all of them, and then a statement needs no condition.
    package let json: JSONValue?

    package var isEverything: Bool { json == nil }
    package var parameter: Parameter { .json(json?.bytes) }
}

extension Rights {
    package func sight(_ permission: Permission) -> Sight {
        if everywhere.contains(permission) { return Sight(json: nil) }
        let wanted = PermissionBits(CollectionOfOne(permission))
        let scopes = { (parts: [Part]) in
            JSONValue.array(parts.filter { $0.permissions.intersects(wanted) }.compactMap(\.scope.condition))
        }
        let isSeen = permission.takesScope && somewhere.contains(permission)
        return Sight(json: ["allow": isSeen ? scopes(allowed) : [], "deny": isSeen ? scopes(denied) : []])
    }
}

extension Scope {
    /// As `in_scope` of the database reads it; nil is of nothing.
    fileprivate var condition: JSONValue? {
        switch self {
        case .everything: [:]
        case .selector: json
        case .key(let id): ["id": .string(id.uuid.description)]
        case .account(_, let place): place.map { Scope.selector(Selector($0)).json }
        }
    }
}
