import Access
import Events
import JSON
import Kernel
import Postgres

/// What a backtest runs over, as its eyes see it.
protocol BacktestHistory {
    /// False: there was more than is read at once.
    var isWhole: Bool { get }

    /// Nil when there is no more.
    nonisolated(nonsending) mutating func next(_ eyes: HistoryEyes) async throws -> HistoryPage?

    /// Of events that came before; those that nobody may see any more are missing.
    nonisolated(nonsending) func views(
        of ids: [EventID], _ eyes: HistoryEyes
    ) async throws -> [EventID: JSONObject]

    /// - Parameter shown: those that may be asked for later.
    mutating func keep(_ shown: () -> Set<EventID>)
}

struct HistoryPage {
    /// Of the rule's types, as far as the eyes see them.
    var seen = 0
    /// Of them, those that were told of the past, which the rule passes over.
    var retroactive = 0
    /// Those that concern the rule.
    var events: [(event: Event, view: JSONObject)] = []

    fileprivate mutating func take(_ event: Event, _ view: JSONObject, for rule: RuleContent) {
        if !rule.isRetroactive, view["retroactive"] == true { retroactive += 1 }
        if rule.concerns(event, view) { events.append((event, view)) }
    }
}

/// What was told.
struct ToldHistory: BacktestHistory {
    /// Events of one page: some milliseconds of the loop's time. It stands in the statements as a number,
    /// since PostgreSQL plans for a parameter as if it were a tenth of the table.
    static let pageEvents = 2_000
    static let eventsAtMost = 50_000_000

    private let rule: RuleContent
    private let from: Timestamp
    private let to: Timestamp
    private let database: Database
    private var place = EventPosition.beginning
    private var read = 0
    private var isOver = false
    private(set) var isWhole = true

    init(_ rule: RuleContent, from: Timestamp, to: Timestamp, in database: Database) {
        (self.rule, self.from, self.to, self.database) = (rule, from, to, database)
    }

    /// What was signed or sent stands in a table of its own.
    private static let readEvents = Statement(
        "backtest_events",
        """
        select era, xid::text as place, id, at, type, subject, actor, data::text from event
        where (era, xid, id) > ($1, $2::xid8, $3) and at >= $4 and at < $5
            and (type = any ($6) or type like any ($7::text[]))
        order by era, xid, id limit 2000
        """)
    private static let readAll = Statement(
        "backtest_feed",
        """
        select era, xid::text as place, id, at, type, subject, actor, data from (
            (select era, xid, id, at, type, subject, actor, data::text as data from event
            where (era, xid, id) > ($1, $2::xid8, $3) and at >= $4 and at < $5
                and (type = any ($6) or type like any ($7::text[]))
            order by era, xid, id limit 2000)
            union all
            (select era, xid, id, at, type, subject, actor, data::text as data from usage_event
            where (era, xid, id) > ($1, $2::xid8, $3) and at >= $4 and at < $5
                and (type = any ($6) or type like any ($7::text[]))
            order by era, xid, id limit 2000)
        ) as e order by era, xid, id limit 2000
        """)
    private static let findEvents = Statement(
        "backtest_find",
        "select id, at, type, subject, actor, data from feed_event where id = any ($1::uuid[])")

    nonisolated(nonsending) mutating func next(_ eyes: HistoryEyes) async throws -> HistoryPage? {
        if isOver { return nil }
        let types = rule.storedTypes
        let stored = try await database.report(
            types.hasUses ? Self.readAll : Self.readEvents, .int32(place.era),
            .text(String(place.transaction)), .id(place.id), .timestamp(from), .timestamp(to),
            .textArray(types.names), .textArray(types.prefixes)
        ).compactMap { StoredEvent($0) }
        read += stored.count
        isWhole = stored.count < Self.pageEvents
        isOver = isWhole || read >= Self.eventsAtMost
        if let last = stored.last { place = last.position }
        let (seen, targets) = try await eyes.seen(stored, in: database)
        var page = HistoryPage(seen: seen.count)
        for event in seen.filter({ rule.mayConcern($0) }).map(\.event) {
            if let view = eyes.view(of: event, targets) { page.take(event, view, for: rule) }
        }
        return page
    }

    nonisolated(nonsending) func views(
        of ids: [EventID], _ eyes: HistoryEyes
    ) async throws -> [EventID: JSONObject] {
        if ids.isEmpty { return [:] }
        let events = try await database.query(Self.findEvents, .idArray(ids)).compactMap { Event(tested: $0) }
        let targets = try await eyes.targets(of: events, in: database)
        return Dictionary(
            events.compactMap { event in eyes.view(of: event, targets).map { (event.id, $0) } },
            uniquingKeysWith: { $1 })
    }

    mutating func keep(_ shown: () -> Set<EventID>) {}
}

/// What would have been told of what is stored now, had it come when it happened.
struct RetoldHistory: BacktestHistory {
    private let rule: RuleContent
    private let database: Database
    private var past: any PastEvents
    private var views: [EventID: JSONObject] = [:]
    let isWhole = true

    init(_ rule: RuleContent, _ past: any PastEvents, in database: Database) {
        (self.rule, self.past, self.database) = (rule, past, database)
    }

    nonisolated(nonsending) mutating func next(_ eyes: HistoryEyes) async throws -> HistoryPage? {
        guard let events = try await past.next() else { return nil }
        let targets = try await eyes.targets(of: events, in: database)
        var page = HistoryPage()
        for event in events {
            guard let view = eyes.view(of: event, targets) else { continue }
            page.seen += 1
            page.take(event, view, for: rule)
        }
        for (event, view) in page.events { views[event.id] = view }
        return page
    }

    nonisolated(nonsending) func views(
        of ids: [EventID], _ eyes: HistoryEyes
    ) async throws -> [EventID: JSONObject] {
        Dictionary(uniqueKeysWithValues: ids.compactMap { id in views[id].map { (id, $0) } })
    }

    mutating func keep(_ shown: () -> Set<EventID>) {
        if views.isEmpty { return }
        let shown = shown()
        views = views.filter { shown.contains($0.key) }
    }
}
