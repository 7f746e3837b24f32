import Access
import Kernel
import Postgres

/// Which sources of prices count, as it stood at one epoch: whoever marks, deletes, suspends or resumes one
/// raises it, so that no request begun afterwards is judged by what was before, on any node.
struct PriceStanding: Sendable, Equatable {
    /// Names of what is pulled and does not count.
    private(set) var suspended: Set<String> = []
    /// What is pushed and counts.
    private(set) var pushed: Set<PriceSourceID> = []

    mutating func suspend(_ name: String) { suspended.insert(name) }

    mutating func count(_ id: PriceSourceID) { pushed.insert(id) }

    func admits(_ price: PolicyPrice) -> Bool {
        guard let id = price.pushed else { return !suspended.contains(price.source) }
        return pushed.contains(id) && !(price.instead.map(suspended.contains) ?? false)
    }

    /// Takes away the prices that do not count, and says why.
    func apply(to facts: inout UseFacts) {
        for (name, price) in facts.prices where !admits(price) {
            facts.prices[name] = nil
            facts.withheldPrices[name] =
                price.instead.flatMap { suspended.contains($0) ? $0 : nil } ?? price.source
        }
    }
}

extension PriceStanding {
    private static let read = Statement(
        "price_standing",
        """
        select id, kind, name, suspended_at is not null from price_source
        where kind = 'pushed' or suspended_at is not null
        """)

    static nonisolated(nonsending) func read(in source: any Queryable) async throws -> PriceStanding {
        var standing = PriceStanding()
        for row in try await source.query(read) {
            switch (PriceSource.Kind(rawValue: row.text(1)), row.bool(3)) {
            case (.pulled, true): standing.suspend(row.text(2))
            case (.pushed, false): standing.count(row.id(0))
            default: break
            }
        }
        return standing
    }
}
