import JSON
import Kernel

/// What a request does, or did, to one rule of a pack.
struct PackStep {
    enum Action: String {
        case created, enabled, adjusted, updated, disabled, unchanged
        /// Its pack has it no more: it stays as it is.
        case retired
    }

    let name: String
    var action: Action
    var rule: AlertRule
    /// What its rule says now that it did not.
    var changes: [RuleDiff.Change] = []
    /// Choices that its pack takes no more.
    var dropped: [String] = []

    /// - Parameter needs: what must be there for it to fire.
    func write(to w: inout JSONWriter, isDry: Bool, needs: String?) {
        w.object { w in
            w.field("name", name)
            w.field("action", action.rawValue)
            // Of a rule that is only thought of there is no id.
            w.field("rule_id", isDry && action == .created ? nil : rule.id.description)
            w.field("status", rule.status.rawValue)
            w.field("needs", needs)
            w.field("changes", changes)
            w.field("dropped", dropped)
        }
    }
}
