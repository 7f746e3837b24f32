import Access
import Events
import Expressions
import JSON
import Kernel
import Postgres

/// What a rule over first values knows of the time before it begins: stored events, the newest first, are
/// taken as seen, and nothing comes of them.
struct RuleRecall {
    /// Of more stored events the newest count; reading so many takes some seconds.
    static let eventsAtMost = 1_000_000
    static let pageEvents = 2_000
    /// As many as there can be of so many events.
    static let groupsAtMost = 1_000_000

    struct Group {
        let values: JSONObject
        var state: GroupState?
    }

    private static let readEvents = Statement(
        "recall_events",
        """
        select era, xid::text as place, id, at, type, subject, actor, data::text from event
        where (era, xid, id) < ($1, $2::xid8, $3) and at >= $4 and at < $5
            and (type = any ($6) or type like any ($7::text[]))
        order by era desc, xid desc, id desc limit 2000
        """)
    private static let readAll = Statement(
        "recall_feed",
        """
        select era, xid::text as place, id, at, type, subject, actor, data from (
            (select era, xid, id, at, type, subject, actor, data::text as data from event
            where (era, xid, id) < ($1, $2::xid8, $3) and at >= $4 and at < $5
                and (type = any ($6) or type like any ($7::text[]))
            order by era desc, xid desc, id desc limit 2000)
            union all
            (select era, xid, id, at, type, subject, actor, data::text as data from usage_event
            where (era, xid, id) < ($1, $2::xid8, $3) and at >= $4 and at < $5
                and (type = any ($6) or type like any ($7::text[]))
            order by era desc, xid desc, id desc limit 2000)
        ) as e order by era desc, xid desc, id desc limit 2000
        """)

    private let rule: AlertRule
    private let machine: RuleMachine
    private let eyes: HistoryEyes
    private let from: Timestamp
    private let to: Timestamp
    private let eventsAtMost: Int
    private let groupsAtMost: Int
    private var place: EventPosition
    private var read = 0
    private var isOver: Bool
    /// By what they are groups of.
    private(set) var groups: [[UInt8]: Group] = [:]
    /// Values and groups that found no room.
    private(set) var forgotten = 0

    /// - Parameters:
    ///   - position: only what stands before it; nil: whatever its place.
    ///   - time: when the rule begins.
    init(
        _ rule: AlertRule, before position: EventPosition?, at time: Timestamp, eyes: HistoryEyes,
        eventsAtMost: Int = Self.eventsAtMost, groupsAtMost: Int = Self.groupsAtMost
    ) {
        (self.rule, self.eyes, self.eventsAtMost) = (rule, eyes, eventsAtMost)
        self.groupsAtMost = groupsAtMost
        machine = RuleMachine(rule.content)
        from = machine.recalled.map { time - $0 } ?? Timestamp(seconds: 0)
        to = position == nil ? time : .distantFuture
        place = position ?? .end
        isOver = !machine.recalls
    }

    /// A page. Answers whether there is more.
    nonisolated(nonsending) mutating func read(from database: Database) async throws -> Bool {
        guard !isOver else { return false }
        let types = rule.content.storedTypes
        let page = try await database.query(
            types.hasUses ? Self.readAll : Self.readEvents, .int32(place.era),
            .text(String(place.transaction)), .id(place.id), .timestamp(from), .timestamp(to),
            .textArray(types.names), .textArray(types.prefixes)
        ).compactMap { StoredEvent($0) }
        read += page.count
        isOver = page.count < Self.pageEvents || read >= eventsAtMost
        if let last = page.last { place = last.position }
        let fitting = page.filter { rule.content.mayConcern($0) }.map(\.event)
        let targets = try await eyes.targets(of: fitting, in: database)
        for event in fitting {
            guard let view = eyes.view(of: event, targets), rule.content.concerns(event, view) else {
                continue
            }
            take(event, view)
        }
        return !isOver
    }

    mutating func take(_ event: Event, _ view: JSONObject) {
        let values = rule.content.group(of: view)
        let occurrence = RuleMachine.Occurrence(
            id: event.id, at: event.at, type: event.type, event: .object(JSONFields(view)))
        let key = JSONValue.object(values).bytes
        guard groups.count < groupsAtMost || groups[key] != nil else {
            forgotten += 1
            return
        }
        let isLost = machine.recall(occurrence, &groups[key, default: Group(values: values)].state)
        if isLost { forgotten += 1 }
    }
}

extension EventPosition {
    /// Behind everything.
    fileprivate static var end: EventPosition {
        EventPosition(
            era: .max, transaction: UInt64(Int64.max), id: EventID(UUID(high: .max, low: .max)))
    }
}

extension Timestamp {
    fileprivate static var distantFuture: Timestamp { Timestamp(seconds: 253_402_300_799) }
}
