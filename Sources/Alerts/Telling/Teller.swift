import Access
import Events
import JSON
import Kernel
import Postgres
import Webhooks

/// Decides, in the transaction that writes what is to be told, whom it is told and when. One worker's.
final class Teller {
    private let ledger: Ledger
    private var newest: TellingBook?

    init(ledger: Ledger) { self.ledger = ledger }

    /// As it stands in this transaction.
    nonisolated(nonsending) func book(in transaction: Transaction) async throws -> TellingBook {
        let (_, configuration) = try await Authority.numbers(in: transaction)
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
        let book = try await book(in: transaction)
        var plans = tellings.map { TellingPlan($0, book, at: now) }
        let floods = try await Floods.count(tellings, plans, at: now, in: transaction)
        for (place, flood) in floods {
            plans[place] = TellingPlan(tellings[place], book, flood, at: now)
        }
        let planned = zip(tellings, plans).map { Planned(telling: $0, plan: $1) }
        try await TellingStore.write(planned, at: now, newID: { ledger.newID() }, in: transaction)
        return planned.flatMap(\.messages)
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
            return telling
        }
        return try await tell(tellings, at: ledger.clock.now(), in: transaction)
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
            var message = Message(alert: event, telling.alert, firedBy: telling.firedBy, to: target)
            message.withheld = plan.withheld(from: place)
            return message
        }
    }
}
