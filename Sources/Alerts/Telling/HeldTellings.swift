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
        returning webhook, alert, is_subscribed, event
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
        insert into alert_due (id, kind, alert, webhook, is_subscribed, event, due_at)
        values ($1, 'held', $2, $3, $4, $5, $6)
        on conflict (alert, webhook) where kind = 'held' do nothing
        """)
    private static let show = Statement(
        "alert_due_told",
        """
        update alert set untold = null, is_told = true,
            told_to = array(
                select distinct unnest(told_to || string_to_array(t.named, ' ')::uuid[]) order by 1)
        from unnest($1::uuid[], $2::text[]) as t (id, named) where alert.id = t.id
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
                Row(webhook: row.id(0), alert: row.id(1), isSubscribed: row.bool(2), event: row.id(3))
            }.sorted { ($0.webhook, $0.alert) < ($1.webhook, $1.alert) }
            guard !rows.isEmpty else { return 0 }
            let receivers = try await HeldReceivers.read(
                Set(rows.map(\.webhook)), self.rights, in: transaction)
            let events = try await self.events(of: rows, in: transaction)
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
        for row in rows {
            guard let alert = alerts[row.alert], let type = EventType(alert.eventType),
                let telling = Telling(alert, [])
            else { continue }
            let wait = receivers.wait(for: row.webhook, since: events[row.event]?.at, at: now)
            if let end = [quietEnd(row, telling, book, at: now), wait].compactMap(\.self).max() {
                try await hold(row, until: end, in: transaction)
                continue
            }
            var reasons = hiding(alert, telling, book, at: now)
            if reasons.isEmpty, receivers.able[row.webhook] == nil {
                reasons = [TellingReason(kind: .webhook, id: row.webhook.description)]
            }
            if reasons.isEmpty {
                items.append(Item(row: row, alert: alert, type: type))
            } else {
                hidden += reasons
                try await note(row, reasons, at: now, in: transaction)
            }
        }
        try await SilenceTally.note(hidden, newID: { ledger.newID(EventKind.self).uuid }, in: transaction)
        return items
    }

    private func quietEnd(
        _ row: Row, _ telling: Telling, _ book: TellingBook, at now: Timestamp
    ) -> Timestamp? {
        book.quiet.filter { $0.webhooks.contains(row.webhook) }.compactMap {
            $0.end(telling.severity, isSecurity: telling.isSecurity, at: now)
        }.max()
    }

    private nonisolated(nonsending) func hold(
        _ row: Row, until end: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            Self.hold, .id(ledger.newID(EventKind.self)), .id(row.alert), .id(row.webhook),
            .bool(row.isSubscribed), .id(row.event), .timestamp(end))
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

    private func hiding(
        _ alert: Alert, _ telling: Telling, _ book: TellingBook, at now: Timestamp
    ) -> [TellingReason] {
        if let acknowledged = alert.acknowledged, acknowledged.stands(at: now) {
            return [TellingReason(kind: .acknowledgement, until: acknowledged.until)]
        }
        return book.mutes.filter {
            $0.hides(telling.facts, isSecurity: telling.isSecurity, at: now)
        }.map(\.reason)
    }

    private nonisolated(nonsending) func messages(
        for items: [Item], _ receivers: HeldReceivers, _ events: [EventID: Event], at now: Timestamp,
        in transaction: Transaction
    ) async throws -> [Message] {
        guard !items.isEmpty else { return [] }
        let held = try await held(of: items, in: transaction)
        return Dictionary(grouping: items, by: \.row.webhook).sorted { $0.key < $1.key }.flatMap {
            webhook, items -> [Message] in
            guard let receiver = receivers.able[webhook] else { return [] }
            if receiver.isPager {
                return items.filter { $0.alert.state == .firing }.compactMap { item in
                    events[item.row.event].map { item.message($0, telling: held[item.alert.id] ?? []) }
                }
            }
            // A digest has many labels, so what the webhook filters by them is left out here.
            let items = items.filter { item in
                receiver.matchers.allSatisfy { $0.takes(item.alert.labelTexts) }
            }
            let digest = items.filter {
                receiver.owner.mayInGeneral(.alertsRead) && receiver.owner.mayInGeneral($0.type.permission)
            }
            let isDigest = digest.count > 1 || digest.first?.alert.state == .resolved
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

    private nonisolated(nonsending) func events(
        of rows: [Row], in transaction: Transaction
    ) async throws -> [EventID: Event] {
        var events: [EventID: Event] = [:]
        for row in try await transaction.query(Self.readEvents, .idArray(Array(Set(rows.map(\.event))))) {
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
            Self.show, .idArray(alerts.map(\.key)), .textArray(named.map { $0.joined(separator: " ") }))
    }
}

extension HeldTellings.Item {
    /// - Parameter earlier: what was held of it.
    fileprivate func message(_ event: Event, telling earlier: [EventID]) -> Message {
        var message = Message(
            alert: event, alert.id, firedBy: type,
            to: row.isSubscribed ? .subscribed([row.webhook]) : .webhooks([row.webhook]))
        message.events = earlier.filter { $0 != event.id }
        return message
    }
}

/// Many alerts in one message: how many of which rule, and where to read them.
struct AlertDigest {
    /// Under 20 kB, with summaries of 240 characters.
    static let listedAtMost = 25

    private let items: [HeldTellings.Item]

    /// - Parameter items: of one webhook, at least one.
    init(_ items: [HeldTellings.Item]) { self.items = items.sorted { $0.alert.firstAt < $1.alert.firstAt } }

    func message(to webhook: WebhookID, at now: Timestamp, _ origin: String) -> Message {
        let permissions =
            [.alertsRead] + Set(items.map(\.type.permission)).sorted { $0.rawValue < $1.rawValue }
        let isSubscribed = items.allSatisfy(\.row.isSubscribed)
        var message = Message(
            type: Message.digestType, timestamp: now, data: data(origin), event: nil,
            permissions: permissions, to: isSubscribed ? .subscribed([webhook]) : .webhooks([webhook]))
        message.alerts = items.map(\.alert.id)
        return message
    }

    private func data(_ origin: String) -> JSONObject {
        var data = JSONObject()
        let severity = items.compactMap { Severity(rawValue: $0.alert.severity) }.max { $0.rank < $1.rank }
        let fields: KeyValuePairs<String, JSONValue> = [
            "severity": .string((severity ?? .info).rawValue), "summary": .string(summary),
            "count": .number(JSONNumber(items.count)), "rules": .array(rules),
            "alerts": .array(items.prefix(Self.listedAtMost).map { $0.alert.short(origin) }),
            "more": .number(JSONNumber(max(0, items.count - Self.listedAtMost))),
            "url": .string("\(origin)/alerts"),
        ]
        for (name, value) in fields { _ = data.append(name, value) }
        return data
    }

    private var byRule: [(rule: RuleReference, count: Int)] {
        Dictionary(grouping: items, by: \.alert.rule.id).values.compactMap { items in
            items.first.map { ($0.alert.rule, items.count) }
        }.sorted { ($1.count, $0.rule.name) < ($0.count, $1.rule.name) }
    }

    private var rules: [JSONValue] {
        byRule.prefix(Self.listedAtMost).map { rule, count in
            var object = rule.object
            _ = object.append("count", .number(JSONNumber(count)))
            return .object(object)
        }
    }

    /// The three rules that fired most.
    private var summary: String {
        let named = byRule.prefix(3).map { "\($0.count) × \($0.rule.name)" }.joined(separator: ", ")
        let word = items.count == 1 ? "alert" : "alerts"
        return "\(items.count) \(word): \(named)\(byRule.count > 3 ? ", and others" : "")"
    }
}

extension Alert {
    /// What a webhook's matchers see of it, as they see a message's.
    fileprivate var labelTexts: [String: String] {
        var texts: [String: String] = [:]
        for label in labels.members { texts[label.name] = label.value.asString }
        (texts["severity"], texts["rule"]) = (severity, rule.name)
        return texts
    }

    /// As a digest lists it.
    fileprivate func short(_ origin: String) -> JSONValue {
        [
            "alert_id": .string(id.description), "rule": .string(rule.name), "severity": .string(severity),
            "state": .string(state.rawValue), "summary": .string(summary),
            "count": .number(JSONNumber(count)), "url": .string(Self.url(of: id, origin: origin)),
        ]
    }
}
