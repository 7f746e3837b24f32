extension Condition {
    /// - Parameter source: at most 4,096 characters.
    package init(_ source: String) throws(ConditionMistake) {
        guard source.unicodeScalars.count <= ConditionLimits.characters else {
            throw ConditionMistake(
                at: ConditionLimits.characters + 1,
                "a condition has at most \(ConditionLimits.characters) characters")
        }
        var parser = try ConditionParser(source)
        self.init(source: source, comparisons: try parser.comparisons())
    }
}

/// `comparison (&& comparison)*`
private struct ConditionParser {
    private enum Side {
        case field(FieldPath)
        case literal(Literal)
    }

    private var lexer: ConditionLexer
    private var token: ConditionToken
    /// Where the word before ended.
    private var end = 0

    init(_ source: String) throws(ConditionMistake) {
        lexer = ConditionLexer(source)
        token = try lexer.next()
    }

    mutating func comparisons() throws(ConditionMistake) -> [Comparison] {
        var comparisons = [try comparison()]
        while token.kind == .and {
            try advance()
            guard comparisons.count < ConditionLimits.comparisons else {
                let most = ConditionLimits.comparisons
                throw ConditionMistake(at: token.column, "a condition has at most \(most) comparisons")
            }
            comparisons.append(try comparison())
        }
        guard token.kind == .end else { throw unexpected("&& or the end") }
        return comparisons
    }

    private mutating func comparison() throws(ConditionMistake) -> Comparison {
        let start = token
        let left = try side("a field such as event.type, or a literal")
        guard case .relation(let relation) = token.kind else { throw noRelation(after: left, at: start) }
        try advance()
        let second = token
        let right = try side("a literal, such as 70 or \"live\"")
        if case .relation = token.kind {
            throw ConditionMistake(at: token.column, "a comparison has two sides; join comparisons by &&")
        }
        let source = lexer.text(start.range.lowerBound..<end)
        switch (left, right) {
        case (.field(let field), .literal(let literal)):
            return Comparison(
                field: field, relation: relation, literal: literal, source: source,
                fieldColumn: start.column, literalColumn: second.column)
        case (.literal(let literal), .field(let field)):
            return Comparison(
                field: field, relation: relation.mirrored, literal: literal, source: source,
                fieldColumn: second.column, literalColumn: start.column)
        case (.field, .field): throw .later("a comparison of two fields", at: second.column)
        case (.literal, .literal):
            throw ConditionMistake(at: start.column, "one side must be a field, such as event.type")
        }
    }

    private func noRelation(after side: Side, at start: ConditionToken) -> ConditionMistake {
        if case .field(let field) = side, token.kind == .and || token.kind == .end {
            let message = "a field alone arrives with the full language; write \(field) == true"
            return ConditionMistake(.notYetSupported, at: start.column, message)
        }
        return unexpected("one of == != < <= > >=")
    }

    private mutating func side(_ expected: String) throws(ConditionMistake) -> Side {
        switch token.kind {
        case .literal(let literal):
            try advance()
            return .literal(literal)
        case .identifier(let name): return .field(try field(from: name))
        default: throw unexpected(expected)
        }
    }

    private mutating func field(from root: String) throws(ConditionMistake) -> FieldPath {
        let start = token
        try advance()
        if token.kind == .other("(") { throw .later("the function \(root)", at: start.column) }
        guard root == "event" else { throw unknownName(root, at: start.column) }
        var names: [String] = []
        while token.kind == .dot {
            try advance()
            guard case .identifier(let name) = token.kind else { throw unexpected("the name of a field") }
            guard names.count < ConditionLimits.pathNames else {
                let most = ConditionLimits.pathNames
                throw ConditionMistake(at: token.column, "a path has at most \(most) names")
            }
            let column = token.column
            names.append(name)
            try advance()
            if token.kind == .other("(") { throw .later("the function \(name)", at: column) }
        }
        guard !names.isEmpty else { throw unexpected("a dot and the name of a field") }
        return FieldPath(names)
    }

    private func unknownName(_ name: String, at column: Int) -> ConditionMistake {
        let rooms = ["token", "grade", "signal", "candle", "level", "market", "now"]
        if rooms.contains(name) { return .later(name, at: column) }
        return ConditionMistake(at: column, "\(name) is not known; did you mean event.\(name)?")
    }

    private func unexpected(_ expected: String) -> ConditionMistake {
        if case .other(let symbol) = token.kind { return .later(symbol, at: token.column) }
        return ConditionMistake(at: token.column, "expected \(expected), found \(token.description)")
    }

    private mutating func advance() throws(ConditionMistake) {
        end = token.range.upperBound
        token = try lexer.next()
    }
}
