import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// By whose rights a rule acts: its owner's, and those of whoever last changed what it does or when, or let
/// it run. So nobody reaches a key through somebody else's rule that they could not reach themselves.
enum ActionHolders {
    private static let setEditor = Statement(
        "alert_rule_editor", "update alert_rule set editor = $2 where id = $1")

    /// Throws unless the caller may do by hand what the rule is to do for them. Of an event's key that is
    /// known when there is one: then it is asked again.
    nonisolated(nonsending) static func check(
        _ actions: RuleActions, for context: Context, _ things: TargetSource, in transaction: Transaction
    ) async throws {
        for action in actions.list {
            let permission = action.deed.permission
            guard case .selected(let scope) = action.keys else {
                if context.rights.somewhere.contains(permission) { continue }
                throw Problem.forbidden(missing: permission)
            }
            var target: Target?
            if case .key(let id) = scope {
                target = try await things.find([id.description], transaction)[id.description]
            }
            if context.rights.covers(permission, on: scope, target, until: context.now) { continue }
            throw Problem(
                .forbidden,
                "This needs the permission \(permission.rawValue) on all keys that the action selects.",
                members: [("missing_permission", .string(permission.rawValue))])
        }
    }

    nonisolated(nonsending) static func note(
        editor: PrincipalID?, of rule: AlertRuleID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(setEditor, .id(rule), .text(editor?.description))
    }
}

extension RuleContent {
    /// Whether both do the same, at the same times.
    func acts(asDoes other: RuleContent) -> Bool {
        actions == other.actions && watches(asDoes: other)
            && course.expiresAt == other.course.expiresAt
    }
}
