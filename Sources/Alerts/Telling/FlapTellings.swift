import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres

/// What time does to alerts that come and go.
struct FlapTellings {
    let ledger: Ledger
    let engine: AlertEngine
    let alerts: AlertStore
    let origin: String

    /// What came and went is quiet: whoever was told of that is told how it is now.
    nonisolated(nonsending) func settle(_ run: JobRun) async throws -> Int {
        try await tell(run, Flaps.over) { alert, _ in
            alert.event(
                .alertSettled, state: alert.state, origin,
                ["quiet_for": .string(Flaps.quietFor.description)])
        }
    }

    /// What goes on coming and going, and fires, is told again.
    nonisolated(nonsending) func remind(_ run: JobRun) async throws -> Int {
        try await tell(run, Flaps.toRemind) { $0.flapping($1.times, origin: origin) }
    }

    private nonisolated(nonsending) func tell(
        _ run: JobRun,
        _ take: nonisolated(nonsending) (Timestamp, Int, Transaction) async throws -> [Flaps.Left],
        _ event: (Alert, Flaps.Left) -> NewEvent
    ) async throws -> Int {
        var emitted: [EventID] = []
        defer { engine.forgetEnds(emitted) }
        return try await ledger.change(run.context) { change in
            let now = try await AgreedTime.now(change.context.now, in: change.transaction)
            let groups = try await take(now, AlertDues.batch, change.transaction).sorted {
                $0.alert < $1.alert
            }
            let held = try await HeldTellings.events(groups.flatMap(\.held), in: change.transaction)
            let wanted = groups.map(\.alert) + held.values.compactMap(\.alert)
            let found = try await alerts.find(Array(Set(wanted)), in: change.transaction)
            let byID = Dictionary(found.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
            for group in groups {
                var ends = group.held.compactMap { held[$0] }
                guard var alert = byID[group.alert] else { continue }
                // What is over is said of the one that was told, whose page is closed by that.
                if alert.state == .resolved, let last = ends.popLast() {
                    alert = last.alert.flatMap { byID[$0] } ?? alert
                }
                let told = change.emit(event(alert, group))
                emitted.append(told.id)
                engine.tell(ends, before: told.id)
            }
            return groups.count
        }
    }
}

extension Event {
    /// The alert that it tells of.
    fileprivate var alert: AlertID? { subject.flatMap { AlertID($0) } }
}
