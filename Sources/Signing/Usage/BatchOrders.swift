import Exchanges

/// What the orders of a batch are about, each symbol and side once: all else that is told of a use is of its
/// first order.
struct BatchOrders {
    /// More than any exchange takes orders at once; of more symbols, the first.
    static let symbolsAtMost = 100

    /// Nil among them: of some orders it is unknown.
    private let named: [String?]
    let sides: [String]

    /// Nil for what is no batch.
    init?(_ orders: [OrderIntent]) {
        guard orders.count > 1 else { return nil }
        var seen: Set<String?> = []
        var named = orders.map(\.symbol).filter { seen.insert($0).inserted }
        if named.count > Self.symbolsAtMost {
            let rest = named[Self.symbolsAtMost...]
            named.removeLast(rest.count)
            if !named.contains(nil) { named.append(nil) }
        }
        self.named = named
        let met = orders.compactMap(\.side)
        sides = OrderIntent.Side.allCases.filter { met.contains($0) }.map(\.rawValue)
    }

    var symbols: [String] { named.compactMap(\.self) }

    /// As the column has them; nil where the symbol of the first order says all of it.
    var column: String? { named.count > 1 ? Self.column(of: named) : nil }

    /// A list as PostgreSQL reads it.
    static func column(of symbols: [String?]) -> String {
        let words = symbols.map { symbol -> String in
            guard let symbol else { return "null" }
            let escaped = symbol.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            return "\"\(escaped)\""
        }
        return "{\(words.joined(separator: ","))}"
    }
}
