/// What a request would use up of a limit. The counter is elsewhere; the verdict is made once it is known.
package struct LimitCharge: Sendable, Equatable {
    package let policy: PolicyReference
    /// Place in the policy's list, from 1.
    package let limit: Int
    /// Whose counter.
    package let of: PolicyOwner
    package let count: UseLimit.Count
    /// In the counter's unit: requests, orders, or millionths of a dollar.
    package let amount: Int64
    package let max: Int64
    package let windowSeconds: Int64
    package let logOnly: Bool

    package var clause: ClauseName { .limit(limit) }

    package var counter: LimitCounter { LimitCounter(of: of, limit: limit, in: policy.owner) }

    /// - Parameter used: what stands in the counter, without this charge.
    func fits(used: Int64) -> Bool {
        let (sum, overflows) = used.addingReportingOverflow(amount)
        return !overflows && sum <= max
    }
}

extension ClauseVerdict {
    /// - Parameter used: what stands in the counter, without this charge.
    package static func limit(_ charge: LimitCharge, used: Int64) -> ClauseVerdict {
        let isWithin = charge.fits(used: used)
        return ClauseVerdict(
            charge.clause, isWithin ? .allowed : .denied, reason: isWithin ? nil : charge.reason(used: used),
            logOnly: charge.logOnly, policy: charge.policy)
    }
}

extension LimitCharge {
    fileprivate func reason(used: Int64) -> String {
        let scope = of == .key ? "" : " of the \(of.rawValue)"
        return "\(text(amount)) more would exceed \(text(max)) \(count.noun) in \(window)\(scope); "
            + "\(text(used)) are used up"
    }

    private var window: String { UseLimit.windowText(seconds: windowSeconds) }

    private func text(_ units: Int64) -> String {
        count == .notional ? Notional(microdollars: units).description : String(units)
    }
}
