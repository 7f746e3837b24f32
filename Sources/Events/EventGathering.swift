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

    private let posts: [EventPosts.Post]

    init(_ posts: [EventPosts.Post]) { self.posts = posts }

    /// What became of each, committed.
    /// - Parameter leave: called when the commit is on its way.
    nonisolated(nonsending) func run(
        _ ledger: Ledger, leave: @escaping () -> Void
    ) async throws -> [Outcome] {
        let (places, judged, place) = try await ledger.change(together: posts.map(\.context)) { changes in
            let places = changes.indices.filter { changes[$0] != nil }
            let items = places.compactMap { place in
                changes[place].map { EventIntake.Item(change: $0, event: posts[place].event) }
            }
            items.first?.change.transaction.onCommitSent = leave
            // Leaves with the first statement; nobody waits for it.
            let place = items.first?.change.transaction.send(Self.place, [])
            return (places, try await judge(items, at: places), place)
        }
        var outcomes = posts.map { _ in Outcome.failure(IdempotencyKeys.taken) }
        guard let row = try await place?.rows().first else { return outcomes }
        let (era, transaction) = (Int32(row.int(0)), UInt64(row.text(1)) ?? 0)
        let stored = judged.reduce(into: [EventID: FeedEvent]()) { stored, judged in
            guard case .stored(let id, let item) = judged else { return }
            stored[id] = item.event(at: EventPosition(era: era, transaction: transaction, id: id))
        }
        for (place, judged) in zip(places, judged) { outcomes[place] = outcome(of: judged, stored) }
        return outcomes
    }

    private enum Judged {
        case stored(EventID, EventIntake.Item)
        /// Of the same moment.
        case repeated(EventID)
        case found(FeedEvent)
        case refused(Problem)
    }

    private nonisolated(nonsending) func judge(
        _ items: [EventIntake.Item], at places: [Int]
    ) async throws -> [Judged] {
        guard let transaction = items.first?.change.transaction else { return [] }
        let verdicts = try await EventIntake.store(items, in: transaction)
        var fresh: Set<EventID> = []
        var judged: [Judged] = []
        for (place, (item, verdict)) in zip(places, zip(items, verdicts)) {
            switch verdict {
            case .stored(let id):
                item.change.audit("events.push", id, detail: ["events": 1])
                fresh.insert(id)
                judged.append(.stored(id, item))
            case .repeated(let id) where fresh.contains(id): judged.append(.repeated(id))
            case .repeated(let id):
                if let event = try await EventStore.find(id, in: transaction) {
                    judged.append(.found(event))
                } else {
                    judged.append(
                        .refused(try refusal(of: place, .conflict, "It was stored, and is no longer kept.")))
                }
            case .refused(let code, _):
                let error = FieldError(pointer: "/id", code: code, message: EventIntake.takenWords)
                judged.append(
                    .refused(try refusal(of: place, .validationFailed, "The body does not fit.", [error])))
            }
        }
        return judged
    }

    private func refusal(
        of place: Int, _ code: ProblemCode, _ detail: String, _ errors: [FieldError] = []
    ) throws -> Problem {
        let problem = Problem(code, detail, errors: errors)
        if posts[place].context.idempotency != nil { throw Refused(place: place, problem: problem) }
        return problem
    }

    private func outcome(of judged: Judged, _ stored: [EventID: FeedEvent]) -> Outcome {
        switch judged {
        case .stored(let id, _):
            guard let event = stored[id] else { preconditionFailure("what is stored has a place") }
            return .success(EventGatherer.Answer(status: .created, event: event))
        case .repeated(let id):
            guard let event = stored[id] else { preconditionFailure("what it repeats has a place") }
            return .success(EventGatherer.Answer(status: .ok, event: event))
        case .found(let event): return .success(EventGatherer.Answer(status: .ok, event: event))
        case .refused(let problem): return .failure(problem)
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
