import Access
import JSON
import Kernel
import Postgres

/// Stores own events, each once under its id and within the change of whoever pushed it. All of one
/// transaction go through one call.
enum EventIntake {
    static let takenCode = "id_taken"
    static let takenWords = "belongs to another event of yours"
    private static let taken = EventBatch.Verdict.refused(code: takenCode, message: "/id \(takenWords)")

    struct Item {
        let change: Change
        let event: CustomEvent

        /// Nil: it has none, or its pusher is nobody.
        fileprivate var ownID: OwnID? {
            guard let principal = change.context.actor.principal, let id = event.id else { return nil }
            return OwnID(principal: principal, id: id)
        }
    }

    fileprivate struct OwnID: Hashable {
        let principal: PrincipalID
        let id: String
    }

    /// What becomes of each; the first of those with one id counts.
    nonisolated(nonsending) static func store(
        _ items: [Item], in transaction: Transaction
    ) async throws -> [EventBatch.Verdict] {
        var known = try await claim(items, in: transaction)
        var named: [PrincipalID: [(id: String, event: EventID)]] = [:]
        let verdicts = items.map { item in
            let verdict = judge(item, &known)
            if let own = item.ownID, case .stored(let event) = verdict {
                named[own.principal, default: []].append((own.id, event))
            }
            return verdict
        }
        for (principal, events) in named.sorted(by: { $0.key.uuid < $1.key.uuid }) {
            OwnEventIDs.name(events, of: principal, in: transaction)
        }
        return verdicts
    }

    /// What stands under ids that are not free.
    private nonisolated(nonsending) static func claim(
        _ items: [Item], in transaction: Transaction
    ) async throws -> [OwnID: OwnEventIDs.Earlier] {
        var wanted: [PrincipalID: (ids: [String: [UInt8]], now: Timestamp)] = [:]
        for item in items {
            guard let own = item.ownID else { continue }
            let now = item.change.context.now
            if wanted[own.principal]?.ids[own.id] == nil {
                wanted[own.principal, default: ([:], now)].ids[own.id] = item.event.digest
            }
        }
        var known: [OwnID: OwnEventIDs.Earlier] = [:]
        // Everybody takes them in the same order.
        for (principal, claim) in wanted.sorted(by: { $0.key.uuid < $1.key.uuid }) {
            let found = try await OwnEventIDs.claim(claim.ids, of: principal, at: claim.now, in: transaction)
            for (id, earlier) in found { known[OwnID(principal: principal, id: id)] = earlier }
        }
        return known
    }

    private static func judge(
        _ item: Item, _ known: inout [OwnID: OwnEventIDs.Earlier]
    ) -> EventBatch.Verdict {
        let custom = item.event
        if let own = item.ownID, let earlier = known[own] {
            return custom.isToldBy(earlier.digest) ? .repeated(earlier.event) : taken
        }
        let event = item.change.emit(NewEvent(custom.type, subject: custom.subject, data: custom.data))
        if let own = item.ownID {
            known[own] = OwnEventIDs.Earlier(digest: custom.digest, event: event.id)
        }
        return .stored(event.id)
    }
}
