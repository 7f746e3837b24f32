import Access
import Events

/// What rules may see: as much as their owners may; the installation's own see everything.
struct RuleRights {
    private let owners: [PrincipalID: Rights]
    private static let installation = Rights(everywhere: Set(Permission.allCases))

    fileprivate init(_ owners: [PrincipalID: Rights]) { self.owners = owners }

    /// Nil: its owner may not act at all.
    func sight(of rule: AlertRule) -> EventSight? { sight(ofOwner: rule.owner) }

    /// The same by the rule's owner; nil is the installation.
    func sight(ofOwner owner: PrincipalID?) -> EventSight? {
        guard let owner else { return EventSight(of: Self.installation) }
        return owners[owner].map { EventSight(of: $0) }
    }

    /// Of all of them.
    var all: [Rights] { owners.values + [Self.installation] }
}

extension OwnerRights {
    /// - Parameter epoch: read in the transaction that relies on the answer.
    nonisolated(nonsending) func rights(
        ofRules rules: [AlertRule], at epoch: Int64
    ) async throws -> RuleRights {
        RuleRights(try await rights(of: Set(rules.compactMap(\.owner)), at: epoch))
    }

    /// The same without a copy of any. Rules that stand together often have one owner.
    nonisolated(nonsending) func rights(
        ofRules rules: some Sequence<IndexedRule>, at epoch: Int64
    ) async throws -> RuleRights {
        var (owners, last): (Set<PrincipalID>, PrincipalID?) = ([], nil)
        for rule in rules where rule.owner != last {
            last = rule.owner
            if let last { owners.insert(last) }
        }
        return RuleRights(try await rights(of: owners, at: epoch))
    }
}
