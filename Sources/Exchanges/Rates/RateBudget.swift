/// One of the amounts by which an exchange counts how much is asked of it.
package struct RateBudget: Hashable, Sendable {
    /// Whose it is: everybody's who comes from one address, or one account's.
    package enum Owner: String, CaseIterable, Sendable { case address, account }

    package let owner: Owner
    /// `weight_1m`, `orders_10s`; or the route that has a budget of its own.
    package let name: String

    package init(_ owner: Owner, _ name: String) { (self.owner, self.name) = (owner, name) }

    /// Names of routes are many; the others are few, and known beforehand.
    package var isOfRoute: Bool { name.contains(" ") }
}

/// How much a budget allows, and how it comes back.
package struct RateAllowance: Hashable, Sendable {
    package enum Refill: Hashable, Sendable {
        /// All at once, at whole multiples of this since 1970 by the exchange's clock.
        case window(milliseconds: Int64)
        /// One after each of these.
        case decay(milliseconds: Int64)
    }

    package let limit: Int
    package let refill: Refill

    package init(_ limit: Int, _ refill: Refill) { (self.limit, self.refill) = (limit, refill) }

    static func per(_ seconds: Int64, _ limit: Int) -> RateAllowance {
        RateAllowance(limit, .window(milliseconds: seconds * 1_000))
    }
}

/// What one request takes out of a budget.
package struct RateDraw: Hashable, Sendable {
    package let budget: RateBudget
    /// As documented; nil where only answers tell.
    package let allowance: RateAllowance?
    package let cost: Int
    /// Answers tell what is used of it: what they do not tell was not used.
    package let isTold: Bool

    package init(
        _ budget: RateBudget, _ allowance: RateAllowance?, cost: Int = 1, isTold: Bool = false
    ) {
        (self.budget, self.allowance, self.cost, self.isTold) = (budget, allowance, cost, isTold)
    }
}
