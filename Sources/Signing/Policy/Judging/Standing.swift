import Exchanges
import Keys

/// What holds whatever policies say.
struct Standing {
    let facts: UseFacts
    let orders: JudgedOrders

    func judge(into verdicts: inout [ClauseVerdict]) {
        let problems = self.problems
        if problems.isEmpty { verdicts.append(ClauseVerdict(.request, .allowed)) }
        for reason in problems { verdicts.append(ClauseVerdict(.request, .denied, reason: reason)) }
        if facts.key.status == .active {
            verdicts.append(ClauseVerdict(.mode, .allowed))
        } else {
            verdicts += mode
        }
        if !orders.all.isEmpty { verdicts += instrument }
        if facts.isClockUncertain { verdicts += clock }
        let operation = facts.meaning.operation
        if operation.movesMoney { verdicts += [permission, approval] }
        if operation == .stream || facts.meaning.admitsOrders { verdicts.append(streams) }
    }

    /// Why it cannot be judged.
    private var problems: [String] {
        let meaning = facts.meaning
        var reasons = meaning.problems.map { problem in
            "\(problem.part.rawValue)\(problem.name.map { " \(Judge.shown($0))" } ?? ""): \(problem.sentence)"
        }
        if meaning.operation == .trade, meaning.orders.isEmpty {
            reasons.append("it trades, and no order in it is understood")
        }
        if meaning.operation == .withdraw, meaning.withdrawal == nil {
            reasons.append("it withdraws, and where to is not understood")
        }
        if meaning.operation != .trade, !meaning.orders.isEmpty {
            reasons.append("orders in a request that is no trade")
        }
        return reasons
    }

    private var mode: [ClauseVerdict] {
        switch facts.key.status {
        case .active: return [ClauseVerdict(.mode, .allowed)]
        case .reduceOnly: return reduceOnly
        case .quarantined, .suspended, .revoked:
            let reason = "the key is \(facts.key.status.rawValue)"
            return [ClauseVerdict(.mode, .denied, reason: reason)]
        }
    }

    private var reduceOnly: [ClauseVerdict] {
        let operation = facts.meaning.operation
        switch operation {
        case .read, .cancel, .stream: return [ClauseVerdict(.mode, .allowed)]
        case .trade:
            let opening = orders.bound(by: .opening)
            return opening.isEmpty
                ? [ClauseVerdict(.mode, .allowed)]
                : opening.map { ClauseVerdict(.mode, .denied, reason: reason($0), order: $0.number) }
        case .transfer, .withdraw, .admin:
            let reason = "the key is reduce_only, which does not allow \(operation.rawValue)"
            return [ClauseVerdict(.mode, .denied, reason: reason)]
        }
    }

    private func reason(_ order: JudgedOrders.Order) -> String {
        let start = "the key is reduce_only, and "
        guard order.intent.instrument == .spot, order.intent.side == .sell else {
            return start + "the exchange does not hold this order to reducing"
        }
        if facts.holdings == nil { return start + "what the account holds is unknown" }
        // What is sold for an amount of money depends on the price.
        guard order.intent.unit == .base else { return start + "how much this sells is not known beforehand" }
        return start + "this sells more than the account is known to hold"
    }

    /// An unknown instrument opens nothing.
    private var instrument: [ClauseVerdict] {
        let opening = orders.bound(by: .opening)
        if opening.isEmpty { return [ClauseVerdict(.instrument, .notApplicable)] }
        let denied = opening.compactMap { order -> ClauseVerdict? in
            do throws(UnknownValue) {
                _ = try OrderValue(order.intent, facts).instrument()
                return nil
            } catch {
                return ClauseVerdict(
                    .instrument, .denied, reason: error.reason, order: order.number,
                    isPassing: error.isPassing)
            }
        }
        return denied.isEmpty ? [ClauseVerdict(.instrument, .allowed)] : denied
    }

    /// Exits go on, with the widest window.
    private var clock: [ClauseVerdict] {
        let reason = "how far the clock of \(facts.key.exchange.rawValue) is from ours is not known"
        return orders.bound(by: .opening).map {
            ClauseVerdict(.clock, .denied, reason: reason, order: $0.number, isPassing: true)
        }
    }

    /// What the key was registered for.
    private var permission: ClauseVerdict {
        let wanted: KeyPermission = facts.meaning.operation == .withdraw ? .withdraw : .transfer
        guard facts.key.permissions.contains(wanted) else {
            return ClauseVerdict(
                .permissions, .denied,
                reason: "\(wanted.rawValue) is not among the key's declared permissions")
        }
        return ClauseVerdict(.permissions, .allowed)
    }

    /// Only what was approved as it stands; and it is sent once, where a signature could be used elsewhere.
    private var approval: ClauseVerdict {
        let name = facts.meaning.operation.rawValue
        guard facts.way == .proxy else {
            return ClauseVerdict(
                .approval, .denied,
                reason: "\(name) is never handed out signed: it goes by the proxy, once approved")
        }
        guard facts.isApproved else {
            return ClauseVerdict(
                .approval, .denied,
                reason: "\(name) needs an approval by an approval rule that covers this key")
        }
        return ClauseVerdict(.approval, .allowed)
    }

    /// Whoever holds such a credential trades past every policy.
    private var streams: ClauseVerdict {
        guard facts.meaning.admitsOrders, facts.key.mayTrade else { return ClauseVerdict(.streams, .allowed) }
        return ClauseVerdict(
            .streams, .denied,
            reason:
                "this stream's credential admits orders, and the key may trade, as declared or as its "
                + "exchange says: use a read-only key")
    }
}
