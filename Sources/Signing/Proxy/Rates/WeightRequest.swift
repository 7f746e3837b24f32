package import Exchanges
package import Kernel

/// Who is about to ask what of an exchange.
package struct WeightRequest: Sendable {
    package let place: MarketPlace
    /// The name of the address that it leaves from; empty where the system chooses.
    package let address: String
    package let account: String
    package let route: String
    package let draws: [RateDraw]
    let isCancel: Bool
    /// It lessens what is held: then the last tenth is for it.
    let isExit: Bool

    /// - Parameter servesExit: an exit waits for its answer, or it sells what is held.
    package init(
        _ place: MarketPlace, from address: String, account: String, _ draft: RequestDraft,
        _ meaning: RequestMeaning, servesExit: Bool = false
    ) {
        let classifier = place.exchange.classifier
        (self.place, self.address, self.account) = (place, address, account)
        route = classifier.routeName(of: draft)
        draws = classifier.draws(of: draft, meaning)
        isCancel = meaning.operation == .cancel
        isExit =
            isCancel || servesExit || !meaning.orders.isEmpty && meaning.orders.allSatisfy { $0.isExit }
    }

    /// Of what draws from no budget that we count, and stops when others are stopped.
    package init(_ place: MarketPlace, from address: String, account: String, route: String) {
        (self.place, self.address, self.account, self.route) = (place, address, account, route)
        (draws, isCancel, isExit) = ([], false, false)
    }
}

/// What was taken for a request that is under way, to be settled or given back.
package struct WeightTicket: Sendable {
    let request: WeightRequest
    let at: Timestamp
}

/// Too much was asked already.
package struct WeightRefusal: Error, Sendable, Equatable {
    package let isBan: Bool
    /// Of the budget, for people.
    package let reason: String
    package let wait: Period

    package var sentence: String { "The exchange takes nothing for \(waitSeconds) s." }

    var waitSeconds: Int64 { max((wait.microseconds + 999_999) / 1_000_000, 1) }
}
