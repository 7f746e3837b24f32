import Access
import JSON
import Kernel
import Postgres
import Webhooks

/// Times that follow each other or overlap.
struct Spans: Equatable, Sendable {
    private(set) var spans: [Range<Timestamp>] = []

    mutating func add(_ span: Range<Timestamp>) { spans.append(span) }

    func hold(at now: Timestamp) -> Bool { spans.contains { $0.contains(now) } }

    /// When it is over that holds now, with what follows it without a gap; nil when none does.
    func end(at now: Timestamp) -> Timestamp? {
        var end = now
        while let longer = spans.filter({ $0.contains(end) }).map(\.upperBound).max() { end = longer }
        return end == now ? nil : end
    }
}

/// A silence or a maintenance window that may hold.
struct Mute: Sendable {
    let reason: TellingReason
    let matchers: [LabelMatcher]
    let hidesSecurity: Bool
    var spans = Spans()

    func hides(_ facts: AlertFacts, isSecurity: Bool, at now: Timestamp) -> Bool {
        (hidesSecurity || !isSecurity) && spans.hold(at: now) && matchers.take(facts)
    }
}

/// When somebody's own webhooks wait.
struct QuietHours: Sendable {
    /// Whatever is said of days and hours.
    static let longest: Period = .hours(16)

    let principal: String
    let webhooks: [WebhookID]
    var spans = Spans()

    /// Nil: now they don't. What is critical and about security never waits.
    func end(_ severity: Severity, isSecurity: Bool, at now: Timestamp) -> Timestamp? {
        if severity == .critical && isSecurity { return nil }
        return spans.end(at: now).map { min($0, now + Self.longest) }
    }
}

/// All that decides who is told, as one configuration number stands for it. Immutable.
struct TellingBook: Sendable {
    /// Windows are worked out so far ahead; a day later the book is read again.
    private static let freshFor: Period = .days(1)

    let configuration: Int64
    let readAt: Timestamp
    var routes: [AlertRoute] = []
    var mutes: [Mute] = []
    var quiet: [QuietHours] = []
    /// Webhooks that take messages.
    var receivers: Set<WebhookID> = []
    /// Of these, those whose `event_types` take alerts.
    var subscribers: [WebhookID] = []
    /// Webhooks that are disabled or suspended, and may take messages again.
    var away: Set<WebhookID> = []
    var awaySubscribers: [WebhookID] = []

    func holds(_ configuration: Int64, at now: Timestamp) -> Bool {
        self.configuration == configuration && readAt <= now && now < readAt + Self.freshFor
    }
}

// MARK: Rows

extension TellingBook {
    private static let readSilences = Statement(
        "telling_silences",
        """
        select id, matchers, hides_security, starts_at, ends_at from silence
        where ended_at is null and ends_at > $1 order by id
        """)
    private static let readOnce = Statement(
        "telling_maintenance_once",
        """
        select id, matchers, starts_at, ends_at from maintenance_window
        where windows is null and ends_at > $1 order by id
        """)
    private static let readWeekly = Statement(
        "telling_maintenance_weekly",
        """
        select m.id, m.matchers, o.starts_at, o.ends_at
        from maintenance_window m cross join lateral weekly_openings(m.windows, m.time_zone, $1) o
        where m.windows is not null order by m.id, 3
        """)
    private static let readQuiet = Statement(
        "telling_quiet_hours",
        """
        select q.principal, q.webhooks, o.starts_at, o.ends_at
        from quiet_hours q cross join lateral weekly_openings(q.windows, q.time_zone, $1) o
        order by q.principal, 3
        """)

    private static let readReceivers = Statement(
        "telling_receivers",
        """
        select id, event_types && array['alert.*', 'alert.firing'], status in ('active', 'degraded')
        from webhook order by id
        """)

    /// - Parameter source: not the transaction that asks, whose own changes may yet be undone.
    nonisolated(nonsending) static func load(
        configuration: Int64, at now: Timestamp, from source: any Queryable
    ) async throws -> TellingBook {
        var book = TellingBook(configuration: configuration, readAt: now)
        book.routes = try await AlertRouteStore.all(in: source)
        for row in try await source.query(readSilences, .timestamp(now)) {
            let id = row.id(0, as: SilenceKind.self)
            guard let matchers = LabelMatcher.stored(row.json(1)) else { continue }
            let reason = TellingReason(kind: .silence, id: id.description, until: row.timestamp(4))
            book.add(Mute(reason: reason, matchers: matchers, hidesSecurity: row.bool(2)), row, from: 3)
        }
        let planned =
            try await source.query(readOnce, .timestamp(now)).map { $0 }
            + source.query(readWeekly, .timestamp(now)).map { $0 }
        for row in planned {
            let id = row.id(0, as: MaintenanceWindowKind.self)
            guard let matchers = LabelMatcher.stored(row.json(1)) else { continue }
            let reason = TellingReason(kind: .maintenance, id: id.description, until: row.timestamp(3))
            book.add(Mute(reason: reason, matchers: matchers, hidesSecurity: false), row, from: 2)
        }
        for row in try await source.query(readQuiet, .timestamp(now)) {
            let span = row.timestamp(2)..<max(row.timestamp(2), row.timestamp(3))
            if book.quiet.last?.principal == row.text(0) {
                book.quiet[book.quiet.count - 1].spans.add(span)
            } else {
                var hours = QuietHours(principal: row.text(0), webhooks: row.idArray(1))
                hours.spans.add(span)
                book.quiet.append(hours)
            }
        }
        for row in try await source.query(readReceivers) {
            if row.bool(2) {
                book.receivers.insert(row.id(0))
                if row.bool(1) { book.subscribers.append(row.id(0)) }
            } else {
                book.away.insert(row.id(0))
                if row.bool(1) { book.awaySubscribers.append(row.id(0)) }
            }
        }
        return book
    }

    private mutating func add(_ mute: Mute, _ row: Row, from first: Int) {
        var mute = mute
        mute.spans.add(row.timestamp(first)..<max(row.timestamp(first), row.timestamp(first + 1)))
        mutes.append(mute)
    }
}
