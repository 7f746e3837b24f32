import Exchanges

/// What the orders of a request are worth together.
extension Notional {
    /// In the unit of counters. Of alternatives the dearest, since only one is filled.
    static func total(
        of orders: [OrderIntent], _ value: (OrderIntent) throws(UnknownValue) -> Notional
    ) throws(UnknownValue) -> Int64 {
        var sum: Int64 = 0
        var dearest: [Int: Int64] = [:]
        for order in orders {
            guard let value = try value(order).microdollars else { throw tooMuch }
            if let group = order.alternative {
                dearest[group] = max(value, dearest[group] ?? 0)
            } else {
                sum = try Self.sum(sum, value)
            }
        }
        for value in dearest.values { sum = try Self.sum(sum, value) }
        return sum
    }

    /// For records: nil where it cannot be said of one of them.
    static func told(of orders: [OrderIntent], _ facts: UseFacts) -> Notional? {
        guard !orders.isEmpty else { return nil }
        let total = try? total(of: orders) { order throws(UnknownValue) in
            try OrderValue(order, facts, isRecord: true).notional()
        }
        return total.map { Notional(microdollars: $0) }
    }

    private static let tooMuch = UnknownValue(reason: "its notional is more than a limit can count")

    private static func sum(_ a: Int64, _ b: Int64) throws(UnknownValue) -> Int64 {
        let (sum, overflows) = a.addingReportingOverflow(b)
        if overflows { throw tooMuch }
        return sum
    }
}
