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
    ///   - present: the policies that they are judged by.
    package static func propose(
        from recorded: [PolicyReplay.Recorded], and others: Set<RequestOperation> = [],
        instead present: PolicySet
    ) -> TighterPolicy? {
        guard let key = present.key else { return nil }
        let used = recorded.map { $0.facts.named() }.filter { present.judge($0).isAllowed }
        let unjudged = recorded.filter(\.isBeyondJudgement).map(\.facts.meaning.operation)
        let policy = key.policy.narrowed(to: used, and: others.union(unjudged))
        var proposed = present
        proposed.key = PolicyInForce(.key, version: key.reference.version + 1, policy)
        return TighterPolicy(
            policy: policy, changes: policy.diff(from: key.policy),
            replay: PolicyReplay(recorded, from: present, to: proposed))
    }
}

extension Policy {
    fileprivate func narrowed(to used: [UseFacts], and others: Set<RequestOperation>) -> Policy {
        var policy = self
        let operations = others.union(used.map(\.meaning.operation))
        policy.operations = RequestOperation.allCases.filter { operations.contains($0) }
        // Where, how and from where the others came is not known here.
        if others.isEmpty {
            let ways = Set(used.map(\.way))
            if !ways.isEmpty { policy.ways = UseWay.allCases.filter { ways.contains($0) } }
            policy.hosts = Self.narrow(hosts, to: used.map(\.host))
            policy.cidrs = narrowedAddresses(used)
        }
        policy.orders = (orders ?? OrderBounds()).narrowed(to: used)
        policy.withdrawals = operations.contains(.withdraw) ? withdrawals : nil
        let there = policy.clauseNames
        policy.logOnly = logOnly.filter { there.contains($0) }
        return policy
    }

    /// Each address by itself, unless one is unknown or they are too many to be a rule.
    private func narrowedAddresses(_ used: [UseFacts]) -> [CIDR]? {
        let addresses = used.compactMap { $0.caller.address }
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
    /// Nil where nothing was ordered and nothing was bounded.
    fileprivate func narrowed(to used: [UseFacts]) -> OrderBounds? {
        let judged = used.map { (facts: $0, orders: JudgedOrders($0)) }
        let orders = judged.flatMap { $0.orders.all.map(\.intent) }
        guard !orders.isEmpty else { return nil }
        var bounds = self
        bounds.narrowKinds(to: orders)
        let sized = judged.flatMap { one in
            one.orders.bound(by: scope).map { OrderValue($0.intent, one.facts) }
        }
        let values = sized.compactMap { try? $0.notional() }
        if values.count == sized.count, let most = values.map(\.amount).max(), most > .zero {
            bounds.maxNotional = Notional(min(most, maxNotional?.amount ?? most))
        }
        return bounds
    }

    private mutating func narrowKinds(to orders: [OrderIntent]) {
        let symbols = Policy.narrow(nil, to: orders.map(\.symbol))
        let patterns = symbols?.compactMap { SymbolPattern(exactly: $0) }
        if let patterns, patterns.count == symbols?.count { self.symbols = patterns }
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
        let modes = Set(orders.compactMap(\.marginMode))
        if (1...10).contains(modes.count) { marginModes = modes.sorted() }
        let leverage = orders.compactMap(\.leverage).max()
        if let leverage, leverage > .zero { maxLeverage = min(leverage, maxLeverage ?? leverage) }
    }
}
