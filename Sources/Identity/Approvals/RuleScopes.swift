package import Access
import HTTPServer
import JSON
package import Postgres

/// What approval rules guard by tags and owners. Whoever could take a thing out of a rule's scope could do
/// alone what the rule asks others for: that move needs what the rule asks for, whatever the rule names.
package struct RuleScopes: Sendable {
    private let rules: [ApprovalRule]

    init(_ rules: [ApprovalRule]) { self.rules = rules.filter(\.content.scope.isMovable) }

    package static nonisolated(nonsending) func read(in source: any Queryable) async throws -> RuleScopes {
        RuleScopes(try await ApprovalRuleStore.all(in: source))
    }

    var isEmpty: Bool { rules.isEmpty }

    /// Those that the thing would be guarded by no longer.
    func left(from before: Target, to after: Target) -> [ApprovalRule] {
        rules.filter { $0.content.scope.matches(before) && !$0.content.scope.matches(after) }
    }

    /// Nil: the thing leaves none. Otherwise the name of one.
    package func firstLeft(from before: Target, to after: Target) -> String? {
        left(from: before, to: after).first?.content.name
    }

    /// Throws unless what is being carried out was approved under every rule that the thing leaves. What is
    /// only tried is about to be asked for under them.
    package static nonisolated(nonsending) func check(
        from before: Target, to after: Target, by caller: Context, in transaction: Transaction
    ) async throws {
        let left = try await read(in: transaction).left(from: before, to: after)
        guard !left.isEmpty, caller.rehearsal == nil else { return }
        var given: [ApprovalRuleID: Int64] = [:]
        if let id = caller.approval {
            for need in try await ApprovalStore.find(id, in: transaction).needs {
                given[need.rule] = need.revision
            }
        }
        let missing = left.filter { given[$0.id] != $0.revision }
        if !missing.isEmpty { throw Problem.approvalRequired(.updateKey, missing) }
    }
}

extension Scope {
    /// Whether a thing may be moved out of it.
    fileprivate var isMovable: Bool {
        guard case .selector(let selector) = self else { return false }
        return !selector.tags.isEmpty || selector.owner != nil
    }
}

extension Target {
    /// As it would be known after a merge patch of a key. What is no tag and no owner is refused by whoever
    /// reads it in full.
    func changed(by patch: JSONValue) -> Target {
        let tags = patch["tags"]?.asArray.map { $0.compactMap(\.asString) }
        let owner = patch["owner_id"]?.asString.flatMap { PrincipalID($0) }
        return Target(
            resource, exchange: exchange, environment: environment, account: account,
            tags: tags ?? self.tags, owner: owner ?? self.owner)
    }
}
