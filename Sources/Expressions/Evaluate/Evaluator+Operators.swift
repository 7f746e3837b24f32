import Kernel

extension Evaluator {
    mutating func apply(
        _ binary: BinaryOperator, _ a: Value, _ b: Value, at node: Node
    ) throws(EvaluationError) -> Value {
        switch binary {
        case .equal: return .bool(try areEqual(a, b, at: node))
        case .notEqual: return .bool(try !areEqual(a, b, at: node))
        case .inside: return .bool(try isInside(a, b, at: node))
        case .less, .atMost, .greater, .atLeast:
            if case .string(let text) = a { try pay(Cost.bytes(text.utf8.count), at: node) }
            guard let order = a.order(to: b) else { throw noOverload(binary.rawValue, a, b, at: node) }
            return .bool(order.satisfies(binary))
        case .add, .subtract, .multiply, .divide, .remainder:
            return try arithmetic(binary, a, b, at: node)
        }
    }

    func negated(_ value: Value, at node: Node) throws(EvaluationError) -> Value {
        switch value {
        case .int(let int):
            let (result, overflow) = Int64(0).subtractingReportingOverflow(int)
            if overflow { throw overflowed("-", at: node) }
            return .int(result)
        case .double(let double): return .double(-double)
        case .decimal(let decimal): return .decimal(-decimal)
        case .duration(let span):
            guard let result = Span(total: -span.total) else { throw overflowed("-", at: node) }
            return .duration(result)
        default: throw noOverload("-", value, at: node)
        }
    }

    private func overflowed(_ name: String, at node: Node) -> EvaluationError {
        error(.overflow, "the result of \(name) does not fit its type", at: node)
    }

    private mutating func arithmetic(
        _ binary: BinaryOperator, _ a: Value, _ b: Value, at node: Node
    ) throws(EvaluationError) -> Value {
        do throws(Failure) {
            let result: Value? =
                switch (a, b) {
                case (.int(let a), .int(let b)): try Self.integers(binary, a, b).map { .int($0) }
                case (.uint(let a), .uint(let b)): try Self.integers(binary, a, b).map { .uint($0) }
                case (.double(let a), .double(let b)): Self.doubles(binary, a, b).map { .double($0) }
                case (.decimal(let a), .decimal(let b)): try Self.decimals(binary, a, b).map { .decimal($0) }
                default: try Self.moments(binary, a, b)
                }
            if let result { return result }
        } catch {
            throw self.error(error, at: node)
        }
        guard binary == .add else { throw noOverload(binary.rawValue, a, b, at: node) }
        return try joined(a, b, at: node)
    }

    private static func integers<T: FixedWidthInteger>(
        _ binary: BinaryOperator, _ a: T, _ b: T
    ) throws(Failure) -> T? {
        if binary == .divide || binary == .remainder, b == 0 {
            throw Failure(.divisionByZero, "\(binary.rawValue) by zero")
        }
        let (result, overflow) =
            switch binary {
            case .add: a.addingReportingOverflow(b)
            case .subtract: a.subtractingReportingOverflow(b)
            case .multiply: a.multipliedReportingOverflow(by: b)
            case .divide: a.dividedReportingOverflow(by: b)
            default: a.remainderReportingOverflow(dividingBy: b)
            }
        if overflow { throw Failure(.overflow, "the result of \(binary.rawValue) does not fit into 64 bits") }
        return result
    }

    private static func doubles(_ binary: BinaryOperator, _ a: Double, _ b: Double) -> Double? {
        switch binary {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        default: nil
        }
    }

    private static func decimals(
        _ binary: BinaryOperator, _ a: Decimal, _ b: Decimal
    ) throws(Failure) -> Decimal? {
        let result: Decimal?
        switch binary {
        case .add: result = a.adding(b)
        case .subtract: result = a.subtracting(b)
        case .multiply: result = a.multiplied(by: b)
        default: return nil
        }
        guard let result else { throw Failure(.overflow, "the result has more digits than a decimal keeps") }
        return result
    }

    private static func moments(_ binary: BinaryOperator, _ a: Value, _ b: Value) throws(Failure) -> Value? {
        let result: Value?
        switch (binary, a, b) {
        case (.add, .timestamp(let a), .duration(let b)): result = a.adding(b).map { .timestamp($0) }
        case (.add, .duration(let a), .timestamp(let b)): result = b.adding(a).map { .timestamp($0) }
        case (.add, .duration(let a), .duration(let b)):
            result = Span(total: a.total + b.total).map { .duration($0) }
        case (.subtract, .timestamp(let a), .timestamp(let b)):
            result = a.subtracting(b).map { .duration($0) }
        case (.subtract, .timestamp(let a), .duration(let b)):
            result = a.subtracting(b).map { .timestamp($0) }
        case (.subtract, .duration(let a), .duration(let b)):
            result = Span(total: a.total - b.total).map { .duration($0) }
        default: return nil
        }
        guard let result else {
            throw Failure(.overflow, "the result lies outside the range of timestamps or durations")
        }
        return result
    }

    /// `+` of texts, bytes and lists, within the limits of a result.
    private mutating func joined(_ a: Value, _ b: Value, at node: Node) throws(EvaluationError) -> Value {
        switch (a, b) {
        case (.string(let a), .string(let b)):
            try payBytes(a.utf8.count + b.utf8.count, at: node)
            return .string(a + b)
        case (.bytes(let a), .bytes(let b)):
            try payBytes(a.count + b.count, at: node)
            return .bytes(a + b)
        case (.list(let a), .list(let b)):
            try payElements(a.count + b.count, at: node)
            return .list(a + b)
        default: throw noOverload("+", a, b, at: node)
        }
    }

    mutating func payBytes(_ count: Int, at node: Node) throws(EvaluationError) {
        guard count <= ExpressionLimits.resultBytes else {
            throw error(.resultTooLarge, "over \(ExpressionLimits.resultBytes) bytes", at: node)
        }
        try pay(Cost.bytes(count), at: node)
    }

    mutating func payElements(_ count: Int, at node: Node) throws(EvaluationError) {
        guard count <= ExpressionLimits.resultElements else {
            throw error(.resultTooLarge, "over \(ExpressionLimits.resultElements) elements", at: node)
        }
        try pay(count * Cost.element, at: node)
    }
}
