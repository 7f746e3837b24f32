import Kernel

/// From one price of a source to its next. A larger one than this is taken for a mistake, or for somebody's
/// doing, until a person says otherwise.
struct PriceStep: Sendable, Equatable {
    private static let mostPercent = 20

    let from: Decimal
    let to: Decimal

    /// Of the price before. What cannot be compared is too large.
    var isTooLarge: Bool {
        guard let change = to.subtracting(from)?.magnitude.multiplied(by: Decimal(exactly: 100)),
            let most = from.multiplied(by: Decimal(exactly: Self.mostPercent))
        else { return true }
        return change > most
    }

    /// For people: one digit behind the point.
    var percent: Double {
        guard let (a, b) = Double(from.description).flatMap({ a in Double(to.description).map { (a, $0) } }),
            a > 0
        else { return 0 }
        return ((b - a) / a * 1_000).rounded() / 10
    }
}
