import JSON

/// Functions that compare what is with what was at the event before, where the caller remembers that.
enum Crossing: String, Sendable, CaseIterable {
    /// The first was below the second, and is not any more.
    case crossesAbove = "crosses_above"
    /// The first was not below the second, and now is.
    case crossesBelow = "crosses_below"
    /// Another value than before.
    case flips

    var argumentCount: Int { self == .flips ? 1 : 2 }
}

extension Checker {
    mutating func crossing(
        _ crossing: Crossing, at place: Int, _ arguments: [Node], _ node: Node
    ) throws(ExpressionMistake) -> ExpressionType {
        guard environment.remembers else {
            throw syntax.source.mistake(
                .unknownFunction, at: place,
                "\(crossing.rawValue) stands only where events follow each other: in when")
        }
        guard arguments.count == crossing.argumentCount else {
            let form = crossing == .flips ? "flips(value)" : "\(crossing.rawValue)(value, threshold)"
            throw syntax.source.mistake(.wrongArgumentCount, at: place, "it is called as \(form)")
        }
        guard locals.isEmpty else {
            throw syntax.source.mistake(
                .malformed, at: place, "\(crossing.rawValue) cannot stand in a loop: each remembers one value"
            )
        }
        guard crossings < ExpressionLimits.crossings else {
            throw syntax.source.mistake(
                .tooLarge, at: place, "a condition has at most \(ExpressionLimits.crossings) crossings")
        }
        if crossing == .flips {
            _ = try check(arguments[0])
        } else {
            _ = try check(.atLeast, arguments[0], arguments[1], node)
        }
        guard !arguments.contains(where: holdsCrossing) else {
            throw syntax.source.mistake(.malformed, at: place, "crossings cannot stand in each other")
        }
        syntax.replace(node, by: .crossing(crossing, slot: crossings, arguments))
        crossings += 1
        return .bool
    }

    private func holdsCrossing(_ node: Node) -> Bool {
        if case .crossing = syntax.kinds[node] { return true }
        return syntax.kinds[node].children.contains(where: holdsCrossing)
    }
}
