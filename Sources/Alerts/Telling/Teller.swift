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
        guard let row = try await transaction.query(Authority.readEpoch).first else {
            throw PostgresError.unavailable
        }
        let (configuration, now) = (row.int64(1), ledger.clock.now())
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
        let flooded = try await RouteFloods.count(tellings, plans, at: now, in: transaction)
        for (place, routes) in flooded {
            plans[place] = TellingPlan(tellings[place], book, flooded: routes, at: now)
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
        guard let target = plan.target, plan.isToldNow else { return [] }
        return telling.events.map { event in
            var message = Message(alert: event, telling.alert, firedBy: telling.firedBy, to: target)
            message.withheld = plan.withheld
            return message
        }
    }
}

/// How many new alerts routes told in the running minute.
enum RouteFloods {
    private static let raise = Statement(
        "alert_route_flood",
        """
        insert into alert_route_flood as f (route, minute, alerts)
        select route, $3, alerts from unnest($1::uuid[], $2::bigint[]) as n (route, alerts) order by route
        on conflict (route) do update set minute = excluded.minute,
            alerts = excluded.alerts + case when f.minute = excluded.minute then f.alerts else 0 end
        returning route, alerts
        """)

    /// By place among the tellings, the routes that told enough one by one.
    nonisolated(nonsending) static func count(
        _ tellings: [Telling], _ plans: [TellingPlan], at now: Timestamp, in transaction: Transaction
    ) async throws -> [Int: Set<AlertRouteID>] {
        var places: [AlertRouteID: (route: AlertRoute, places: [Int])] = [:]
        for (place, (telling, plan)) in zip(tellings, plans).enumerated() {
            guard telling.isNew, !plan.chosen.isEmpty else { continue }
            for route in plan.routes where route.digestAbove != nil {
                places[route.id, default: (route, [])].places.append(place)
            }
        }
        guard !places.isEmpty else { return [:] }
        let rows = try await transaction.query(
            raise, .idArray(Array(places.keys)), .int64Array(places.values.map { Int64($0.places.count) }),
            .timestamp(now.minute))
        var flooded: [Int: Set<AlertRouteID>] = [:]
        for row in rows {
            guard let (route, met) = places[row.id(0)], let most = route.digestAbove else { continue }
            let before = row.int(1) - met.count
            for place in met.dropFirst(max(0, most - before)) { flooded[place, default: []].insert(route.id) }
        }
        return flooded
    }
}
