package import Access
package import Exchanges
package import JSON

/// What other policies would have said of recorded requests.
package struct PolicyReplay: Sendable, Equatable {
    /// A request as it was, under the id by which people find it.
    package struct Recorded: Sendable {
        package let id: String
        package let facts: UseFacts
        /// It was allowed, and what it traded is not known any more.
        let isBeyondJudgement: Bool

        package init(_ id: String, _ facts: UseFacts, wasAllowed: Bool = false) {
            (self.id, self.facts) = (id, facts)
            isBeyondJudgement = wasAllowed && !facts.areInstrumentsKnown
        }
    }

    /// How often a clause of the new policies would deny; with `log_only` it would only say so.
    package struct ClauseCount: Sendable, Equatable {
        package let clause: ClauseName
        package let owner: PolicyOwner?
        package let logOnly: Bool
        package fileprivate(set) var wouldDeny: Int
    }

    /// A request whose verdict is another.
    package struct Example: Sendable, Equatable {
        package let id: String
        package let operation: RequestOperation
        package let wasAllowed: Bool
        /// Of the clause that denies, on either side.
        package let clause: ClauseName?
        package let reason: String?
    }

    package private(set) var requests = 0
    /// Not judged: what they traded is not listed any more.
    package private(set) var unjudged = 0
    package private(set) var allowedBefore = 0
    package private(set) var allowedAfter = 0
    package private(set) var newlyDenied = 0
    package private(set) var newlyAllowed = 0
    package private(set) var clauses: [ClauseCount] = []
    /// The first of each kind.
    package private(set) var examples: [Example] = []

    /// - Parameters:
    ///   - recorded: in any order; limits are counted as time went.
    ///   - examplesAtMost: of the newly denied, and of the newly allowed.
    package init(
        _ recorded: [Recorded], from old: PolicySet, to new: PolicySet, examplesAtMost: Int = 20
    ) async {
        await self.init(recorded, examplesAtMost: examplesAtMost) { _ in (old, new) }
    }

    /// Of several keys, each by its own policies; uses of others are left out.
    package init(
        _ recorded: [Recorded], from old: [ExchangeKeyID: PolicySet], to new: [ExchangeKeyID: PolicySet],
        examplesAtMost: Int = 20
    ) async {
        await self.init(recorded, examplesAtMost: examplesAtMost) { facts in
            old[facts.key.id].flatMap { before in new[facts.key.id].map { (before, $0) } }
        }
    }

    private init(
        _ recorded: [Recorded], examplesAtMost: Int,
        by policies: (UseFacts) -> (old: PolicySet, new: PolicySet)?
    ) async {
        var (before, after, pace) = (LimitSimulation(), LimitSimulation(), PacedWork())
        for one in recorded.sorted(by: { $0.facts.at < $1.facts.at }) {
            await pace.step()
            guard let (old, new) = policies(one.facts) else { continue }
            if one.isBeyondJudgement {
                unjudged += 1
                continue
            }
            let was = before.admit(old.judge(one.facts), one.facts)
            let would = after.admit(new.judge(one.facts), one.facts)
            count(was, would)
            let isNew = was.isAllowed != would.isAllowed
            let alike = examples.count { $0.wasAllowed == was.isAllowed }
            if isNew, alike < examplesAtMost { examples.append(Self.example(one.id, was, would)) }
        }
    }

    private mutating func count(_ was: PolicyJudgement, _ would: PolicyJudgement) {
        requests += 1
        if was.isAllowed { allowedBefore += 1 }
        if would.isAllowed { allowedAfter += 1 }
        if was.isAllowed, !would.isAllowed { newlyDenied += 1 }
        if !was.isAllowed, would.isAllowed { newlyAllowed += 1 }
        // A clause that denies several orders of one request denies one request.
        var seen: Set<String> = []
        for verdict in would.clauses where verdict.verdict == .denied {
            let owner = verdict.policy?.owner
            guard seen.insert("\(owner?.rawValue ?? "") \(verdict.clause)").inserted else { continue }
            let place = clauses.firstIndex { $0.clause == verdict.clause && $0.owner == owner }
            if let place {
                clauses[place].wouldDeny += 1
            } else {
                clauses.append(
                    ClauseCount(clause: verdict.clause, owner: owner, logOnly: verdict.logOnly, wouldDeny: 1))
            }
        }
    }

    private static func example(_ id: String, _ was: PolicyJudgement, _ would: PolicyJudgement) -> Example {
        let denial = was.denial ?? would.denial
        return Example(
            id: id, operation: would.operation, wasAllowed: was.isAllowed, clause: denial?.clause,
            reason: denial?.reason)
    }
}

extension UseFacts {
    fileprivate var areInstrumentsKnown: Bool {
        meaning.orders.allSatisfy { order in order.symbol.map { instruments[$0] != nil } ?? true }
    }
}

extension PolicyReplay: JSONWritable {
    package func write(to w: inout JSONWriter) { w.object { writeMembers(to: &$0) } }

    func writeMembers(to w: inout JSONWriter) {
        w.field("requests", requests)
        w.field("unjudged", unjudged)
        w.field("allowed_before", allowedBefore)
        w.field("allowed_after", allowedAfter)
        w.field("newly_denied", newlyDenied)
        w.field("newly_allowed", newlyAllowed)
        w.array("clauses", clauses) { w, count in
            w.object { w in
                w.field("clause", count.clause.description)
                w.field("policy", count.owner?.rawValue)
                w.field("log_only", count.logOnly)
                w.field("would_deny", count.wouldDeny)
            }
        }
        w.array("examples", examples) { $0.value($1) }
    }
}

extension PolicyReplay.Example: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("usage_id", id)
            w.field("operation", operation.rawValue)
            w.field("before", wasAllowed ? "allowed" : "denied")
            w.field("after", wasAllowed ? "denied" : "allowed")
            w.field("clause", clause?.description)
            w.field("reason", reason)
        }
    }
}
