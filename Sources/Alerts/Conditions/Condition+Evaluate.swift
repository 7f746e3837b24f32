package import JSON

extension Condition {
    package enum Verdict: Equatable, Sendable {
        case holds
        case fails
        /// Why it cannot be said. Never the same as false.
        case error(String)
    }

    /// What a part of the condition came to; null with `error`.
    package struct ExpressionValue: Equatable, Sendable {
        package let expression: String
        package let value: JSONValue
        package let error: String?
    }

    /// - Parameter event: as `EventView` gives it. False as soon as one comparison fails, whatever the
    /// others: CEL's
    ///   `&&` swallows the errors of one side when the other is false.
    package func evaluate(_ event: JSONObject) -> Verdict {
        var error = comparisons.isEmpty ? "the condition cannot be read" : nil
        for comparison in comparisons {
            switch comparison.evaluate(event) {
            case .holds: continue
            case .fails: return .fails
            case .error(let message): error = error ?? message
            }
        }
        return error.map(Verdict.error) ?? .holds
    }

    /// Every comparison, and every field that it reads, in the order written and each once.
    package func evaluateExplained(_ event: JSONObject) -> [ExpressionValue] {
        var seen: Set<String> = []
        return comparisons.flatMap { comparison in
            [comparison.explained(event), comparison.field.explained(event)]
        }.filter { seen.insert($0.expression).inserted }
    }
}

extension Comparison {
    func evaluate(_ event: JSONObject) -> Condition.Verdict {
        guard let value = field.value(in: event) else { return .error("no such field: \(field)") }
        let order: Order
        switch Order.attempt(value, literal) {
        case .order where literal == .null && !relation.isEquality:
            return .error("\(source): \(OrderMistake.kinds.rawValue)")
        case .error(.kinds) where relation.isEquality:
            // CEL's equality is defined for all pairs of types: unlike things are unequal.
            order = .unordered
        case .error(let mistake): return .error("\(source): \(mistake.rawValue)")
        case .order(let known): order = known
        }
        return order.satisfies(relation) ? .holds : .fails
    }

    fileprivate func explained(_ event: JSONObject) -> Condition.ExpressionValue {
        switch evaluate(event) {
        case .holds: .init(expression: source, value: true, error: nil)
        case .fails: .init(expression: source, value: false, error: nil)
        case .error(let message): .init(expression: source, value: .null, error: message)
        }
    }
}

extension FieldPath {
    fileprivate func explained(_ event: JSONObject) -> Condition.ExpressionValue {
        let value = value(in: event)
        return .init(
            expression: description, value: value ?? .null,
            error: value == nil ? "no such field: \(self)" : nil)
    }
}

/// How a field's value stands to a literal.
private enum Order {
    case less
    case equal
    case greater
    /// Unequal, and nothing more.
    case unordered

    enum Attempt {
        case order(Order)
        case error(OrderMistake)
    }

    func satisfies(_ relation: Relation) -> Bool {
        switch relation {
        case .equal: self == .equal
        case .notEqual: self != .equal
        case .less: self == .less
        case .atMost: self == .less || self == .equal
        case .greater: self == .greater
        case .atLeast: self == .greater || self == .equal
        }
    }
}

private enum OrderMistake: String {
    case kinds = "no such overload: these types have no order between them"
    case tooLarge = "the number is beyond the largest double"
}

extension Order {
    /// The pairs that CEL compares; ints and doubles by their mathematical value.
    static func attempt(_ value: JSONValue, _ literal: Literal) -> Attempt {
        switch (value, literal) {
        case (.null, .null): .order(.equal)
        case (.bool(let a), .bool(let b)): .order(a == b ? .equal : a ? .greater : .less)
        case (.string(let a), .string(let b)): .order(byCodePoints(a, b))
        case (.number(let a), .int(let b)): number(a, int: b)
        case (.number(let a), .double(let b)): number(a, double: b)
        default: .error(.kinds)
        }
    }

    private static func number(_ a: JSONNumber, int b: Int64) -> Attempt {
        if let a = a.int { return .order(by(a, b)) }
        guard let a = a.double else { return .error(.tooLarge) }
        return .order(exactly(b, a).reversed)
    }

    private static func number(_ a: JSONNumber, double b: Double) -> Attempt {
        if let a = a.int { return .order(exactly(a, b)) }
        guard let a = a.double else { return .error(.tooLarge) }
        return .order(by(a, b))
    }

    private static func by<T: Comparable>(_ a: T, _ b: T) -> Order {
        a < b ? .less : a > b ? .greater : .equal
    }

    /// Without the rounding that turning either side into the other's type would bring.
    private static func exactly(_ a: Int64, _ b: Double) -> Order {
        if b >= 0x1p63 { return .less }
        if b < -0x1p63 { return .greater }
        let whole = Int64(b)  // toward zero, exact within this range
        return a == whole ? by(0, b - Double(whole)) : by(a, whole)
    }

    /// The order of UTF-8 is the order of code points.
    private static func byCodePoints(_ a: String, _ b: String) -> Order {
        if a.utf8.elementsEqual(b.utf8) { return .equal }
        return a.utf8.lexicographicallyPrecedes(b.utf8) ? .less : .greater
    }

    private var reversed: Order {
        switch self {
        case .less: .greater
        case .greater: .less
        case .equal, .unordered: self
        }
    }
}
