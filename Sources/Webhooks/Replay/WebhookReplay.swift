import Access
import Channels
import Events
import JSON
import Kernel
import Postgres

/// What is sent again to one webhook: its dead letters of some time, or what it never got.
package struct WebhookReplay {
    static let deadAtMost = 10_000
    /// Without a rate of the webhook's own.
    private static let perSecond = 50
    /// Deliveries are kept for longer (`WebhookJobs.keepDelivered`): what is gone would look missing.
    static let reach = Period.days(29)

    /// What one call looks for of what is missing.
    package struct Limits: Sendable {
        package var messages = 1_000
        package var pageEvents = 500
        package var pages = 40

        package init() {}
    }

    struct Found: Equatable {
        var count = 0
        /// Found in the same time, for a further call.
        var remaining = 0
        var firstAt: Timestamp?
        var lastDueAt: Timestamp?
        /// The last event that was looked at, where the time may hold more; nil: all of it was.
        var end: End?

        struct End: Equatable {
            let event: EventID
            let at: Timestamp
        }
    }

    let webhook: Webhook
    let span: Range<Timestamp>
    /// Where a call before this one ended.
    var after: EventID?
    let isDry: Bool
    var limits = Limits()

    private var interval: Period {
        Period(microseconds: 1_000_000 / Int64(webhook.terms.maxPerSecond ?? Self.perSecond))
    }

    private func lastDue(_ count: Int, _ now: Timestamp) -> Timestamp? {
        isDry || count == 0 ? nil : now + interval * Double(count - 1)
    }
}

// MARK: Dead letters

extension WebhookReplay {
    /// - Parameter sight: what of them the caller may send.
    nonisolated(nonsending) func deadLetters(
        _ sight: DeliverySight.Listing, at now: Timestamp, in transaction: Transaction
    ) async throws -> Found {
        let parameters: [Parameter] = [
            .id(webhook.id), .timestamp(span.lowerBound), .timestamp(span.upperBound),
        ]
        let rows = try await transaction.query(
            Self.count(sight), parameters: parameters + sight.parameters)
        guard let row = rows.first, row.int(0) > 0 else { return Found() }
        let count = min(row.int(0), Self.deadAtMost)
        if !isDry {
            try await DeliveryQueue.lockLines(of: [webhook.id], in: transaction)
            let pacing: [Parameter] = [
                .timestamp(now), .int64(interval.microseconds), .int(Self.deadAtMost),
                .textArray(ChannelKind.allCases.filter(\.keepsState).map(\.rawValue)),
            ]
            _ = try await transaction.query(
                Self.revive(sight), parameters: parameters + pacing + sight.parameters)
        }
        return Found(
            count: count, remaining: row.int(0) - count, firstAt: row.optionalTimestamp(1),
            lastDueAt: lastDue(count, now))
    }

    private static let dead = "webhook = $1 and state = 'dead' and created_at >= $2 and created_at < $3 and"

    static func count(_ sight: DeliverySight.Listing) -> Statement {
        Statement(
            "webhook_replay_count",
            derived: [
                "select count(*), min(created_at) from delivery where", dead, sight.condition(after: 3),
            ].joined(separator: " "))
    }

    /// Out of any order, but for what keeps state there: of that the first of each line goes, as ever.
    static func revive(_ sight: DeliverySight.Listing) -> Statement {
        Statement(
            "webhook_replay_dead",
            derived: [
                """
                with found as (
                    select id, row_number() over (order by sequence) - 1 as place,
                        case when exists (select from webhook_channel c
                            where c.webhook = $1 and c.kind = any ($7::text[])) then order_key end as line,
                        row_number() over (partition by order_key order by sequence) > 1 as is_behind
                    from delivery where
                """, dead, sight.condition(after: 7),
                """
                    order by sequence limit $6
                ), spread as (
                    select id, line, $4::timestamptz + place * $5::bigint * interval '1 microsecond' as at,
                        line is not null and (is_behind or exists (select from delivery p
                            where p.webhook = $1 and p.order_key = line and p.state = 'pending')) as waits
                    from found
                )
                update delivery d set state = 'pending',
                    due_at = case when s.waits then 'infinity' else s.at end,
                    next_attempt_at = case when not s.waits then s.at end, schedule_at = s.at, counted = 0,
                    order_key = s.line, dead_reason = null, dead_at = null, leased_by = null
                from spread s where d.id = s.id and d.state = 'dead'
                """,
            ].joined(separator: " "))
    }
}

// MARK: What it never got

extension WebhookReplay {
    private static let unsent = Statement(
        "webhook_replay_unsent",
        """
        select e.id, e.at, e.type, e.subject, e.actor, e.data from feed_event e
        where e.at >= $2 and e.at < $3 and e.id > $4
            and (e.type = any ($5::text[]) or e.type like any ($6::text[]))
            and not exists (select from delivery d where d.webhook = $1 and d.event = e.id)
            and not exists (select from delivery d where d.webhook = $1 and d.events @> array[e.id])
            and not exists (select from delivery_batch_item i where i.webhook = $1 and i.event = e.id)
        order by e.id limit $7
        """)
    private static let spread = Statement(
        "webhook_replay_spread",
        """
        update delivery d set due_at = s.at, next_attempt_at = s.at, schedule_at = s.at
        from (select id, $2::timestamptz + (place - 1) * $3::bigint * interval '1 microsecond' as at
            from unnest($1::uuid[]) with ordinality as i (id, place)) as s
        where d.id = s.id and d.due_at < 'infinity'
        """)

    /// - Parameter sees: whether the caller may send it.
    nonisolated(nonsending) func missing(
        by outbox: WebhookOutbox, _ alerts: ReplayEndpoints.Alerts, at now: Timestamp,
        in transaction: Transaction,
        sees: nonisolated(nonsending) ([Message]) async throws -> [Message]
    ) async throws -> Found {
        var found: [Message] = []
        var last = after ?? EventID(UUID(high: 0, low: 0))
        var end: Found.End?
        for _ in 0..<limits.pages {
            let page = try await page(after: last, in: transaction)
            let messages =
                page.events.compactMap { Message($0) }
                + (try await alerts.messages(page.events, transaction))
            // Whom it was for and whoever subscribed may be one.
            var told: Set<EventID> = []
            found += try await sees(outbox.due(messages, for: webhook.id, in: transaction)).filter {
                $0.event.map { told.insert($0).inserted } ?? true
            }
            last = page.end?.event ?? last
            end = page.end
            if end == nil || found.count >= limits.messages { break }
        }
        found.sort { ($0.event?.uuid ?? last.uuid) < ($1.event?.uuid ?? last.uuid) }
        let sent = found.prefix(limits.messages)
        if sent.count < found.count, let cut = sent.last, let event = cut.event {
            end = Found.End(event: event, at: cut.timestamp)
        }
        if !isDry {
            let ids = try await outbox.enqueue(Array(sent), again: webhook.id, in: transaction)
            try await alerts.sent(Array(sent), webhook.id, transaction)
            _ = try await transaction.query(
                Self.spread, .idArray(ids), .timestamp(now), .int64(interval.microseconds))
        }
        return Found(
            count: sent.count, remaining: found.count - sent.count, firstAt: sent.map(\.timestamp).min(),
            lastDueAt: lastDue(sent.count, now), end: end)
    }

    /// Whoever they are for is not only whoever subscribed to them.
    private static let always = EventType.pagingNames.sorted() + EventType.blindness.map(\.name).sorted()

    /// - Returns: with where the next page begins, if there is one.
    private nonisolated(nonsending) func page(
        after last: EventID, in transaction: Transaction
    ) async throws -> (events: [Event], end: Found.End?) {
        let (names, areas) = EventPattern.split(webhook.eventTypes)
        let rows = try await transaction.query(
            Self.unsent, .id(webhook.id), .timestamp(span.lowerBound), .timestamp(span.upperBound),
            .id(last), .textArray(names + Self.always), .textArray(areas + ["alert.%"]),
            .int(limits.pageEvents))
        let isFull = rows.count == limits.pageEvents && !rows.isEmpty
        let end = isFull ? rows[rows.count - 1] : nil
        return (
            rows.compactMap { Event($0) }, end.map { Found.End(event: $0.id(0), at: $0.timestamp(1)) }
        )
    }
}

extension EventPattern {
    /// Types, and beginnings as `like` reads them.
    fileprivate static func split(_ texts: [String]) -> (names: [String], areas: [String]) {
        let areas = texts.filter { $0.hasSuffix(".*") }
        return (
            texts.filter { !$0.hasSuffix(".*") },
            areas.map { $0.dropLast().replacing("_", with: "\\_") + "%" }
        )
    }
}

extension Event {
    fileprivate init?(_ row: Row) {
        guard let type = EventType(row.text(2)), let data = (try? JSONValue.parse(row.json(5)))?.asObject
        else { return nil }
        let actor = Actor(
            principal: row.optionalText(4).flatMap { PrincipalID($0) }, accessToken: nil, address: nil)
        self.init(
            id: row.id(0), at: row.timestamp(1), type: type, subject: row.optionalText(3), actor: actor,
            data: data)
    }
}
