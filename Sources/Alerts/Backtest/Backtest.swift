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
    /// Firings whose events are in memory at once.
    private static let toldAtOnce = 1_000

    let rule: AlertRule
    let from: Timestamp
    let to: Timestamp
    let database: Database
    let clock: Clock
    /// Whose eyes it is read with now; nil: whoever asked may not any more.
    let look: nonisolated(nonsending) () async throws -> HistoryEyes?

    /// How long what somebody may see is taken to hold.
    private static let lookEvery: Period = .seconds(1)

    // MARK: Running

    nonisolated(nonsending) func write(to writer: any BodyWriter) async throws {
        var report = BacktestReport(rule, from: from, to: to)
        let began = clock.monotonicNanoseconds()
        var (eyes, lookedAt) = (try await currentEyes(), began)
        var run = RuleRun(
            rule.content, from: from, knowing: try await recalled(eyes, writer), room: .ofBacktest)
        var place = EventPosition.beginning
        var (isMore, read) = (true, 0)
        while isMore {
            if writer.isDraining { throw BodyError.disconnected }
            if clock.monotonicNanoseconds() &- lookedAt > UInt64(Self.lookEvery.nanoseconds) {
                (eyes, lookedAt) = (try await currentEyes(), clock.monotonicNanoseconds())
            }
            let page = try await self.read(after: place)
            read += page.count
            isMore = page.count == Self.pageEvents && read < Self.eventsAtMost
            if let last = page.last { place = last.position }
            let (seen, targets) = try await eyes.seen(page, in: database)
            report.events += seen.count
            let fitting = seen.filter { rule.content.mayConcern($0) }.map(\.event)
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
            for start in stride(from: 0, to: fired.count, by: Self.toldAtOnce) {
                let part = fired[start..<min(start + Self.toldAtOnce, fired.count)]
                try await tell(part, with: eyes, in: &report, to: writer)
            }
        }
        report.groupsDropped = run.groupsDropped
        report.nanoseconds = clock.monotonicNanoseconds() &- began
        try await writer.write(report.summary)
    }

    private nonisolated(nonsending) func currentEyes() async throws -> HistoryEyes {
        guard let eyes = try await look() else { throw BodyError.disconnected }
        return eyes
    }

    /// What the rule would have known when the backtest begins.
    private nonisolated(nonsending) func recalled(
        _ eyes: HistoryEyes, _ writer: any BodyWriter
    ) async throws -> [RuleRecall.Group] {
        var recall = RuleRecall(
            rule, before: nil, at: from, eyes: eyes, groupsAtMost: RuleRun.Room.ofBacktest.groups)
        while try await recall.read(from: database) {
            if writer.isDraining { throw BodyError.disconnected }
        }
        return Array(recall.groups.values)
    }

    private nonisolated(nonsending) func tell(
        _ fired: ArraySlice<(outcome: RuleRun.Outcome, view: JSONObject?)>, with eyes: HistoryEyes,
        in report: inout BacktestReport, to writer: any BodyWriter
    ) async throws {
        let isShown = !report.isFull
        let shown = Set(
            fired.filter { isShown && $0.view == nil }.compactMap(\.outcome.transition.event))
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

    private nonisolated(nonsending) func read(after place: EventPosition) async throws -> [StoredEvent] {
        let types = rule.content.storedTypes
        let statement = types.hasUses ? Self.readAll : Self.readEvents
        return try await database.report(
            statement, .int32(place.era), .text(String(place.transaction)), .id(place.id), .timestamp(from),
            .timestamp(to), .textArray(types.names), .textArray(types.prefixes)
        ).compactMap { StoredEvent($0) }
    }
}
