import Access
import Events
import JSON
import Kernel
import Postgres
import Webhooks

/// Decides, in the transaction that writes what is to be told, whom it is told and when. One worker's.
final class Teller {
    private let ledger: Ledger
    private let receivers: WebhookDirectory
    private var newest: TellingBook?

    init(ledger: Ledger, receivers: WebhookDirectory) {
        (self.ledger, self.receivers) = (ledger, receivers)
    }

    /// As it stands in this transaction.
    nonisolated(nonsending) func book(in transaction: Transaction) async throws -> TellingBook {
        try await book(at: try await Authority.numbers(in: transaction).configuration)
    }

    private nonisolated(nonsending) func book(at configuration: Int64) async throws -> TellingBook {
        let now = ledger.clock.now()
        if let newest, newest.holds(configuration, at: now) { return newest }
        let fresh = try await TellingBook.load(configuration: configuration, at: now, from: ledger.database)
        // Never back to an older one, for a transaction that began earlier.
        if newest.map({ $0.configuration <= configuration }) ?? true { newest = fresh }
        return fresh
    }

    /// - Parameter now: the moment of telling; when it fired does not matter.
    nonisolated(nonsending) func tell(
        _ tellings: [Telling], at now: Timestamp, in transaction: Transaction
    ) async throws -> [Message] {
        guard !tellings.isEmpty else { return [] }
        let numbers = try await Authority.numbers(in: transaction)
        let book = try await book(at: numbers.configuration)
        let messages = tellings.map(\.message)
        let reach = try await receivers.reach(
            of: messages.compactMap(\.self), at: numbers, in: transaction)
        func plan(_ place: Int, _ flood: Floods.Flood = Floods.Flood()) -> TellingPlan {
            TellingPlan(tellings[place], book, flood, at: now) { webhook in
                messages[place].map { reach.takes(webhook, $0, as: .webhooks([webhook])) } ?? true
            }
        }
        var plans = tellings.indices.map { plan($0) }
        let floods = try await Floods.count(tellings, plans, at: now, in: transaction)
        for (place, flood) in floods { plans[place] = plan(place, flood) }
        let planned = zip(tellings, plans).map { Planned(telling: $0, plan: $1) }
        try await TellingStore.write(planned, at: now, newID: { ledger.newID() }, in: transaction)
        return try await SpokenNames.added(to: planned.flatMap(\.messages), in: transaction)
    }

    /// What people and time did to alerts that were told. Quiet hours hold it as they hold firings.
    nonisolated(nonsending) func say(
        _ events: [Event], in transaction: Transaction
    ) async throws -> [Message] {
        let said = try await AlertAudience.said(events, in: transaction)
        guard !said.isEmpty else { return [] }
        let (book, now) = (try await book(in: transaction), ledger.clock.now())
        var held: [TellingStore.Said] = []
        let messages = said.map { message, entry in
            var message = message
            for (webhook, end) in book.resting(entry, at: now)
            where !message.withheld.contains(webhook) {
                guard let alert = message.alert, let event = message.event,
                    let isSubscribed = message.target.wants(webhook)
                else { continue }
                message.withheld.insert(webhook)
                held.append(
                    TellingStore.Said(
                        alert: alert, webhook: webhook, isSubscribed: isSubscribed, event: event, until: end))
            }
            return message
        }
        try await TellingStore.hold(held, at: now, newID: { ledger.newID() }, in: transaction)
        return messages
    }

    /// Which webhooks get such messages.
    nonisolated(nonsending) func reach(
        of messages: [Message], in transaction: Transaction
    ) async throws -> WebhookReach {
        try await receivers.reach(
            of: messages, at: try await Authority.numbers(in: transaction), in: transaction)
    }

    /// Of alerts that nobody could be told of, whom they are for as it is now.
    /// - Parameter events: what is to be told of them.
    nonisolated(nonsending) func audiences(
        of lost: [AlertID], in events: [Event], _ transaction: Transaction
    ) async throws -> [AlertID: AlertAudience] {
        guard !lost.isEmpty else { return [:] }
        let tellings = try await AlertStore(database: ledger.database).find(lost, in: transaction).compactMap
        {
            alert in
            Telling(alert, events.filter { $0.subject == alert.id.description })
        }
        let book = try await book(in: transaction)
        let messages = tellings.map(\.message)
        let reach = try await reach(of: messages.compactMap(\.self), in: transaction)
        var found: [AlertID: AlertAudience] = [:]
        for (telling, message) in zip(tellings, messages) {
            let plan = TellingPlan(audienceOf: telling, book) { webhook in
                message.map { reach.takes(webhook, $0, as: .webhooks([webhook])) } ?? true
            }
            guard let target = plan.target else { continue }
            found[telling.alert] = AlertAudience(
                chosen: target.named, hasSubscribers: target.hasSubscribers)
        }
        return found
    }

    /// What was opened again or escalated.
    /// - Parameter events: `alert.reopened`, `alert.escalated`.
    nonisolated(nonsending) func tellAgain(
        _ events: [Event], in transaction: Transaction
    ) async throws -> [Message] {
        guard !events.isEmpty else { return [] }
        let ids = events.compactMap { $0.subject.flatMap { AlertID($0) } }
        let alerts = try await AlertStore(database: ledger.database).find(ids, in: transaction)
        let tellings = events.compactMap { event -> Telling? in
            guard let alert = alerts.first(where: { $0.id.description == event.subject }),
                var telling = Telling(alert, [event])
            else { return nil }
            telling.escalation = event.escalated
            // How a group that came and went is now lasts: whom a silence or hours kept it from is told then.
            telling.lasts = event.type == .alertFlapping || event.type == .alertSettled
            return telling
        }
        return try await tell(tellings, at: ledger.clock.now(), in: transaction)
    }
}

extension TellingBook {
    /// Whose hours it is, and until when.
    fileprivate func resting(
        _ entry: AlertAudience.Entry, at now: Timestamp
    ) -> [(webhook: WebhookID, until: Timestamp)] {
        quiet.flatMap { hours in
            hours.end(entry.severity, isSecurity: entry.isSecurity, at: now).map { end in
                hours.webhooks.map { ($0, end) }
            } ?? []
        }
    }
}

extension Telling {
    /// What receivers get of it last, whoever they are.
    fileprivate var message: Message? {
        events.last.map {
            Message(alert: $0, alert, firedBy: firedBy, isSecurity: isSecurity, to: .subscribers)
        }
    }
}

/// What is told, and whom.
struct Planned {
    let telling: Telling
    let plan: TellingPlan

    fileprivate var messages: [Message] {
        guard let target = plan.target else { return [] }
        return telling.events.enumerated().compactMap { place, event in
            guard plan.isTold(place) else { return nil }
            var message = Message(
                alert: event, telling.alert, firedBy: telling.firedBy, isSecurity: telling.isSecurity,
                to: target)
            message.withheld = plan.withheld(from: place)
            return message
        }
    }
}
