import Exchanges
import Kernel

/// Leverage and margin modes: most exchanges' orders name neither, and what was set before holds. So what
/// sets them is judged by the same clauses, and an order that is silent is not said to keep them.
extension Judge {
    func leverage(_ most: Decimal, _ orders: [JudgedOrders.Order]) -> [ClauseVerdict] {
        let excess = { (leverage: Decimal) -> String? in
            leverage > most ? "leverage \(leverage) is more than \(most)" : nil
        }
        if let setting = facts.meaning.setting?.leverage {
            return [verdict(of: setting, .leverage, "leverage", excess)]
        }
        return told(orders, .leverage, "leverage", \.leverage, excess)
    }

    func marginMode(_ modes: [String]) -> [ClauseVerdict] {
        let excess = { (mode: String) in Self.missing(mode, among: modes) }
        if let setting = facts.meaning.setting?.marginMode {
            return [verdict(of: setting, .marginModes, "margin mode", excess)]
        }
        return told(orders.all, .marginModes, "margin mode", \.marginMode, excess)
    }

    private func verdict<Value>(
        of setting: PositionSetting.Value<Value>, _ clause: ClauseName, _ name: String,
        _ excess: (Value) -> String?
    ) -> ClauseVerdict {
        let reason =
            switch setting {
            case .told(let value): excess(value)
            case .unknown: "it sets the \(name), and to what is not understood"
            }
        return verdict(clause, reason == nil) { reason ?? "" }
    }

    private func told<Value>(
        _ orders: [JudgedOrders.Order], _ clause: ClauseName, _ name: String,
        _ value: (OrderIntent) -> Value?, _ excess: (Value) -> String?
    ) -> [ClauseVerdict] {
        let verdicts = about(orders, clause) { value($0).flatMap(excess) }
        let isSilent = orders.contains { $0.intent.instrument != .spot && value($0.intent) == nil }
        guard isSilent, !verdicts.contains(where: { $0.verdict == .denied }) else { return verdicts }
        return [
            ClauseVerdict(
                clause, .notApplicable,
                reason: "the order names no \(name): what is set at the exchange holds, and this clause is "
                    + "kept when it is set here",
                logOnly: isLogOnly(clause), policy: policy.reference)
        ]
    }
}
