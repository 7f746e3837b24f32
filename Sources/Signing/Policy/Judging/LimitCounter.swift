/// A counter that a limit needs.
package struct LimitCounter: Sendable, Hashable {
    /// Limits of one policy: three policies' counters fit one owner then.
    static let limitsAtMost = 16

    /// Whose.
    package let of: PolicyOwner
    /// Among all of its owner: 1 to 16 for limits in policies of keys, 17 to 32 of accounts, 33 to 48 of the
    /// desk. 0 is never used.
    package let number: Int16

    /// - Parameters:
    ///   - limit: its place in the policy's list, from 1.
    ///   - owner: whose policy that is.
    init(of: PolicyOwner, limit: Int, in owner: PolicyOwner) {
        let place =
            switch owner {
            case .key: 0
            case .account: 1
            case .desk: 2
            }
        self.of = of
        number = Int16(place * Self.limitsAtMost + limit)
    }
}

extension Policy {
    /// What must be there before a request is judged.
    package func counters(of owner: PolicyOwner) -> [LimitCounter] {
        limits.enumerated().map { place, limit in
            LimitCounter(of: limit.of ?? owner, limit: place + 1, in: owner)
        }
    }
}
