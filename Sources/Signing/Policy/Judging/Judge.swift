import Access
import Exchanges
import Kernel

/// One policy's word on one request.
struct Judge {
    let policy: PolicyInForce
    let facts: UseFacts
    let orders: JudgedOrders

    var rules: Policy { policy.policy }
    private var owner: PolicyOwner { policy.reference.owner }

    /// Adds every clause's verdict. One by one: making lists of them cost more than most clauses.
    func judge(into verdicts: inout [ClauseVerdict]) {
        if let operations { verdicts.append(operations) }
        if let ways { verdicts.append(ways) }
        if let hosts { verdicts.append(hosts) }
        if let cidrs { verdicts.append(cidrs) }
        if let bounds = rules.orders { verdicts += orderVerdicts(bounds) }
        if let withdrawals { verdicts.append(withdrawals) }
        if let hours { verdicts.append(hours) }
        if let streams { verdicts.append(streams) }
        if let when = rules.when { verdicts += self.when(when) }
        for rule in rules.deny { verdicts += deny(rule) }
    }

    // MARK: Clauses about the request

    private var operations: ClauseVerdict? {
        guard let allowed = rules.operations ?? (owner == .key ? [] : nil) else { return nil }
        let operation = facts.meaning.operation
        return verdict(.operations, allowed.contains(operation)) {
            allowed.isEmpty
                ? "\(operation.rawValue) is not allowed: nothing is"
                : "\(operation.rawValue) is not among \(Self.list(allowed.map(\.rawValue)))"
        }
    }

    private var ways: ClauseVerdict? {
        guard let allowed = rules.ways ?? (owner == .key ? [.proxy] : nil) else { return nil }
        return verdict(.ways, allowed.contains(facts.way)) {
            "\(facts.way.rawValue) is not among \(Self.list(allowed.map(\.rawValue)))"
        }
    }

    private var hosts: ClauseVerdict? {
        guard let allowed = rules.hosts else { return nil }
        return verdict(.hosts, allowed.contains(facts.host)) {
            "\(facts.host) is not among \(Self.list(allowed))"
        }
    }

    private var cidrs: ClauseVerdict? {
        guard let allowed = rules.cidrs else { return nil }
        guard let address = facts.caller.address else {
            return verdict(.cidrs, false) { "the caller's address is unknown" }
        }
        return verdict(.cidrs, allowed.contains { $0.contains(address) }) {
            "\(address) is not within \(Self.list(allowed.map(\.description)))"
        }
    }

    private var withdrawals: ClauseVerdict? {
        guard rules.withdrawals != nil || (owner == .key && facts.meaning.operation == .withdraw) else {
            return nil
        }
        guard facts.meaning.operation == .withdraw else { return notApplicable(.withdrawals) }
        guard let intent = facts.meaning.withdrawal else {
            return verdict(.withdrawals, false) { "where it withdraws to is not understood" }
        }
        let wanted = WithdrawalBounds.Destination(
            asset: intent.asset, network: intent.network, address: intent.address, tag: intent.tag)
        return verdict(.withdrawals, rules.withdrawals?.destinations.contains(wanted) ?? false) {
            let network = intent.network.map { " by \(Self.shown($0))" } ?? " by no network that it names"
            let tag = intent.tag.map { " with the tag \(Self.shown($0))" } ?? ""
            return "\(Self.shown(intent.asset)) to \(Self.shown(intent.address))\(network)\(tag)"
                + " is not among the destinations"
        }
    }

    private var hours: ClauseVerdict? {
        guard let hours = rules.hours else { return nil }
        guard hours.scope == .all || !orders.bound(by: .opening).isEmpty else { return notApplicable(.hours) }
        return verdict(.hours, hours.contains(facts.at)) { "\(facts.at) is outside of the allowed hours" }
    }

    private var streams: ClauseVerdict? {
        guard let allowed = rules.allowsReadOnlyStreams else { return nil }
        guard facts.meaning.operation == .stream else { return notApplicable(.streams) }
        return verdict(.streams, allowed) { "streams are not allowed" }
    }

    // MARK: Conditions

    private func when(_ condition: PolicyCondition) -> [ClauseVerdict] {
        each(of: condition, .when) { outcome in
            switch outcome {
            case .holds: nil
            case .fails: "the condition is false: \(Self.shown(condition.source))"
            case .error(let message): "the condition cannot be evaluated, \(message)"
            }
        }
    }

    private func deny(_ rule: DenyRule) -> [ClauseVerdict] {
        each(of: rule.when, .deny(rule.name)) { outcome in
            switch outcome {
            case .holds: "the rule \(rule.name) denies it"
            case .fails: nil
            case .error(let message): "the rule \(rule.name) cannot be evaluated, \(message)"
            }
        }
    }

    /// Once for every order that it binds; once for a request without orders.
    private func each(
        of condition: PolicyCondition, _ clause: ClauseName, _ reason: (PolicyCondition.Outcome) -> String?
    ) -> [ClauseVerdict] {
        guard condition.scope == .opening || !orders.all.isEmpty else {
            let outcome = condition.evaluate(PolicyVariables(facts: facts, order: nil))
            let found = reason(outcome)
            return [verdict(clause, found == nil) { found ?? "" }]
        }
        return about(orders.bound(by: condition.scope), clause) { order in
            reason(condition.evaluate(PolicyVariables(facts: facts, order: order)))
        }
    }

    // MARK: Making verdicts

    func about(
        _ orders: [JudgedOrders.Order], _ clause: ClauseName, _ reason: (OrderIntent) -> String?
    ) -> [ClauseVerdict] {
        weigh(orders, clause) { reason($0).map { UnknownValue(reason: $0) } }
    }

    /// The same of what may be unknown: its reason is why.
    func weigh(
        _ orders: [JudgedOrders.Order], _ clause: ClauseName, _ found: (OrderIntent) -> UnknownValue?
    ) -> [ClauseVerdict] {
        if orders.isEmpty { return [notApplicable(clause)] }
        let denied = orders.compactMap { order in
            found(order.intent).map { found in
                ClauseVerdict(
                    clause, .denied, reason: found.reason, logOnly: isLogOnly(clause),
                    policy: policy.reference, order: order.number, isPassing: found.isPassing)
            }
        }
        return denied.isEmpty ? [verdict(clause, true) { "" }] : denied
    }

    func notApplicable(_ clause: ClauseName) -> ClauseVerdict {
        ClauseVerdict(clause, .notApplicable, logOnly: isLogOnly(clause), policy: policy.reference)
    }

    func verdict(
        _ clause: ClauseName, _ isAllowed: Bool, isPassing: Bool = false, _ reason: () -> String
    ) -> ClauseVerdict {
        ClauseVerdict(
            clause, isAllowed ? .allowed : .denied, reason: isAllowed ? nil : reason(),
            logOnly: isLogOnly(clause), policy: policy.reference, isPassing: isPassing)
    }

    func isLogOnly(_ clause: ClauseName) -> Bool { rules.logOnly.contains(clause) }

    /// Reasons stay sentences, whatever a caller or an author wrote: of a long text, its beginning.
    static func shown(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(shownScalars)
        return scalars.count < text.unicodeScalars.count ? "\(String(scalars))…" : text
    }

    private static let shownScalars = 120

    /// Of a long list, its beginning.
    static func list(_ texts: [String]) -> String {
        let shown = texts.prefix(10).joined(separator: ", ")
        return texts.count > 10 ? "\(shown) and \(texts.count - 10) more" : shown
    }
}
