/// `Member` and `Primary` of the grammar, and macros.
extension Parser {
    mutating func member() throws(ExpressionMistake) -> Node {
        let start = token.range.lowerBound
        return try members(of: try primary(), from: start)
    }

    /// `.field`, `.method(…)` and `[index]`, as often as they come.
    mutating func members(of first: Node, from start: Int) throws(ExpressionMistake) -> Node {
        var node = first
        while true {
            if try take(".") {
                node = try field(of: node, from: start)
            } else if try take("[") {
                let index = try expression()
                try expect("]", "the ] of the index")
                node = try syntax.append(.index(node, index), start..<end)
            } else if token.kind == .symbol("{") {
                throw mistake(at: token.range.lowerBound, "messages cannot be made; {…} alone makes a map")
            } else {
                return node
            }
        }
    }

    private mutating func field(of operand: Node, from start: Int) throws(ExpressionMistake) -> Node {
        let place = token.range.lowerBound
        if case .quoted(let name) = token.kind {
            try advance()
            return try syntax.append(.select(operand, field: name, .none), start..<end)
        }
        guard case .identifier(let name) = token.kind else { throw unexpected("the name of a field") }
        try advance()
        guard try take("(") else {
            return try syntax.append(.select(operand, field: name, .none), start..<end)
        }
        let arguments = try list(until: ")", "arguments")
        if let macro = Macro(rawValue: name),
            arguments.count == 2 || (macro == .map && arguments.count == 3)
        {
            return try loop(macro, over: operand, arguments, from: start)
        }
        return try syntax.append(.call(name, at: place, target: operand, arguments), start..<end)
    }

    private mutating func loop(
        _ macro: Macro, over range: Node, _ arguments: [Node], from start: Int
    ) throws(ExpressionMistake) -> Node {
        guard case .name(let variable, isRoot: false) = syntax.kinds[arguments[0]] else {
            throw mistake(
                at: syntax.ranges[arguments[0]].lowerBound,
                "the first argument of \(macro.rawValue) names the element: a simple name")
        }
        let isPlainMap = macro == .map && arguments.count == 2
        let loop = NodeKind.Loop(
            macro: macro, range: range, variable: variable, slot: 0,
            condition: isPlainMap ? nil : arguments[1],
            transform: macro == .map ? arguments[arguments.count - 1] : nil)
        return try syntax.append(.loop(loop), start..<end)
    }

    private mutating func primary() throws(ExpressionMistake) -> Node {
        let start = token.range.lowerBound
        if let literal = try literal() { return try syntax.append(.literal(literal), start..<end) }
        if try take("(") {
            let node = try expression()
            try expect(")", "the ) of the parentheses")
            syntax.widen(node, to: start..<end)
            return node
        }
        if try take("[") {
            return try syntax.append(.list(try list(until: "]", "elements")), start..<end)
        }
        if try take("{") { return try syntax.append(.map(try mapEntries()), start..<end) }
        let isRoot = try take(".")
        guard case .identifier(let name) = token.kind else {
            throw unexpected("a value, a name or a parenthesis")
        }
        if Self.reserved.contains(name) { throw mistake(at: start, "\(name) is a reserved word") }
        let place = token.range.lowerBound
        try advance()
        guard try take("(") else { return try syntax.append(.name(name, isRoot: isRoot), start..<end) }
        let arguments = try list(until: ")", "arguments")
        if name == "has" { return try has(arguments, at: place, from: start) }
        return try syntax.append(.call(name, at: place, target: nil, arguments), start..<end)
    }

    private mutating func has(
        _ arguments: [Node], at place: Int, from start: Int
    ) throws(ExpressionMistake) -> Node {
        guard arguments.count == 1, case .select(let operand, let field, _) = syntax.kinds[arguments[0]]
        else {
            throw mistake(at: place, "has takes one field, such as has(event.reason)")
        }
        return try syntax.append(.has(operand, field: field), start..<end)
    }

    private mutating func literal() throws(ExpressionMistake) -> Value? {
        let value: Value
        switch token.kind {
        case .null: value = .null
        case .bool(let truth): value = .bool(truth)
        case .int(let number):
            guard let int = Int64(exactly: number) else { throw tooLargeForInt() }
            value = .int(int)
        case .uint(let number): value = .uint(number)
        case .double(let number): value = .double(number)
        case .string(let text): value = .string(text)
        case .bytes(let bytes): value = .bytes(bytes)
        default: return nil
        }
        try advance()
        return value
    }

    /// Expressions with commas between them; a comma may end a list, as the grammar of today allows.
    private mutating func list(until close: String, _ what: String) throws(ExpressionMistake) -> [Node] {
        var nodes: [Node] = []
        if close == "]", try take(",") {
            try expect(close, close)
            return []
        }
        while token.kind != .symbol(close) {
            guard nodes.count < ExpressionLimits.elements else { throw tooMany(what) }
            nodes.append(try expression())
            guard try take(",") else { break }
            if close == ")", token.kind == .symbol(")") { throw unexpected("another argument") }
        }
        try expect(close, ", or \(close)")
        return nodes
    }

    private mutating func mapEntries() throws(ExpressionMistake) -> [Node] {
        var nodes: [Node] = []
        if try take(",") {
            try expect("}", "}")
            return []
        }
        while token.kind != .symbol("}") {
            guard nodes.count < 2 * ExpressionLimits.elements else { throw tooMany("entries") }
            nodes.append(try expression())
            try expect(":", "the : between a key and its value")
            nodes.append(try expression())
            guard try take(",") else { break }
        }
        try expect("}", ", or }")
        return nodes
    }

    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
        "package", "namespace", "return", "var", "void", "while",
    ]
}
