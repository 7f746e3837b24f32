import Kernel

extension Evaluator {
    mutating func call(
        _ function: Function, _ arguments: [Value], at node: Node
    ) throws(EvaluationError) -> Value {
        switch function {
        case .size:
            let size = try size(of: arguments[0], at: node)
            try pay(Cost.bytes(size), at: node)
            return .int(Int64(size))
        case .contains, .startsWith, .endsWith: return try search(function, arguments, at: node)
        case .matches:
            guard case .string(let pattern) = arguments[1] else { break }
            try pay(pattern.utf8.count, at: node)
            let regex: Regex
            do throws(RegexMistake) { regex = try Regex(pattern) } catch {
                throw self.error(.invalidArgument, "the pattern: \(error.message)", at: node)
            }
            try pay(regex.program.count, at: node)
            return .bool(try matches(arguments[0], regex, at: node))
        case .dyn: return arguments[0]
        case .type: return .type(arguments[0].typeName)
        case .string, .bytes, .bool, .int, .uint, .double, .timestamp, .duration, .ip, .cidr, .decimal:
            return try convert(function, arguments[0], at: node)
        case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours,
            .getMinutes, .getSeconds, .getMilliseconds:
            return .int(Int64(try part(function, arguments, at: node)))
        }
        throw noOverload(function.rawValue, arguments, at: node)
    }

    private mutating func convert(
        _ function: Function, _ value: Value, at node: Node
    ) throws(EvaluationError) -> Value {
        if case .string(let text) = value { try pay(Cost.bytes(text.utf8.count), at: node) }
        if case .bytes(let bytes) = value { try pay(Cost.bytes(bytes.count), at: node) }
        let converted: Value?
        do throws(Failure) { converted = try Conversion.apply(function, value) } catch {
            throw self.error(error, at: node)
        }
        guard let converted else { throw noOverload(function.rawValue, value, at: node) }
        return converted
    }

    private func noOverload(_ name: String, _ values: [Value], at node: Node) -> EvaluationError {
        let types = values.map(\.typeName.rawValue).joined(separator: ", ")
        return error(.noSuchOverload, "no such overload: \(name) is not defined for \(types)", at: node)
    }

    private mutating func search(
        _ function: Function, _ arguments: [Value], at node: Node
    ) throws(EvaluationError) -> Value {
        switch (arguments[0], arguments[1]) {
        case (.string(let text), .string(let part)):
            try pay(Cost.bytes(text.utf8.count + part.utf8.count), at: node)
            switch function {
            case .startsWith: return .bool(text.utf8.starts(with: part.utf8))
            case .endsWith: return .bool(text.utf8.reversed().starts(with: part.utf8.reversed()))
            default: return .bool(Self.holds(text, part))
            }
        case (.cidr(let range), .ip(let address)) where function == .contains:
            return .bool(range.contains(address))
        case (.cidr(let range), .string(let text)) where function == .contains:
            guard let address = IPAddress(text) else {
                throw error(.invalidArgument, "contains: no IP address", at: node)
            }
            return .bool(range.contains(address))
        default: throw noOverload(function.rawValue, arguments, at: node)
        }
    }

    /// Knuth, Morris and Pratt: linear, whatever the texts.
    private static func holds(_ text: String, _ part: String) -> Bool {
        let part = Array(part.utf8)
        // How much of the part is still matched after the byte behind that much does not fit.
        var fallback = [0]
        var matched = 0
        for index in part.indices.dropFirst() {
            while matched > 0, part[index] != part[matched] { matched = fallback[matched - 1] }
            if part[index] == part[matched] { matched += 1 }
            fallback.append(matched)
        }
        matched = 0
        for byte in text.utf8 {
            if matched == part.count { return true }
            while matched > 0, byte != part[matched] { matched = fallback[matched - 1] }
            if byte == part[matched] { matched += 1 }
        }
        return matched == part.count
    }

    mutating func matches(_ value: Value, _ regex: Regex, at node: Node) throws(EvaluationError) -> Bool {
        guard case .string(let text) = value else { throw noOverload("matches", value, at: node) }
        // What a search sets up before it begins.
        try pay(Cost.bytes(regex.program.count), at: node)
        var steps = left * Cost.regexStepsPerUnit
        let before = steps
        let found = regex.search(text, steps: &steps)
        try pay((before - steps) / Cost.regexStepsPerUnit, at: node)
        guard let found else {
            throw error(.costExceeded, "the expression costs more than its limit", at: node)
        }
        return found
    }
}
