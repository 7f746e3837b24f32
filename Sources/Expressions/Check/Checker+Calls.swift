import JSON

extension Checker {
    mutating func call(
        _ name: String, at place: Int, _ target: Node?, _ arguments: [Node], _ node: Node
    ) throws(ExpressionMistake) -> ExpressionType {
        if target == nil, let crossing = Crossing(rawValue: name) {
            return try self.crossing(crossing, at: place, arguments, node)
        }
        if target == nil, let type = try column(name, at: place, arguments, node) { return type }
        let overloads = Overload.named(name)
        guard !overloads.isEmpty else { throw unknown(name, at: place) }
        let styled = overloads.filter { $0.isMethod == (target != nil) }
        guard !styled.isEmpty else {
            let form = target == nil ? "value.\(name)(…)" : "\(name)(…)"
            throw syntax.source.mistake(.unknownFunction, at: place, "\(name) is called as \(form)")
        }
        let all = (target.map { [$0] } ?? []) + arguments
        let fitting = styled.filter { $0.parameters.count == all.count }
        guard !fitting.isEmpty else { throw wrongCount(name, at: place, styled, arguments.count) }
        var types: [ExpressionType] = []
        for argument in all { types.append(try check(argument)) }
        let chosen = fitting.filter { overload in
            zip(types, overload.parameters).allSatisfy { $0.fits($1) && ($0 != .null || $1 == .dyn) }
        }
        guard let first = chosen.first else { throw wrongTypes(name, fitting, all, types) }
        syntax.replace(node, by: .function(first.function, all))
        try foldConstants(first.function, all, node)
        return chosen.allSatisfy { $0.result == first.result } ? first.result : .dyn
    }

    private func unknown(_ name: String, at place: Int) -> ExpressionMistake {
        let names =
            Overload.names + Macro.allCases.map(\.rawValue) + ["has"]
            + (environment.remembers ? Crossing.allCases.map(\.rawValue) : [])
            + (environment.columns?.names ?? [])
        if let macro = Macro(rawValue: name) {
            let third = macro == .map ? ", with an optional condition between" : ""
            return syntax.source.mistake(
                .wrongArgumentCount, at: place, "\(name) is called as list.\(name)(x, …)\(third)")
        }
        let meant = Slip.function(name) ?? Suggestion.closest(to: name, among: names)
        let hint = meant.map { "; did you mean \($0)?" } ?? ""
        return syntax.source.mistake(.unknownFunction, at: place, "there is no function \(name)\(hint)")
    }

    private func wrongCount(
        _ name: String, at place: Int, _ overloads: [Overload], _ given: Int
    ) -> ExpressionMistake {
        let counts = Set(overloads.map { $0.parameters.count - ($0.isMethod ? 1 : 0) }).sorted()
        let wanted = counts.map(String.init).joined(separator: " or ")
        return syntax.source.mistake(
            .wrongArgumentCount, at: place,
            "\(name) takes \(wanted) \(wanted == "1" ? "argument" : "arguments"), not \(given)")
    }

    private func wrongTypes(
        _ name: String, _ overloads: [Overload], _ nodes: [Node], _ types: [ExpressionType]
    ) -> ExpressionMistake {
        for (place, type) in types.enumerated() {
            let wanted = overloads.map { $0.parameters[place] }
            if wanted.contains(where: { type.fits($0) && type != .null }) { continue }
            var nouns: [String] = []
            for type in wanted where !nouns.contains(type.noun) { nouns.append(type.noun) }
            return mistake(
                .wrongType, at: nodes[place],
                "\(name) takes \(nouns.joined(separator: " or ")); \(shown(nodes[place])) is \(type.noun)")
        }
        return mistake(.wrongType, at: nodes[0], "\(name) is not defined for these types together")
    }

    /// Conversions of literals are done once, and what is wrong with them is told now; patterns are compiled.
    private mutating func foldConstants(
        _ function: Function, _ nodes: [Node], _ node: Node
    ) throws(ExpressionMistake) {
        switch function {
        case .matches:
            guard let pattern = text(nodes[1]) else { return }
            do throws(RegexMistake) {
                syntax.replace(node, by: .matches(nodes[0], try Regex(pattern)))
            } catch {
                throw mistake(
                    .malformed, at: nodes[1],
                    "the pattern, at its character \(error.offset + 1): \(error.message)")
            }
        case .timestamp, .duration, .ip, .cidr, .decimal:
            guard case .literal(let value) = syntax.kinds[nodes[0]] else { return }
            do throws(Evaluator.Failure) {
                guard let folded = try Conversion.apply(function, value) else { return }
                syntax.replace(node, by: .literal(folded))
            } catch {
                throw mistake(.malformed, at: nodes[0], error.message)
            }
        case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours,
            .getMinutes, .getSeconds, .getMilliseconds:
            if nodes.count > 1, let zone = text(nodes[1]), TimeZoneOffset.seconds(zone) == nil {
                throw mistake(.malformed, at: nodes[1], Conversion.zoneHint)
            }
        default: return
        }
    }
}
