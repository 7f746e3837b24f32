import Access
import Events
import JSON
import Kernel

/// What one person does to a running security rule alone: told to everybody who may read rules, whatever
/// they subscribed to, so that nobody turns one off unnoticed.
struct RuleWeakening {
    enum What: String { case disabled, deleted, changed }

    /// Whatever is changed of these makes it neither blind nor mute.
    private static let harmless: Set<String> = ["name"]

    let rule: AlertRule
    let what: What
    let changed: [String]

    /// - Parameter after: nil when the rule is gone.
    init?(_ before: AlertRule, _ after: AlertRule?) {
        guard before.isOn, before.content.isSecurity else { return nil }
        rule = after ?? before
        guard let after else {
            (what, changed) = (.deleted, [])
            return
        }
        let fields = RuleDiff(from: before.content, to: after.content).changes.map(\.field)
        changed = fields.filter { !Self.harmless.contains($0) }
        if !after.isOn {
            what = .disabled
        } else if !changed.isEmpty {
            what = .changed
        } else {
            return nil
        }
    }

    var event: NewEvent {
        NewEvent(
            .ruleWeakened, subject: rule.id,
            [
                "rule_id": .string(rule.id.description), "name": .string(rule.content.name),
                "owner_id": rule.ownerValue, "change": .string(what.rawValue),
                "changed": .array(changed.map { .string($0) }), "reason": .of(rule.statusReason),
            ])
    }
}
