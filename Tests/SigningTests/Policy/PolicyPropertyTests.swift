import Access
import Exchanges
import JSON
import Kernel
import Keys
import Signing
import Testing

/// What must hold of every policy and every request.
@Suite struct PolicyPropertyTests {
    /// Seeds; each with several requests.
    private static let rounds = 400

    private func eachUse(_ check: (inout RandomUse, PolicySet, UseFacts) throws -> Void) throws {
        for round in 0..<Self.rounds {
            var random = RandomUse(seed: UInt64(round))
            let set = try random.set()
            for _ in 0..<4 { try check(&random, set, random.facts()) }
        }
    }

    @Test func `chance meets both sides`() throws {
        var (allowed, exits, charged) = (0, 0, 0)
        try eachUse { _, set, facts in
            let judgement = set.judge(facts)
            if judgement.isAllowed { allowed += 1 }
            if judgement.isAllowed, facts.isExit { exits += 1 }
            if judgement.isAllowed, !judgement.charges.isEmpty { charged += 1 }
        }
        #expect(allowed > 50 && exits > 5 && charged > 5, "\(allowed) \(exits) \(charged)")
    }

    @Test func `a document is written as it was read`() throws {
        try eachUse { random, _, _ in
            for owner in PolicyOwner.allCases {
                let policy = try Made.policy(random.document(of: owner), of: owner)
                let again = try Policy(Fields(policy.canonicalBytes), of: owner)
                #expect(again == policy && again.canonicalBytes == policy.canonicalBytes)
                #expect(again.diff(from: policy) == [])
            }
        }
    }

    @Test func `deny wins: what any policy denies alone is denied with the others`() throws {
        try eachUse { _, set, facts in
            let together = set.judge(facts).isAllowed
            let key = PolicySet(key: set.key).judge(facts).isAllowed
            let account = PolicySet(key: set.key, account: set.account).judge(facts).isAllowed
            let desk = PolicySet(key: set.key, desk: set.desk).judge(facts).isAllowed
            #expect(together == (key && account && desk))
            #expect(!PolicySet(key: nil, account: set.account, desk: set.desk).judge(facts).isAllowed)
        }
    }

    @Test func `another rule that denies never allows`() throws {
        try eachUse { random, set, facts in
            var more = set
            let source = random.pick(["true", "false", "1 / 0 == 1", "caller.kind == 'user'"])
            let condition = try PolicyCondition(source, scope: random.pick([.opening, .all]))
            let owner = random.pick(PolicyOwner.allCases)
            more.change(owner) { $0.deny.append(DenyRule("more", condition)) }
            #expect(set.judge(facts).isAllowed || !more.judge(facts).isAllowed)
        }
    }

    @Test func `a clause that only reports decides nothing`() throws {
        try eachUse { random, set, facts in
            for owner in PolicyOwner.allCases {
                for clause in set.of(owner)?.policy.clauseNames ?? [] {
                    var quiet = set
                    quiet.change(owner) { $0.logOnly = [clause] }
                    let judged = quiet.judge(facts)
                    #expect(
                        !judged.clauses.contains {
                            $0.denies && $0.clause == clause && $0.policy?.owner == owner
                        })
                    // And is reported just the same.
                    #expect(judged.clauses.map(\.verdict) == set.judge(facts).clauses.map(\.verdict))
                    if set.judge(facts).isAllowed { #expect(judged.isAllowed) }
                }
            }
        }
    }

    @Test func `an exit is never stopped by a clause about opening orders`() throws {
        try eachUse { _, set, facts in
            guard facts.isExit, facts.key.status == .active || facts.key.status == .reduceOnly else { return }
            var free = set
            for owner in PolicyOwner.allCases { free.change(owner) { $0.dropOpeningClauses() } }
            let judged = set.judge(facts)
            #expect(judged.isAllowed == free.judge(facts).isAllowed)
            #expect(
                judged.charges.allSatisfy { charge in
                    set.of(charge.policy.owner)?.policy.limits[charge.limit - 1].scope == .all
                })
        }
    }

    @Test func `a key in reduce_only opens nothing`() throws {
        try eachUse { _, set, facts in
            var strict = facts
            strict.key.status = .reduceOnly
            let judgement = set.judge(strict)
            if facts.meaning.operation == .trade, judgement.isAllowed {
                #expect(
                    facts.meaning.orders.allSatisfy { order in
                        (order.instrument != .spot && (order.isReduceOnly || order.closesPosition))
                            || (order.instrument == .spot && order.side == .sell && facts.holdings != nil)
                    })
            }
            #expect(!judgement.isAllowed || set.judge(facts).isAllowed || facts.key.status != .active)
        }
    }

    @Test func `money never moves without an approval`() throws {
        try eachUse { _, set, facts in
            let operation = facts.meaning.operation
            guard operation == .withdraw || operation == .transfer else { return }
            #expect(!set.judge(facts).isAllowed)
        }
    }

    @Test func `a denied request says why, clause by clause`() throws {
        try eachUse { _, set, facts in
            for verdict in set.judge(facts).clauses {
                // A clause may also say why it says nothing.
                #expect(verdict.verdict != .denied || verdict.reason != nil)
                #expect(verdict.verdict != .allowed || verdict.reason == nil)
                #expect(verdict.reason?.isEmpty != true)
            }
        }
    }

    @Test func `a tighter policy is proved harmless, and is as tight when proposed again`() async throws {
        for round in 0..<60 {
            var random = RandomUse(seed: UInt64(round))
            let set = try random.set()
            let recorded = (0..<20).map { PolicyReplay.Recorded("use_\($0)", random.facts()) }
            let tighter = try #require(await TighterPolicy.propose(from: recorded, instead: set))
            #expect(tighter.replay.newlyDenied == 0, "seed \(round): \(tighter.replay.examples)")
            #expect(tighter.replay.newlyAllowed == 0, "seed \(round)")
            #expect(try Policy(Fields(tighter.policy.canonicalBytes), of: .key) == tighter.policy)
            var again = set
            again.key = PolicyInForce(.key, version: 9, tighter.policy)
            let second = try #require(await TighterPolicy.propose(from: recorded, instead: again))
            #expect(second.policy == tighter.policy && second.changes == [], "seed \(round)")
        }
    }

    @Test func `a tighter policy allows nothing new, and all that was known only in part`() async throws {
        var (unkept, summed) = (0, 0)
        for round in 0..<200 {
            var random = RandomUse(seed: UInt64(1_000 + round))
            let set = try random.set()
            let recorded = (0..<5).map { PolicyReplay.Recorded("use_\($0)", random.facts()) }
            let more = (0..<20).map { _ in random.facts() }
            let allowed = more.filter { set.judge($0).isAllowed }
            let others = Set(allowed.prefix(2).map(\.meaning.operation))
            let earlier = EarlierUses(of: allowed.dropFirst(2))
            let tighter = try #require(
                await TighterPolicy.propose(from: recorded, and: others, after: earlier, instead: set))
            let alone = try #require(
                await TighterPolicy.propose(from: recorded, after: earlier, instead: set))
            for facts in more {
                for proposed in [tighter, alone] {
                    #expect(
                        set.judge(facts).isAllowed || !set.with(proposed.policy).judge(facts).isAllowed,
                        "seed \(round)")
                }
            }
            for facts in allowed.prefix(2) {
                unkept += 1
                #expect(set.with(tighter.policy).judge(facts).isAllowed, "seed \(round)")
            }
            for facts in allowed.dropFirst(2) {
                summed += 1
                #expect(set.with(alone.policy).judge(facts).isAllowed, "seed \(round)")
            }
        }
        #expect(unkept > 20 && summed > 20, "\(unkept) \(summed)")
    }
}

extension UseFacts {
    /// All of its orders are such as the exchange holds to reducing.
    fileprivate var isExit: Bool {
        meaning.operation == .trade
            && meaning.orders.allSatisfy { $0.instrument != .spot && ($0.isReduceOnly || $0.closesPosition) }
    }
}

extension EarlierUses {
    /// As the columns of the uses tell it: of a batch, the first symbol only.
    fileprivate init(of uses: some Sequence<UseFacts>) {
        self.init()
        for facts in uses {
            operations.insert(facts.meaning.operation)
            ways.insert(facts.way)
            addresses.insert(facts.caller.address)
            let orders = facts.meaning.orders
            if facts.meaning.operation == .trade {
                symbols.insert(orders.count > 1 ? nil : orders.first?.symbol)
            }
        }
    }
}

extension PolicySet {
    fileprivate func with(_ policy: Policy) -> PolicySet {
        var set = self
        set.key = PolicyInForce(.key, version: 9, policy)
        return set
    }

    fileprivate func of(_ owner: PolicyOwner) -> PolicyInForce? {
        switch owner {
        case .key: key
        case .account: account
        case .desk: desk
        }
    }

    fileprivate mutating func change(_ owner: PolicyOwner, _ change: (inout Policy) -> Void) {
        guard let old = of(owner) else { return }
        var policy = old.policy
        change(&policy)
        let new = PolicyInForce(owner, version: old.reference.version, policy)
        switch owner {
        case .key: key = new
        case .account: account = new
        case .desk: desk = new
        }
    }
}

extension Policy {
    fileprivate mutating func dropOpeningClauses() {
        if orders?.scope == .opening {
            orders?.maxNotional = nil
            orders?.maxLeverage = nil
            orders?.maxPriceDistancePercent = nil
        }
        if hours?.scope == .opening { hours = nil }
        if when?.scope == .opening { when = nil }
        limits.removeAll { $0.scope == .opening }
        deny.removeAll { $0.when.scope == .opening }
    }
}
