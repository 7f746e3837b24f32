import JSON

extension Checker {
    mutating func negated(_ operand: Node) throws(ExpressionMistake) -> ExpressionType {
        let type = try check(operand)
        guard [.dyn, .int, .double, .decimal, .duration].contains(type.bare) else {
            throw mistake(
                .wrongType, at: operand, "- takes a number with a sign; \(shown(operand)) is \(type.noun)")
        }
        return type.bare
    }

    mutating func check(
        _ binary: BinaryOperator, _ a: Node, _ b: Node, _ node: Node
    ) throws(ExpressionMistake) -> ExpressionType {
        try checkTags(binary, a, b)
        let (first, second) = (try check(a), try check(b))
        switch binary {
        case .equal, .notEqual:
            guard first.isComparable(to: second) else { throw unlike(binary, (a, first), (b, second)) }
            return .bool
        case .inside: return try inside(first, second, a, b)
        case .less, .atMost, .greater, .atLeast:
            return try order(binary, (a, first), (b, second))
        case .add, .subtract, .multiply, .divide, .remainder:
            return try arithmetic(binary, (a, first), (b, second))
        }
    }

    private func order(
        _ binary: BinaryOperator, _ a: (node: Node, type: ExpressionType),
        _ b: (node: Node, type: ExpressionType)
    ) throws(ExpressionMistake) -> ExpressionType {
        for side in [a, b] where side.type == .null {
            throw mistake(.wrongType, at: side.node, "null has no order; use == or !=")
        }
        for side in [a, b] where !Self.isOrdered(side.type.bare) {
            throw mistake(
                .wrongType, at: side.node, "\(shown(side.node)) is \(side.type.noun), which has no order")
        }
        guard a.type.isComparable(to: b.type) else { throw unlike(binary, a, b) }
        return .bool
    }

    private static func isOrdered(_ type: ExpressionType) -> Bool {
        switch type {
        case .dyn, .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration, .decimal, .ip: true
        default: false
        }
    }

    private func unlike(
        _ binary: BinaryOperator, _ a: (node: Node, type: ExpressionType),
        _ b: (node: Node, type: ExpressionType)
    ) -> ExpressionMistake {
        // A literal is what was written wrongly.
        if case .literal = syntax.kinds[a.node] {
            return mistake(.wrongType, at: a.node, "\(shown(b.node)) is \(b.type.noun), not \(a.type.noun)")
        }
        return mistake(.wrongType, at: b.node, "\(shown(a.node)) is \(a.type.noun), not \(b.type.noun)")
    }

    private func inside(
        _ element: ExpressionType, _ container: ExpressionType, _ a: Node, _ b: Node
    ) throws(ExpressionMistake) -> ExpressionType {
        let wanted: ExpressionType
        switch container.bare {
        case .dyn: return .bool
        case .list(let type): wanted = type
        case .map(let key, _): wanted = key
        default:
            throw mistake(.wrongType, at: b, "in takes a list or a map; \(shown(b)) is \(container.noun)")
        }
        guard element.isComparable(to: wanted) else {
            throw mistake(
                .wrongType, at: a, "\(shown(a)) is \(element.noun), and \(shown(b)) holds \(wanted.noun)")
        }
        return .bool
    }

    private func arithmetic(
        _ binary: BinaryOperator, _ a: (node: Node, type: ExpressionType),
        _ b: (node: Node, type: ExpressionType)
    ) throws(ExpressionMistake) -> ExpressionType {
        let (first, second) = (a.type.bare, b.type.bare)
        if let result = Self.result(of: binary, first, second) { return result }
        let hint =
            first.isNumber && second.isNumber
            ? "; convert one of them, as in double(\(shown(first == .double ? b.node : a.node)))" : ""
        throw mistake(
            .wrongType, at: b.node,
            "\(binary.rawValue) is not defined for \(first.noun) and \(second.noun)\(hint)")
    }

    private static func result(
        of binary: BinaryOperator, _ a: ExpressionType, _ b: ExpressionType
    ) -> ExpressionType? {
        if a == .dyn || b == .dyn {
            let other = a == .dyn ? b : a
            return other == .dyn || result(of: binary, other, other) != nil || other == .timestamp
                ? .dyn : nil
        }
        switch (binary, a, b) {
        case (.add, .list(let a), .list(let b)): return .list(a.joined(with: b) ?? .dyn)
        case (.add, .timestamp, .duration), (.add, .duration, .timestamp), (.subtract, .timestamp, .duration):
            return .timestamp
        case (.add, .duration, .duration), (.subtract, .duration, .duration),
            (.subtract, .timestamp, .timestamp):
            return .duration
        case (.add, .string, .string): return .string
        case (.add, .bytes, .bytes): return .bytes
        case (.add, .decimal, .decimal), (.subtract, .decimal, .decimal), (.multiply, .decimal, .decimal):
            return .decimal
        case (.remainder, .double, _): return nil
        default: return a == b && a.isNumber ? a : nil
        }
    }

    /// `event.type == "key.revokd"` can never hold.
    private func checkTags(_ binary: BinaryOperator, _ a: Node, _ b: Node) throws(ExpressionMistake) {
        guard binary != .notEqual else { return }
        for case (let name, .object(let object)) in environment.variables where object.tagField != nil {
            guard !isShadowed(name), let tags = tags(binary, a, b, object, name) else { continue }
            for tag in tags where !object.variants.contains(where: { $0.isTagged(tag) }) {
                let guess = Suggestion.closest(to: tag, among: object.knownTags)
                let place = text(a) == nil ? literal(tag, in: b) : a
                throw mistake(
                    .unknownField, at: place,
                    object.unknownTag + (guess.map { "; did you mean \($0)?" } ?? ""))
            }
        }
    }

    private func literal(_ text: String, in node: Node) -> Node {
        guard case .list(let elements) = syntax.kinds[node] else { return node }
        return elements.first { self.text($0) == text } ?? node
    }
}
