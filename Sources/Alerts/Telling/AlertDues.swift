package import Access
package import Events
import JSON
package import Jobs
import Kernel
import Postgres

/// What time does to alerts: acknowledgements end, nobody acknowledged, what was held is told, silences end.
package struct AlertDues {
    /// Rows of one transaction.
    static let batch = 200

    private static let overdue = Statement(
        "alert_acknowledgement_over",
        """
        select id from alert where state = 'firing' and ack_until <= $1 order by ack_until
        for no key update skip locked limit $2
        """)
    /// Where an alert comes and goes, its steps wait until it fires again.
    private static let takeSteps = Statement(
        "alert_due_steps",
        """
        delete from alert_due where id in (
            select d.id from alert_due d where d.kind = 'escalation' and d.due_at <= $1 and not exists (
                select from alert_flap f join alert a on a.id = f.alert
                where f.alert = d.alert and a.state = 'resolved')
            order by d.due_at for update of d skip locked limit $2)
        returning alert, route, step
        """)
    private static let endSilences = Statement(
        "silence_lapse",
        """
        update silence set ended_at = $1, revision = revision + 1
        where id in (select id from silence where ended_at is null and ends_at <= $1
            order by ends_at for no key update skip locked limit $2)
        returning id
        """)

    private let ledger: Ledger
    private let engine: AlertEngine
    private let alerts: AlertStore
    private let origin: String
    private let held: HeldTellings
    private let flaps: FlapTellings

    package init(
        ledger: Ledger, engine: AlertEngine, things: TargetSource = .none, rights: RightsReader,
        origin: String, enqueue: @escaping CourseEngine.Enqueue
    ) {
        (self.ledger, self.engine, self.origin) = (ledger, engine, origin)
        alerts = AlertStore(database: ledger.database)
        held = HeldTellings(
            ledger: ledger, teller: engine.teller, things: things, rights: rights, origin: origin,
            enqueue: enqueue)
        flaps = FlapTellings(ledger: ledger, engine: engine, alerts: alerts, origin: origin)
    }

    package var job: Job {
        Job(
            "alert-dues",
            "Ends acknowledgements and silences, escalates alerts that nobody acknowledged, and tells what "
                + "quiet hours and floods held.", every: .seconds(10)
        ) { run in
            var (counts, failure): (JSONObject, (any Error)?) = (JSONObject(), nil)
            // What one of them fails on is nothing to the others.
            for step in steps {
                do {
                    let count = try await run.inSteps(of: step.rows) { try await step.work(run) }
                    _ = counts.append(step.name, .number(JSONNumber(count)))
                } catch {
                    failure = failure ?? error
                }
            }
            if let failure { throw failure }
            return counts
        }
    }

    private struct Step {
        let name: String
        /// Of one transaction.
        let rows: Int
        let work: nonisolated(nonsending) (JobRun) async throws -> Int
    }

    private var steps: [Step] {
        [
            Step(name: "silences_ended", rows: Self.batch) { try await endSilences($0) },
            Step(name: "reopened", rows: Self.batch) { try await reopen($0) },
            Step(name: "escalated", rows: Self.batch) { try await escalate($0) },
            Step(name: "settled", rows: Self.batch) { try await flaps.settle($0) },
            Step(name: "flapping_told", rows: Self.batch) { try await flaps.remind($0) },
            Step(name: "held_told", rows: HeldTellings.batch) { try await held.tell($0) },
            Step(name: "hidden_counted", rows: SilenceTally.batch) { _ in
                try await ledger.database.transaction { try await SilenceTally.addUp(in: $0) }
            },
        ]
    }

    private nonisolated(nonsending) func reopen(_ run: JobRun) async throws -> Int {
        try await ledger.change(run.context) { change in
            let now = try await AgreedTime.now(change.context.now, in: change.transaction)
            let ids = try await change.transaction.query(
                Self.overdue, .timestamp(now), .int(Self.batch)
            ).map { $0.id(0, as: AlertKind.self) }
            guard !ids.isEmpty else { return 0 }
            for found in try await alerts.find(ids, in: change.transaction).sorted(by: { $0.id < $1.id }) {
                var alert = found
                let reason = Acknowledgement.End.time.rawValue
                alert.acknowledged = nil
                alert.reopened = Alert.Reopening(at: now, reason: reason)
                alert.revision += 1
                try await alerts.mark(alert, in: change.transaction)
                change.emit(alert.reopening(reason, found.acknowledged, origin: origin))
                change.audit("alerts.reopen", alert.id, detail: ["reason": .string(reason)])
            }
            return ids.count
        }
    }

    /// Each step asks again: whether it still fires, whether nobody looks after it, whether it is silenced.
    private nonisolated(nonsending) func escalate(_ run: JobRun) async throws -> Int {
        try await ledger.change(run.context) { change in
            let now = try await AgreedTime.now(change.context.now, in: change.transaction)
            let rows = try await change.transaction.query(
                Self.takeSteps, .timestamp(now), .int(Self.batch))
            let steps = rows.map { row in
                (
                    alert: row.id(0, as: AlertKind.self), route: row.id(1, as: AlertRouteKind.self),
                    step: row.int(2)
                )
            }.sorted { ($0.alert, $0.step) < ($1.alert, $1.step) }
            guard !steps.isEmpty else { return 0 }
            let book = try await engine.teller.book(in: change.transaction)
            let found = try await alerts.find(Array(Set(steps.map(\.alert))), in: change.transaction)
            let byID = Dictionary(found.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
            for due in steps {
                guard let alert = byID[due.alert], alert.wants(at: now),
                    let route = book.routes.first(where: { $0.id == due.route }),
                    route.steps.indices.contains(due.step - 1)
                else { continue }
                change.emit(
                    alert.escalation(due.step, of: route, origin: origin))
            }
            return steps.count
        }
    }

    private nonisolated(nonsending) func endSilences(_ run: JobRun) async throws -> Int {
        try await ledger.change(run.context) { change in
            let now = try await AgreedTime.now(change.context.now, in: change.transaction)
            let ids = try await change.transaction.query(
                Self.endSilences, .timestamp(now), .int(Self.batch)
            ).map { $0.id(0, as: SilenceKind.self) }.sorted()
            for id in ids {
                guard let silence = try await SilenceStore.find(id, in: change.transaction) else { continue }
                change.emit(silence.ending)
                change.audit("silences.lapse", id)
            }
            if !ids.isEmpty { change.touchesConfiguration = true }
            return ids.count
        }
    }
}

extension Alert {
    /// Somebody is wanted: it fires, and nobody looks after it.
    fileprivate func wants(at now: Timestamp) -> Bool {
        state == .firing && acknowledged?.stands(at: now) != true
    }

    fileprivate func escalation(_ step: Int, of route: AlertRoute, origin: String) -> NewEvent {
        event(
            .alertEscalated, origin,
            [
                "route_id": .string(route.id.description), "step": .number(JSONNumber(step)),
                "webhook_ids": .array(route.steps[step - 1].webhooks.map { .string($0.description) }),
            ])
    }
}
