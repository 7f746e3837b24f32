import Access
import JSON
import Kernel

/// What an action of a rule would do now.
struct PlannedAction {
    /// More are counted and not listed.
    private static let listedAtMost = 1_000

    let action: RuleAction
    let reach: DeedReach
    /// Whether the brake would keep the rule from it.
    let isBraked: Bool
    /// Of the keys that it would change, those that the caller may know of.
    let seen: [ReachedKey]
}

extension PlannedAction: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("do", action.form)
            w.field("mode", action.mode)
            w.field("matched", reach.matched)
            w.field("changed", reach.changed.count)
            w.field("unchanged", reach.unchanged)
            w.field("forbidden", reach.forbidden)
            w.field("braked", isBraked)
            w.array("keys", seen.prefix(Self.listedAtMost)) { w, key in
                w.object { w in
                    w.field("id", key.id.description)
                    w.field("label", key.label)
                    for (name, text) in key.place { w.field(name, text) }
                }
            }
        }
    }
}
