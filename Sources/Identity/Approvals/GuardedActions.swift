package import Access
package import Postgres

/// What approval rules guard, for whoever is about to do without a request what a request would have to
/// wait for.
package struct GuardedActions: Sendable {
    private let rules: [ApprovalRule]

    package static nonisolated(nonsending) func read(
        in source: any Queryable
    ) async throws -> GuardedActions {
        GuardedActions(rules: try await ApprovalRuleStore.all(in: source))
    }

    /// - Parameter actions: operations by their ids in openapi.yaml.
    package func guards(_ actions: Set<String>, on target: Target) -> Bool {
        rules.contains { rule in
            rule.content.actions.contains { actions.contains($0.rawValue) }
                && rule.content.scope.matches(target)
        }
    }
}
