import Access
import Events
import Expressions
import HTTPServer
import JSON
import Kernel
import Postgres

/// A rule over what is stored: what it would have fired, and what would have been sent.
struct Backtest {
    /// Events of one page: some milliseconds of the loop's time. It stands in the statements as a number,
    /// since PostgreSQL plans for a parameter as if it were a tenth of the table.
    static let pageEvents = 2_000
    static let eventsAtMost = 50_000_000
    /// Firings that are told one by one; more are counted.
    static let toldAtMost = 10_000

    /// An event as it is stored, read as far as the rule asks.
    struct Stored {
        let position: EventPosition
        let at: Timestamp
        let type: EventType
        let subject: String?
        let actor: PrincipalID?
        let data: RawMembers

        var event: Event {
            let object = (try? JSONValue.parse(data.bytes))?.asObject ?? JSONObject()
            let actor = Actor(principal: actor, accessToken: nil, address: nil)
            return Event(id: position.id, at: at, type: type, subject: subject, actor: actor, data: object)
        }
    }

    /// Whose eyes it is read with: all of them must see an event.
    struct Eyes {
        let sights: [EventSight]
        let things: TargetSource

        nonisolated(nonsending) func targets(
            of events: [Event], in database: Database
        ) async throws -> Targets {
            try await things.targets(
                of: events.lazy.map { EventTopic(of: $0).thing }, for: sights.lazy.map(\.rights),
                EventSight(of: .none).askedOfThings, in: database)
        }

        /// Nil: it is not for all of them.
        func view(of event: Event, _ targets: Targets) -> JSONObject? {
            let topic = EventTopic(of: event)
            guard sights.allSatisfy({ $0.sees(event.type, topic, targets) }) else { return nil }
            return sights.reduce(EventView.flat(event)) {
                EventView.drawn($0, of: event, seenBy: $1, targets)
            }
        }
    }

    let rule: AlertRule
    let from: Timestamp
    let to: Timestamp
    let eyes: Eyes
    let database: Database
    let clock: Clock

    // MARK: Running

    nonisolated(nonsending) func write(to writer: any BodyWriter) async throws {
        var report = BacktestReport(rule, from: from, to: to)
        var run = RuleRun(rule.content, from: from)
        let began = clock.monotonicNanoseconds()
        var place = EventPosition.beginning
        var isMore = true
        while isMore {
            if writer.isDraining { throw BodyError.disconnected }
            let page = try await read(after: place)
            report.read += page.count
            isMore = page.count == Self.pageEvents && report.read < Self.eventsAtMost
            if let last = page.last { place = last.position }
            let fitting = page.filter { mayMatter($0) }.map(\.event)
            let targets = try await eyes.targets(of: fitting, in: database)
            var fired: [(outcome: RuleRun.Outcome, view: JSONObject?)] = []
            for event in fitting {
                guard let view = eyes.view(of: event, targets), rule.content.concerns(event, view) else {
                    continue
                }
                let occurrence = RuleMachine.Occurrence(
                    id: event.id, at: event.at, type: event.type, event: .object(JSONFields(view)))
                fired += run.take(occurrence, view).map { ($0, $0.transition.event == event.id ? view : nil) }
            }
            if !isMore { fired += run.advance(to: min(to, clock.now())).map { ($0, nil) } }
            report.isWhole = page.count < Self.pageEvents
            try await tell(fired, in: &report, to: writer)
        }
        report.groups = run.groupCount
        report.nanoseconds = clock.monotonicNanoseconds() &- began
        try await writer.write(report.summary)
    }

    /// Most events are none of the rule's, which two or three of their fields tell.
    private func mayMatter(_ stored: Stored) -> Bool {
        guard rule.content.ignoresMisses, let when = rule.content.when else { return true }
        var memory = CrossingMemory()
        return when.evaluate(.object(StoredFields(stored)), remembering: &memory) != .fails
    }

    private nonisolated(nonsending) func tell(
        _ fired: [(outcome: RuleRun.Outcome, view: JSONObject?)], in report: inout BacktestReport,
        to writer: any BodyWriter
    ) async throws {
        guard !fired.isEmpty else { return }
        let shown = Set(fired.filter { $0.view == nil }.compactMap(\.outcome.transition.event))
        let events = shown.isEmpty ? [] : try await find(Array(shown))
        let targets = try await eyes.targets(of: events, in: database)
        let views = Dictionary(
            events.compactMap { event in eyes.view(of: event, targets).map { (event.id, $0) } },
            uniquingKeysWith: { $1 })
        var lines: [UInt8] = []
        for item in fired {
            let view = item.view ?? item.outcome.transition.event.flatMap { views[$0] } ?? JSONObject()
            lines += report.line(item.outcome, view)
        }
        if !lines.isEmpty { try await writer.write(lines) }
    }

    // MARK: What is stored

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

    private nonisolated(nonsending) func find(_ ids: [EventID]) async throws -> [Event] {
        try await database.query(Self.findEvents, .idArray(ids)).compactMap { Event(tested: $0) }
    }

    private nonisolated(nonsending) func read(after place: EventPosition) async throws -> [Stored] {
        let types = EventType.all.filter(rule.content.takes)
        let own = rule.content.on.filter(\.takesCustom)
        let prefixes = own.filter { $0.text.hasSuffix(".*") }.map {
            String($0.text.dropLast()).replacing("_", with: "\\_") + "%"
        }
        let names = types.map(\.name) + own.filter { !$0.text.hasSuffix(".*") }.map(\.text)
        let statement = types.contains(where: \.isUse) ? Self.readAll : Self.readEvents
        return try await database.query(
            statement, .int32(place.era), .text(String(place.transaction)), .id(place.id), .timestamp(from),
            .timestamp(to), .textArray(names), .textArray(prefixes)
        ).compactMap { Stored($0) }
    }
}

extension Backtest.Stored {
    fileprivate init?(_ row: Row) {
        guard let type = EventType(row.text(4)) else { return nil }
        self.init(
            position: EventPosition(
                era: Int32(row.int(0)), transaction: UInt64(row.text(1)) ?? 0, id: row.id(2)),
            at: row.timestamp(3), type: type, subject: row.optionalText(5),
            actor: row.optionalText(6).flatMap { PrincipalID($0) },
            data: RawMembers(row.withBytes(7) { Array($0) }))
    }
}

/// The fields of `EventView`, each made when it is asked for.
private struct StoredFields: FieldSource {
    private let stored: Backtest.Stored

    init(_ stored: Backtest.Stored) { self.stored = stored }

    func field(_ name: String) -> FieldValue {
        switch name {
        case "id": .value(.string(stored.position.id.description))
        case "type": .value(.string(stored.type.name))
        case "at": .value(.string(stored.at.description))
        case "subject": .value(stored.subject.map { .string($0) } ?? .null)
        case "security": .value(.bool(stored.type.isSecurity))
        case "actor_id": .value(stored.actor.map { .string($0.description) } ?? .null)
        default: stored.data.value(name).map { Value.json($0) } ?? .absent
        }
    }

    var fieldNames: [String] {
        EventType.envelopeFields.map(\.name) + stored.data.names
    }
}
