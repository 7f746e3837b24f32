import Exchanges
import JSON
import Kernel

/// How parts of a policy are read.
extension Fields {
    static let positiveDecimal = "a decimal number above 0 such as \"2.5\""

    static func positive(_ text: String) -> Decimal? {
        guard let number = Decimal(text), number > .zero else { return nil }
        return number
    }

    mutating func positive(optional name: String) -> Decimal? {
        parsed(optional: name, expected: Self.positiveDecimal) { Self.positive($0) }
    }

    mutating func readDollars() {
        let currency = string("currency", 1...16)
        if !currency.isEmpty, currency != "USD" {
            fail("currency", code: FieldCode.notAChoice, "must be USD")
        }
    }

    mutating func cidrs() -> [CIDR]? {
        distinct(
            "cidrs",
            parsedList(optional: "cidrs", expected: "an address, or a network without host bits") { CIDR($0) }
        )
    }

    mutating func scope() -> ClauseScope { choice("applies_to", ClauseScope.self, default: .opening) }

    mutating func timeOfDay(_ name: String) -> TimeOfDay {
        let time = parsed(name, expected: "a time of day from 00:00 to 24:00") { TimeOfDay($0) }
        return time ?? .midnight
    }

    /// Of at least one element; an empty list would allow nothing, and is more often meant otherwise.
    mutating func parsedList<T>(
        optional name: String, expected: String, _ parse: (String) -> T?
    ) -> [T]? {
        guard has(name), !isNull(name) else { return nil }
        return parsedList(name, count: 1...PolicyLimits.list, expected: expected, parse)
    }

    /// When some elements were refused already, positions are others than the sender's.
    mutating func distinct<T: Hashable>(_ name: String, _ values: [T]?) -> [T]? {
        guard let values, values.count == take(name)?.asArray?.count else { return values }
        var seen: Set<T> = []
        for (index, value) in values.enumerated() where !seen.insert(value).inserted {
            fail(name, index: index, code: "duplicate", "stands more than once")
        }
        return values
    }
}

// MARK: Limits

extension Fields {
    mutating func limits(of owner: PolicyOwner) -> [UseLimit] {
        let limits = array(optional: "limits", count: 0...LimitCounter.limitsAtMost) { f in
            f.limit(of: owner)
        }
        return (limits ?? []).compactMap { $0 }
    }

    private mutating func limit(of owner: PolicyOwner) -> UseLimit? {
        let count = choice("count", UseLimit.Count.self)
        let max = count == .notional ? notionalLimit() : countLimit()
        let per = parsed("per", expected: "a period from 1m to 31d") { UseLimit.Window($0) }
        guard let per else {
            _ = readLimit(UseLimit(count, max: max, per: .minute), owner)
            return nil
        }
        return readLimit(UseLimit(count, max: max, per: per), owner)
    }

    private mutating func readLimit(_ limit: UseLimit, _ owner: PolicyOwner) -> UseLimit {
        var limit = limit
        limit.operations = distinct(
            "operations", choices(optional: "operations", RequestOperation.self, count: 1...20))
        let expected = "a symbol, or its beginning or end with a star in place of the rest"
        limit.symbols = distinct(
            "symbols", parsedList(optional: "symbols", expected: expected) { SymbolPattern($0) })
        limit.of = choice(optional: "of", PolicyOwner.self)
        if let of = limit.of, !owner.mayCount(for: of) {
            fail("of", code: FieldCode.notAChoice, "must not be wider than the policy, which is of: \(owner)")
        }
        limit.scope = scope()
        let isOfTrades = limit.operations?.allSatisfy { $0 == .trade } ?? true
        if limit.scope == .opening, !isOfTrades {
            fail(
                "operations", code: "not_allowed",
                "opening orders are trades; name others with \"applies_to\": \"all\"")
        }
        return limit
    }

    /// Counted in millionths of a dollar.
    private mutating func notionalLimit() -> Int64 {
        object("max") { f in
            f.readDollars()
            return f.parsed(
                "amount", expected: "a decimal number above 0, of at most 6 digits behind the point",
                standIn: 1
            ) { text in
                Self.positive(text).flatMap { $0.scale <= 6 ? Notional($0).microdollars : nil }
            }
        } ?? 1
    }

    private mutating func countLimit() -> Int64 {
        parsed("max", expected: "a whole number above 0, as a string", standIn: 1) { text in
            Self.positive(text).flatMap { $0.scale == 0 ? Int64(exactly: $0.significand) : nil }
        }
    }
}
