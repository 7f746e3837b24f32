import Access
import Crypto
import Events
import JSON
import Kernel

/// A rule that an event fires.
struct Firing {
    let rule: AlertRule
    let event: Event
    let view: JSONObject
    let group: JSONObject
    let groupKey: [UInt8]
    /// Who did what its event tells of, where the summary says it.
    var actor = "somebody"

    /// When: the event's time, or the moment that time alone made it so.
    let at: Timestamp

    init(rule: AlertRule, event: Event, view: JSONObject, at: Timestamp? = nil) {
        (self.rule, self.event, self.view) = (rule, event, view)
        self.at = at ?? event.at
        group = rule.content.group(of: view)
        groupKey = Self.key(of: group)
    }

    /// Of a group's names and values, which may be of any size.
    static func key(of group: JSONObject) -> [UInt8] { SHA256.hash(JSONValue.object(group).bytes) }
}

/// The firings of one transaction that belong to one alert, in the order of their events.
struct FiringGroup {
    struct Key: Hashable, Comparable {
        let rule: AlertRuleID
        let group: [UInt8]

        static func < (a: Key, b: Key) -> Bool {
            a.rule == b.rule ? a.group.lexicographicallyPrecedes(b.group) : a.rule < b.rule
        }
    }

    let key: Key
    private(set) var firings: [Firing]

    /// The newest, which the alert shows.
    var newest: Firing { firings[firings.count - 1] }
    var content: RuleContent { newest.rule.content }

    /// A cooldown lets the first through and swallows the rest.
    var suppressed: Int { content.cooldown == nil ? 0 : firings.count - 1 }
    var quietUntil: Timestamp? { content.cooldown.map { newest.at + $0.period } }

    /// In the order of their keys: every transaction takes the rows of alerts in the same order.
    static func groups(of firings: [Firing]) -> [FiringGroup] {
        var groups: [Key: FiringGroup] = [:]
        for firing in firings {
            let key = Key(rule: firing.rule.id, group: firing.groupKey)
            groups[key, default: FiringGroup(key: key, firings: [])].firings.append(firing)
        }
        return groups.values.sorted { $0.key < $1.key }
    }
}
