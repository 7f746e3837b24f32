/// What a request would use up of a limit. The counter is elsewhere; the verdict is made once it is known.
package struct LimitCharge: Sendable, Equatable {
    /// Numbers of the limits of one policy are the first of these, so that three policies' fit one counter's
    /// owner.
    package static let limitsAtMost = 16

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

    /// Number of the counter among all of its owner: 1 to 16 for limits in policies of keys, 17 to 32 of
    /// accounts, 33 to 48 of the desk. 0 is never used.
    package var counter: Int16 { Self.counter(of: policy.owner, limit: limit) }

    static func counter(of owner: PolicyOwner, limit: Int) -> Int16 {
        let place =
            switch owner {
            case .key: 0
            case .account: 1
            case .desk: 2
            }
        return Int16(place * limitsAtMost + limit)
    }
}

extension ClauseVerdict {
    /// - Parameter used: what stands in the counter, without this charge.
    package static func limit(_ charge: LimitCharge, used: Int64) -> ClauseVerdict {
        let (sum, overflows) = used.addingReportingOverflow(charge.amount)
        let isWithin = !overflows && sum <= charge.max
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
