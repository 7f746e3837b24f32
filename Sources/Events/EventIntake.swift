import Access
import JSON
import Kernel
import Postgres

/// Stores own events within a change, each once under its id.
struct EventIntake {
    static let takenCode = "id_taken"
    private static let taken = EventBatch.Verdict.refused(
        code: takenCode, message: "/id belongs to another event of yours")

    let change: Change

    /// What becomes of each row; the first of those with one id counts.
    nonisolated(nonsending) func store(_ rows: [EventBatch.Row]) async throws -> [EventBatch.Judged] {
        let principal = change.context.actor.principal
        var first: [String: [UInt8]] = [:]
        if principal != nil {
            for event in rows.lazy.map(\.event) {
                if let id = event.id, first[id] == nil { first[id] = event.digest }
            }
        }
        var known: [String: OwnEventIDs.Earlier] = [:]
        if let principal {
            known = try await OwnEventIDs.claim(
                first, of: principal, at: change.context.now, in: change.transaction)
        }
        var named: [(id: String, event: EventID)] = []
        let judged = rows.map { row in
            let verdict = judge(row.event, &known)
            if let id = row.event.id, case .stored(let event) = verdict { named.append((id, event)) }
            return EventBatch.Judged(line: row.line, id: row.event.id, verdict: verdict)
        }
        if let principal {
            try await OwnEventIDs.name(named, of: principal, in: change.transaction)
        }
        return judged
    }

    private func judge(
        _ custom: CustomEvent, _ known: inout [String: OwnEventIDs.Earlier]
    ) -> EventBatch.Verdict {
        if let id = custom.id, let earlier = known[id] {
            return earlier.digest == custom.digest ? .repeated(earlier.event) : Self.taken
        }
        let event = change.emit(NewEvent(custom.type, subject: custom.subject, data: custom.data))
        if let id = custom.id {
            known[id] = OwnEventIDs.Earlier(digest: custom.digest, event: event.id)
        }
        return .stored(event.id)
    }
}
