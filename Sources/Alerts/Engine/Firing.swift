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
    /// Who did what its event tells of, or whom it happened to, where the summary says it.
    var actor: String?
    /// The key that a request is about, likewise.
    var thing: String?

    /// When: the event's time, or the moment that time alone made it so.
    let at: Timestamp
    /// What it took beside the event; nil of a point rule.
    let cause: RuleCause?

    init(
        rule: AlertRule, event: Event, view: JSONObject, at: Timestamp? = nil, because cause: RuleCause? = nil
    ) {
        (self.rule, self.event, self.view, self.cause) = (rule, event, view, cause)
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
    /// Which of them a cooldown swallows, as far as that is known.
    private(set) var swallowed: [Bool] = []

    /// The newest, which the alert shows.
    var newest: Firing { firings[firings.count - 1] }
    var content: RuleContent { newest.rule.content }

    /// Those that are told, each with its place in the group.
    var kept: [(place: Int, firing: Firing)] {
        firings.enumerated().filter { !isSwallowed($0.offset) }.map { ($0.offset, $0.element) }
    }
    var suppressed: [Firing] { firings.indices.filter(isSwallowed).map { firings[$0] } }

    private func isSwallowed(_ place: Int) -> Bool { swallowed.indices.contains(place) && swallowed[place] }

    /// When the last of them happened, whatever order they came in.
    var lastAt: Timestamp { firings.map(\.at).max() ?? newest.at }
    /// Of what is told of it: until when more is swallowed.
    var quietUntil: Timestamp? { content.cooldown.map { (kept.last?.firing.at ?? newest.at) + $0.period } }

    /// The first alone, where a cooldown decides about the others by what came of it.
    var head: FiringGroup {
        content.cooldown == nil ? self : FiringGroup(key: key, firings: [firings[0]])
    }

    /// What comes behind the head, one by one: each that is told begins the cooldown anew.
    /// - Parameter quietUntil: after the head.
    func tail(_ quietUntil: Timestamp?) -> FiringGroup? {
        guard let cooldown = content.cooldown, firings.count > 1 else { return nil }
        var tail = FiringGroup(key: key, firings: Array(firings.dropFirst()))
        var quiet = quietUntil
        tail.swallowed = tail.firings.map { firing in
            let isSwallowed = quiet.map { $0 > firing.at } ?? false
            if !isSwallowed { quiet = firing.at + cooldown.period }
            return isSwallowed
        }
        return tail
    }

    mutating func take(_ head: FiringStore.Raised, _ tail: FiringGroup?) {
        swallowed = [head.isQuiet] + (tail?.swallowed ?? [])
    }

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
