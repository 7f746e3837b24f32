import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Webhooks

/// What quiet hours and floods held, told when they are over: one alert as itself, several as one digest.
struct HeldTellings {
    /// Rows of one transaction.
    static let batch = 500

    private static let take = Statement(
        "alert_due_held",
        """
        delete from alert_due where id in (
            select id from alert_due where kind = 'held' and due_at <= $1 order by webhook, due_at
            for update skip locked limit $2)
        returning webhook, alert, is_subscribed, event, is_muted, lasts, is_said
        """)
    private static let readEvents = Statement(
        "alert_due_events",
        "select id, at, type, subject, actor, data from feed_event where id = any ($1::uuid[])")
    /// What was held of alerts, of which the last alone is told.
    private static let readHeld = Statement(
        "alert_due_held_events",
        """
        select alert, event from alert_telling where alert = any ($1::uuid[]) and verdict = 'held'
        order by id desc limit $2
        """)
    private static let heldAtMost = 5_000
    private static let hold = Statement(
        "alert_due_hold_on",
        """
        insert into alert_due (id, kind, alert, webhook, is_subscribed, event, due_at, is_muted, lasts,
            is_said)
        values ($1, 'held', $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (alert, webhook) where kind = 'held' do nothing
        """)
    private static let show = Statement(
        "alert_due_told",
        """
        update alert set untold = null, is_told = true, tells_subscribers = tells_subscribers or t.subscribed,
            told_to = array(
                select distinct unnest(told_to || string_to_array(t.named, ' ')::uuid[]) order by 1)
        from unnest($1::uuid[], $2::text[], $3::boolean[]) as t (id, named, subscribed) where alert.id = t.id
        """)
    private static let note = Statement(
        "alert_due_hidden",
        """
        insert into alert_telling (id, alert, event, at, verdict, reasons, webhooks)
        values ($1, $2, $3, $4, 'hidden', $5::text::json, array[$6::uuid])
        """)
    /// While nobody was told.
    private static let why = Statement(
        "alert_due_why",
        "update alert set untold = $2::text::json where id = $1 and untold is not null and not is_told")

    struct Row {
        let webhook: WebhookID
        let alert: AlertID
        let isSubscribed: Bool
        let event: EventID
        /// Hidden, and not told before.
        var isMuted: Bool
        let lasts: Bool
        /// Said of an alert that was told.
        let isSaid: Bool
    }

    /// One that is told now.
    struct Item {
        let row: Row
        let alert: Alert
        let type: EventType
    }

    let ledger: Ledger
    let teller: Teller
    let things: TargetSource
    let rights: OwnerRights
    let origin: String
    let enqueue: CourseEngine.Enqueue

    init(
        ledger: Ledger, teller: Teller, things: TargetSource, rights: RightsReader, origin: String,
        enqueue: @escaping CourseEngine.Enqueue
    ) {
        (self.ledger, self.teller, self.things, self.origin) = (ledger, teller, things, origin)
        self.rights = OwnerRights(database: ledger.database, reader: rights)
        self.enqueue = enqueue
    }

    nonisolated(nonsending) func tell(_ run: JobRun) async throws -> Int {
        var effect: (() -> Void)?
        let count = try await ledger.database.transaction { transaction in
            let now = try await AgreedTime.now(run.context.now, in: transaction)
            let rows = try await transaction.query(Self.take, .timestamp(now), .int(Self.batch)).map { row in
                Row(
                    webhook: row.id(0), alert: row.id(1), isSubscribed: row.bool(2), event: row.id(3),
                    isMuted: row.bool(4), lasts: row.bool(5), isSaid: row.bool(6))
            }.sorted { ($0.webhook, $0.alert) < ($1.webhook, $1.alert) }
            guard !rows.isEmpty else { return 0 }
            let receivers = try await HeldReceivers.read(
                Set(rows.map(\.webhook)), self.rights, in: transaction)
            let events = try await Self.events(rows.map(\.event), in: transaction)
            let items = try await self.judge(rows, receivers, events, at: now, in: transaction)
            let messages = try await self.messages(
                for: items, receivers, events, at: now, in: transaction)
            try await self.show(items, in: transaction)
            effect = try await self.enqueue(messages, transaction)
            return rows.count
        }
        effect?()
        return count
    }

    /// Decided again, at the moment of telling.
    private nonisolated(nonsending) func judge(
        _ rows: [Row], _ receivers: HeldReceivers, _ events: [EventID: Event], at now: Timestamp,
        in transaction: Transaction
    ) async throws -> [Item] {
        let book = try await teller.book(in: transaction)
        let found = try await AlertStore(database: ledger.database).find(
            Array(Set(rows.map(\.alert))), in: transaction)
        let alerts = Dictionary(found.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        var (items, hidden): ([Item], [TellingReason]) = ([], [])
        let reach = try await reach(rows, alerts, events, in: transaction)
        for row in rows {
            guard let alert = alerts[row.alert], let type = EventType(alert.eventType),
                let telling = Telling(alert, [])
            else { continue }
            // It came and went while it was hidden.
            if row.isMuted, alert.state != .firing { continue }
            let event = events[row.event]
            let wait = receivers.wait(for: row.webhook, since: event?.at, at: now)
            let quiet = event.flatMap { quietEnd(row, telling, book, since: $0.at, at: now) }
            if let end = [quiet, wait].compactMap(\.self).max() {
                try await hold(row, until: end, in: transaction)
                continue
            }
            let mutes = row.isSaid ? [] : mutes(of: telling, book, at: now)
            if row.lasts, alert.state == .firing, let end = mutes.compactMap({ $0.spans.end(at: now) }).max()
            {
                var row = row
                row.isMuted = true
                try await hold(row, until: end, in: transaction)
                continue
            }
            var reasons = row.isSaid ? [] : acknowledgement(of: alert, at: now) ?? mutes.map(\.reason)
            let item = Item(row: row, alert: alert, type: type)
            let isReached =
                receivers.able[row.webhook] != nil
                && event.map { reach.takes(row.webhook, item.message($0), as: item.target) } ?? true
            if reasons.isEmpty, !isReached {
                reasons = [TellingReason(kind: .webhook, id: row.webhook.description)]
            }
            if reasons.isEmpty {
                items.append(item)
            } else if !row.isSaid {
                hidden += reasons
                try await note(row, reasons, at: now, in: transaction)
            }
        }
        try await SilenceTally.note(hidden, newID: { ledger.newID(EventKind.self).uuid }, in: transaction)
        return items
    }

    /// Which webhooks get what was held for them.
    private nonisolated(nonsending) func reach(
        _ rows: [Row], _ alerts: [AlertID: Alert], _ events: [EventID: Event], in transaction: Transaction
    ) async throws -> WebhookReach {
        let messages = rows.compactMap { row -> Message? in
            guard let alert = alerts[row.alert], let type = EventType(alert.eventType) else { return nil }
            return events[row.event].map { Item(row: row, alert: alert, type: type).message($0) }
        }
        return try await teller.reach(of: messages, in: transaction)
    }

    /// Whatever is said of days and hours, no longer than that after it happened.
    private func quietEnd(
        _ row: Row, _ telling: Telling, _ book: TellingBook, since event: Timestamp, at now: Timestamp
    ) -> Timestamp? {
        let latest = event + QuietHours.longest
        guard now < latest else { return nil }
        return book.quiet.filter { $0.webhooks.contains(row.webhook) }.compactMap {
            $0.end(telling.severity, isSecurity: telling.isSecurity, at: now)
        }.max().map { min($0, latest) }
    }

    private nonisolated(nonsending) func hold(
        _ row: Row, until end: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            Self.hold, .id(ledger.newID(EventKind.self)), .id(row.alert), .id(row.webhook),
            .bool(row.isSubscribed), .id(row.event), .timestamp(end), .bool(row.isMuted), .bool(row.lasts),
            .bool(row.isSaid))
    }

    private nonisolated(nonsending) func note(
        _ row: Row, _ reasons: [TellingReason], at now: Timestamp, in transaction: Transaction
    ) async throws {
        let text = JSONValue.array(reasons.map(\.json)).text
        _ = try await transaction.query(
            Self.note, .id(ledger.newID(EventKind.self)), .id(row.alert), .id(row.event),
            .timestamp(now), .text(text), .id(row.webhook))
        _ = try await transaction.query(Self.why, .id(row.alert), .text(text))
    }

    private func acknowledgement(of alert: Alert, at now: Timestamp) -> [TellingReason]? {
        guard let acknowledged = alert.acknowledged, acknowledged.stands(at: now) else { return nil }
        return [TellingReason(kind: .acknowledgement, until: acknowledged.until)]
    }

    private func mutes(of telling: Telling, _ book: TellingBook, at now: Timestamp) -> [Mute] {
        book.mutes.filter { $0.hides(telling.facts, isSecurity: telling.isSecurity, at: now) }
    }

    private nonisolated(nonsending) func messages(
        for items: [Item], _ receivers: HeldReceivers, _ events: [EventID: Event], at now: Timestamp,
        in transaction: Transaction
    ) async throws -> [Message] {
        guard !items.isEmpty else { return [] }
        let held = try await held(of: items, in: transaction)
        let messages = Dictionary(grouping: items, by: \.row.webhook).sorted { $0.key < $1.key }.flatMap {
            webhook, items -> [Message] in
            guard let receiver = receivers.able[webhook] else { return [] }
            if receiver.isPager {
                return items.filter { $0.alert.state == .firing }.compactMap { item in
                    events[item.row.event].map { item.message($0, telling: held[item.alert.id] ?? []) }
                }
            }
            // A digest has many labels, so what the webhook filters by them is left out here.
            let items = items.filter { item in
                receiver.matchers.take(AlertFacts(item.alert, seenBy: receiver.owner))
            }
            let digest = items.filter {
                receiver.owner.mayInGeneral(.alertsRead) && receiver.owner.mayInGeneral($0.type.permission)
            }
            let isDigest = digest.count > 1 || digest.first.map { !$0.row.isSaid && $0.isOver } == true
            let alone =
                isDigest ? items.filter { item in !digest.contains { $0.alert.id == item.alert.id } } : items
            var messages = alone.compactMap { item in
                events[item.row.event].map { item.message($0, telling: held[item.alert.id] ?? []) }
            }
            if isDigest {
                var message = AlertDigest(digest).message(to: webhook, at: now, origin)
                message.events = digest.flatMap { [$0.row.event] + (held[$0.alert.id] ?? []) }
                messages.append(message)
            }
            return messages
        }
        return try await SpokenNames.added(to: messages, in: transaction)
    }

    private nonisolated(nonsending) func held(
        of items: [Item], in transaction: Transaction
    ) async throws -> [AlertID: [EventID]] {
        var held: [AlertID: [EventID]] = [:]
        let alerts = Array(Set(items.map(\.alert.id)))
        for row in try await transaction.query(Self.readHeld, .idArray(alerts), .int(Self.heldAtMost)) {
            held[row.id(0), default: []].append(row.id(1))
        }
        return held
    }

    /// As they are stored.
    nonisolated(nonsending) static func events(
        _ ids: [EventID], in transaction: Transaction
    ) async throws -> [EventID: Event] {
        guard !ids.isEmpty else { return [:] }
        var events: [EventID: Event] = [:]
        for row in try await transaction.query(readEvents, .idArray(Array(Set(ids)))) {
            if let event = Event(tested: row) { events[event.id] = event }
        }
        return events
    }

    private nonisolated(nonsending) func show(_ items: [Item], in transaction: Transaction) async throws {
        guard !items.isEmpty else { return }
        let alerts = Dictionary(grouping: items, by: \.alert.id).sorted { $0.key < $1.key }
        let named = alerts.map {
            $0.value.filter { !$0.row.isSubscribed }.map(\.row.webhook.uuid.description)
        }
        _ = try await transaction.query(
            Self.show, .idArray(alerts.map(\.key)), .textArray(named.map { $0.joined(separator: " ") }),
            .boolArray(alerts.map { $0.value.contains(where: \.row.isSubscribed) }))
    }
}

extension HeldTellings.Item {
    var isOver: Bool { alert.state == .resolved }

    fileprivate var target: Message.Target {
        row.isSubscribed ? .subscribed([row.webhook]) : .webhooks([row.webhook])
    }

    /// - Parameter earlier: what was held of it.
    fileprivate func message(_ event: Event, telling earlier: [EventID] = []) -> Message {
        var message = Message(
            alert: event, alert.id, firedBy: type, isSecurity: alert.isSecurity, to: target)
        message.events = earlier.filter { $0 != event.id }
        return message
    }
}
