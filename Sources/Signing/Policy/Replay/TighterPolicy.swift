import Access
package import Exchanges
import Kernel

/// The smallest policy for a key that would have allowed all that its policy allowed: what was never used is
/// left out.
package struct TighterPolicy: Sendable, Equatable {
    package let policy: Policy
    /// Against the present one.
    package let changes: [PolicyChange]
    /// The proof: it would have denied nothing that was allowed.
    package let replay: PolicyReplay

    /// - Parameters:
    ///   - recorded: requests with the key, allowed and denied.
    ///   - others: what else was done with it, by requests that are not kept.
    ///   - earlier: what else was done with it, by requests that are not among the recorded.
    ///   - present: the policies that they are judged by.
    package static func propose(
        from recorded: [PolicyReplay.Recorded], and others: Set<RequestOperation> = [],
        after earlier: EarlierUses = .none, instead present: PolicySet
    ) async -> TighterPolicy? {
        guard let key = present.key else { return nil }
        var (used, pace) = ([UseFacts](), PacedWork())
        for one in recorded {
            let facts = one.facts.named()
            if present.judge(facts).isAllowed { used.append(facts) }
            await pace.step()
        }
        let unjudged = recorded.filter(\.isBeyondJudgement).map(\.facts.meaning.operation)
        let policy = key.policy.narrowed(to: used, and: others.union(unjudged), after: earlier)
        var proposed = present
        proposed.key = PolicyInForce(.key, version: key.reference.version + 1, policy)
        return TighterPolicy(
            policy: policy, changes: policy.diff(from: key.policy),
            replay: await PolicyReplay(recorded, from: present, to: proposed))
    }
}

extension Policy {
    /// Never wider than it is: what was allowed by a policy of then may be denied by now.
    fileprivate func narrowed(
        to used: [UseFacts], and others: Set<RequestOperation>, after earlier: EarlierUses
    ) -> Policy {
        var policy = self
        var done = others.union(used.map(\.meaning.operation)).union(earlier.operations)
        // Whoever opens must be able to take it back, whether that was needed so far or not.
        if done.contains(.trade) { done.insert(.cancel) }
        policy.operations = RequestOperation.allCases.filter { done.contains($0) && mayDo($0) }
        // Where, how and from where the others came is not known here.
        if others.isEmpty {
            let ways = Set(used.map(\.way)).union(earlier.ways.filter { mayUse($0) })
            if !ways.isEmpty { policy.ways = UseWay.allCases.filter { ways.contains($0) } }
            if earlier == .none { policy.hosts = Self.narrow(hosts, to: used.map(\.host)) }
            policy.cidrs = narrowed(to: used.map(\.caller.address) + earlier.addresses.filter { mayCome($0) })
        }
        // Nor what was ordered or set by them.
        if !others.contains(.trade) {
            policy.orders = (orders ?? OrderBounds()).narrowed(
                to: used, after: earlier, setsApart: done.contains(.admin),
                isObeyed: !logOnly.contains(.symbols))
        }
        policy.withdrawals = policy.operations?.contains(.withdraw) == true ? withdrawals : nil
        let there = policy.clauseNames
        policy.logOnly = logOnly.filter { there.contains($0) }
        return policy
    }

    private func mayDo(_ operation: RequestOperation) -> Bool {
        operations?.contains(operation) == true
    }

    private func mayUse(_ way: UseWay) -> Bool {
        logOnly.contains(.ways) || (ways ?? [.proxy]).contains(way)
    }

    private func mayCome(_ address: IPAddress?) -> Bool {
        guard let cidrs, let address, !logOnly.contains(.cidrs) else { return true }
        return cidrs.contains { $0.contains(address) }
    }

    /// Each address by itself, unless one is unknown or they are too many to be a rule.
    private func narrowed(to used: [IPAddress?]) -> [CIDR]? {
        let addresses = used.compactMap(\.self)
        guard !addresses.isEmpty, addresses.count == used.count else { return cidrs }
        let distinct = Set(addresses).compactMap { CIDR($0, prefix: $0.bitCount) }
        guard distinct.count <= PolicyLimits.cidrs else { return cidrs }
        return distinct.sorted { $0.description < $1.description }
    }

    /// Nil values are unknown: nothing can be said of all then.
    static func narrow(_ present: [String]?, to used: [String?]) -> [String]? {
        let known = used.compactMap { $0 }
        let distinct = Set(known)
        guard known.count == used.count, (1...PolicyLimits.list).contains(distinct.count) else {
            return present
        }
        return distinct.sorted()
    }
}

extension OrderBounds {
    /// Nil where nothing is bounded.
    /// - Parameters:
    ///   - setsApart: requests that set leverage and margin modes may be among those that are not known.
    ///   - isObeyed: whether its symbols are.
    fileprivate func narrowed(
        to used: [UseFacts], after earlier: EarlierUses, setsApart: Bool, isObeyed: Bool
    ) -> OrderBounds? {
        let judged = used.map { (facts: $0, orders: JudgedOrders($0)) }
        let orders = judged.flatMap { $0.orders.all.map(\.intent) }
        var bounds = self
        let isWhole = !earlier.operations.contains(.trade)
        bounds.narrowSymbols(to: orders.map(\.symbol), after: isWhole ? [] : earlier.symbols, isObeyed)
        guard isWhole, !orders.isEmpty else { return bounds == OrderBounds() ? nil : bounds }
        bounds.narrowKinds(to: orders)
        if !setsApart { bounds.narrowSettings(to: orders) }
        let sized = judged.flatMap { one in
            one.orders.bound(by: scope).map { OrderValue($0.intent, one.facts) }
        }
        let values = sized.compactMap { try? $0.notional() }
        if values.count == sized.count, let most = values.map(\.amount).max(), most > .zero {
            bounds.maxNotional = Notional(min(most, maxNotional?.amount ?? most))
        }
        return bounds
    }

    /// Left alone where one of them is unknown, or is not among those of now by the name that is known of it.
    private mutating func narrowSymbols(
        to used: [String?], after earlier: Set<String?>, _ isObeyed: Bool
    ) {
        let isWithin = earlier.allSatisfy { symbol in
            guard let present = symbols, isObeyed else { return true }
            return symbol.map { name in present.contains { $0.matches(name) } } ?? false
        }
        guard isWithin, let names = Policy.narrow(nil, to: used + earlier) else { return }
        let patterns = names.compactMap { SymbolPattern(exactly: $0) }
        if patterns.count == names.count { symbols = patterns }
    }

    private mutating func narrowKinds(to orders: [OrderIntent]) {
        let sides = Set(orders.compactMap(\.side))
        if orders.allSatisfy({ $0.side != nil }) {
            self.sides = OrderIntent.Side.allCases.filter { sides.contains($0) }
        }
        let types = Set(orders.map(\.kind))
        self.types = OrderIntent.Kind.allCases.filter { types.contains($0) }
        let instruments = Set(orders.map(\.instrument))
        self.instruments = OrderIntent.Instrument.allCases.filter { instruments.contains($0) }
        let times = Set(orders.compactMap(\.effectiveTimeInForce))
        if !times.isEmpty { timeInForce = OrderIntent.TimeInForce.allCases.filter { times.contains($0) } }
    }

    private mutating func narrowSettings(to orders: [OrderIntent]) {
        let modes = Set(orders.compactMap(\.marginMode))
        if (1...10).contains(modes.count) { marginModes = modes.sorted() }
        let leverage = orders.compactMap(\.leverage).max()
        if let leverage, leverage > .zero { maxLeverage = min(leverage, maxLeverage ?? leverage) }
    }
}
