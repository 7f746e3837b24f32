import Access
import Exchanges
import JSON
import Kernel

/// One version of a key that is to be deleted at its exchange, until the exchange is seen to refuse it.
struct KeyDeletion: Sendable {
    enum Way: String, CaseIterable, Sendable {
        /// By a request of ours.
        case api
        /// By somebody on the exchange's website.
        case person
    }

    enum State: String, CaseIterable, Sendable {
        case due
        /// Said to be done; nobody has seen it.
        case deleted
        /// The exchange said that there is no such key.
        case proven
    }

    enum Step: String { case send, look }

    /// Requests that ask for one deletion, each after the exchange was seen to take the key still.
    static let sendsAtMost = 3
    /// Within it an exchange may take a key that it has deleted, and a request may still be under way.
    static let settling: Period = .minutes(1)
    static let destroyed = "destroyed before proof"

    let key: ExchangeKeyID
    let version: Int
    let exchange: ExchangeName
    var way: Way
    var state: State
    /// nil: nothing more is done about it.
    var dueAt: Timestamp?
    /// How often the exchange was asked whether it still takes the key.
    var attempts: Int
    var sends: Int
    /// The newest request to delete, unless the exchange was seen to take the key since.
    var sentAt: Timestamp?
    var checkedAt: Timestamp?
    /// What the exchange said then, as `verify` tells it.
    var outcome: String?
    var error: String?
    let createdAt: Timestamp
    var deletedAt: Timestamp?
    /// nil when the exchange itself said so.
    var deletedBy: String?
    var provenAt: Timestamp?
    /// `ProofOfRefusal.json`.
    var proof: [UInt8]?
}

extension KeyDeletion {
    /// A request to delete is never sent again before somebody has looked whether the first one worked.
    var step: Step {
        way == .api && state == .due && sentAt == nil && sends < Self.sendsAtMost ? .send : .look
    }

    /// Written before the request leaves.
    mutating func willSend(at now: Timestamp) {
        sends += 1
        sentAt = now
    }

    /// - Parameter refusal: nil when the exchange said that it is done.
    mutating func heard(_ refusal: ProbeOutcome?, at now: Timestamp) {
        guard isWaiting else { return }
        dueAt = now + Self.settling
        guard let refusal else {
            (state, deletedAt, deletedBy, error) = (.deleted, now, nil, nil)
            return
        }
        error = "The deletion was not confirmed: " + refusal.summary
        if case .refused(.permissionMissing) = refusal { giveToPerson("The key may not delete itself.") }
    }

    /// What a look found, and what follows.
    /// - Parameter before: as it was when the look began, which tells nothing of what was sent or said since.
    mutating func saw(_ seen: ProbeSighting, since before: KeyDeletion) {
        guard isWaiting else { return }
        attempts += 1
        (checkedAt, outcome) = (seen.at, seen.outcome.name)
        if let found = ProofOfRefusal(seen, by: exchange) {
            (state, provenAt, proof) = (.proven, seen.at, found.json.bytes)
            (dueAt, error) = (nil, nil)
            return
        }
        if seen.isTaken {
            isStillTaken(since: before, at: seen.at)
        } else {
            error = seen.outcome.summary
        }
        // What nobody can prove is not asked about on and on.
        let isOver = state == .deleted && !exchange.tellsOfNoKey
        dueAt = isOver ? nil : DeletionSchedule.next(for: key, attempts: attempts, after: seen.at)
    }

    private mutating func isStillTaken(since before: KeyDeletion, at now: Timestamp) {
        if state == .deleted, deletedAt == before.deletedAt {
            error = "It was said to be deleted, but the exchange still takes the key."
            (state, deletedAt, deletedBy) = (.due, nil, nil)
        } else if state == .due, way == .api, sentAt != nil {
            error = "The exchange still takes the key."
        }
        if let sentAt, sends == before.sends, sentAt + Self.settling <= now { self.sentAt = nil }
        if way == .api, sentAt == nil, sends >= Self.sendsAtMost {
            giveToPerson("The exchange still takes the key after \(sends) requests to delete it.")
        }
    }

    private mutating func giveToPerson(_ why: String) {
        way = .person
        error = why
    }

    /// Somebody says that they deleted it: the exchange is asked at once.
    mutating func mark(by person: String, at now: Timestamp) {
        (state, deletedAt, deletedBy, error) = (.deleted, now, person, nil)
        dueAt = exchange.tellsOfNoKey ? now : nil
    }

    var isWaiting: Bool { state != .proven && error != Self.destroyed }
}

extension ProbeOutcome {
    var summary: String { detail ?? name }
}

/// When the exchange is asked again whether it still takes a key: later and later, spread by the key's own
/// id.
enum DeletionSchedule {
    private static let first: Period = .hours(1)
    private static let last: Period = .days(1)
    private static let doublings = 5

    static func next(for key: ExchangeKeyID, attempts: Int, after now: Timestamp) -> Timestamp {
        let doubled = first.microseconds << min(max(attempts - 1, 0), doublings)
        let base = min(last.microseconds, doubled)
        let share = Int64(key.uuid.low & 0x3FF)
        return now + Period(microseconds: base * 3 / 4 + base / 4 * share / 0x400)
    }
}

// MARK: What a person is told

extension KeyDeletion {
    /// What a person has to do.
    var instructions: String { Self.instructions(way, exchange, isDone: !isWaiting) }

    static func instructions(_ way: Way, _ exchange: ExchangeName, isDone: Bool = false) -> String {
        let title = Exchange.of(exchange).title
        if isDone { return "Nothing is left to do." }
        let proof =
            exchange.tellsOfNoKey
            ? "\(title) is asked now and then until it says that there is no such key."
            : "\(title) gives no proof that a key is gone: what you say is the end of it."
        switch way {
        case .api:
            return "Nothing, unless it is told to be stuck: \(title) is asked to delete the key. \(proof)"
        case .person:
            return """
                Delete the key on \(title)'s website (\(exchange.pageOfKeys)), then say so by POST \
                /v1/keys/{key_id}/versions/{version}/deletion/mark. \(proof)
                """
        }
    }
}

extension KeyDeletion: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("key_id", key.description)
            w.field("version", version)
            w.field("exchange", exchange.rawValue)
            w.field("way", way.rawValue)
            w.field("state", state.rawValue)
            w.field("instructions", instructions)
            w.field("due_at", dueAt?.description)
            w.field("requests", sends)
            w.field("checks", attempts)
            w.field("checked_at", checkedAt?.description)
            w.field("outcome", outcome)
            w.field("error", error)
            w.field("created_at", createdAt.description)
            w.field("deleted_at", deletedAt?.description)
            w.field("deleted_by", deletedBy)
            w.field("proven_at", provenAt?.description)
            if let proof { w.raw("proof", proof) } else { w.null("proof") }
        }
    }
}
