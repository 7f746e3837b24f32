import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// One transaction of a gatherer.
struct EventGathering {
    typealias Outcome = Result<EventGatherer.Answer, any Error>

    /// What carries an Idempotency-Key and is refused leaves no trace of it: all is undone, and done again
    /// without it.
    struct Refused: Error {
        let place: Int
        let problem: Problem
    }

    private static let place = Statement(
        "event_place", "select installation.era, pg_current_xact_id()::text from installation")

    private let posts: [EventGatherer.Post]

    init(_ posts: [EventGatherer.Post]) { self.posts = posts }

    /// What became of each, committed.
    nonisolated(nonsending) func run(_ ledger: Ledger) async throws -> [Outcome] {
        try await ledger.change(together: posts.map(\.context)) { changes in
            var outcomes = posts.map { _ in Outcome.failure(IdempotencyKeys.taken) }
            let places = changes.indices.filter { changes[$0] != nil }
            let items = places.compactMap { place in
                changes[place].map { EventIntake.Item(change: $0, event: posts[place].event) }
            }
            guard let transaction = items.first?.change.transaction else { return outcomes }
            let verdicts = try await EventIntake.store(items, in: transaction)
            let told = try await tell(items, verdicts, in: transaction)
            for (place, outcome) in zip(places, told) {
                if case .failure(let problem as Problem) = outcome, posts[place].context.idempotency != nil {
                    throw Refused(place: place, problem: problem)
                }
                outcomes[place] = outcome
            }
            return outcomes
        }
    }

    private nonisolated(nonsending) func tell(
        _ items: [EventIntake.Item], _ verdicts: [EventBatch.Verdict], in transaction: Transaction
    ) async throws -> [Outcome] {
        let row = try await transaction.query(Self.place)[0]
        let place = (era: Int32(row.int(0)), transaction: UInt64(row.text(1)) ?? 0)
        var stored: [EventID: FeedEvent] = [:]
        for (item, verdict) in zip(items, verdicts) {
            guard case .stored(let id) = verdict else { continue }
            item.change.audit("events.push", id, detail: ["events": 1])
            stored[id] = item.event(
                at: EventPosition(era: place.era, transaction: place.transaction, id: id))
        }
        var outcomes: [Outcome] = []
        for verdict in verdicts {
            outcomes.append(try await outcome(of: verdict, stored, in: transaction))
        }
        return outcomes
    }

    private nonisolated(nonsending) func outcome(
        of verdict: EventBatch.Verdict, _ stored: [EventID: FeedEvent], in transaction: Transaction
    ) async throws -> Outcome {
        switch verdict {
        case .stored(let id):
            guard let event = stored[id] else { preconditionFailure("what is stored has a place") }
            return .success(EventGatherer.Answer(status: .created, event: event))
        case .repeated(let id):
            // One of the same moment is not a row yet.
            var event = stored[id]
            if event == nil { event = try await EventStore.find(id, in: transaction) }
            guard let event else {
                return .failure(Problem(.conflict, "It was stored, and is no longer kept."))
            }
            return .success(EventGatherer.Answer(status: .ok, event: event))
        case .refused(let code, _):
            return .failure(
                Problem(
                    .validationFailed, "The body does not fit.",
                    errors: [FieldError(pointer: "/id", code: code, message: EventIntake.takenWords)]))
        }
    }
}

extension EventIntake.Item {
    /// As the feed will tell it.
    fileprivate func event(at position: EventPosition) -> FeedEvent {
        FeedEvent(
            position: position, at: change.context.now, type: event.type, subject: event.subject,
            actor: change.context.actor, data: JSONValue.object(event.data).bytes)
    }
}
