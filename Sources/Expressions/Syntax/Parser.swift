/// CEL's grammar by precedence climbing. Recursion is bounded by `ExpressionLimits.nesting`.
struct Parser {
    typealias Node = Syntax.Node

    var syntax: Syntax
    private var lexer: Lexer
    private(set) var token: Token
    /// Where the word before ended.
    private(set) var end = 0
    private var before: Token?
    private var nesting = 0

    /// - Parameter source: at most `ExpressionLimits.characters` Unicode scalars.
    static func parse(_ source: String) throws(ExpressionMistake) -> Syntax {
        let text = SourceText(source)
        guard text.scalars.count <= ExpressionLimits.characters else {
            throw text.mistake(
                .tooLarge, at: ExpressionLimits.characters,
                "an expression has at most \(ExpressionLimits.characters) characters")
        }
        var parser = try Parser(text)
        _ = try parser.expression()
        guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end") }
        return parser.syntax
    }

    private init(_ source: SourceText) throws(ExpressionMistake) {
        syntax = Syntax(source)
        lexer = Lexer(source)
        token = try lexer.next()
    }

    // MARK: Expressions

    mutating func expression() throws(ExpressionMistake) -> Node {
        try enter()
        defer { nesting -= 1 }
        let start = token.range.lowerBound
        let condition = try operation(atLeast: 0)
        guard try take("?") else { return condition }
        let first = try operation(atLeast: 0)
        try expect(":", "the : of the conditional")
        let second = try expression()
        return try syntax.append(.conditional(condition, first, second), start..<end)
    }

    private mutating func enter() throws(ExpressionMistake) {
        nesting += 1
        guard nesting <= ExpressionLimits.nesting else {
            throw mistake(
                .tooLarge, at: token.range.lowerBound,
                "expressions stand at most \(ExpressionLimits.nesting) deep in each other")
        }
    }

    /// Operators that bind at least so tightly, from left to right.
    private mutating func operation(atLeast least: Int) throws(ExpressionMistake) -> Node {
        let start = token.range.lowerBound
        var left = try unary()
        while true {
            if least <= 1, token.kind == .symbol("&&") {
                left = try syntax.append(.and(try chain(left, "&&", above: 2)), start..<end)
            } else if least == 0, token.kind == .symbol("||") {
                left = try syntax.append(.or(try chain(left, "||", above: 1)), start..<end)
            } else if let binary = binaryOperator, binary.level >= least {
                try advance()
                let right = try operation(atLeast: binary.level + 1)
                left = try syntax.append(.binary(binary, left, right), start..<end)
            } else {
                return left
            }
        }
    }

    /// All operands of `a && b && c` beside each other, so that a long chain is no deep tree.
    private mutating func chain(
        _ first: Node, _ symbol: String, above level: Int
    ) throws(ExpressionMistake) -> [Node] {
        var operands = [first]
        while token.kind == .symbol(symbol) {
            guard operands.count < ExpressionLimits.elements else { throw tooMany("operands of \(symbol)") }
            try advance()
            operands.append(try operation(atLeast: level))
        }
        return operands
    }

    private var binaryOperator: BinaryOperator? {
        guard case .symbol(let text) = token.kind else { return nil }
        return BinaryOperator(rawValue: text)
    }

    /// `!` and `-` repeat: `!!a`, `--a`. A minus before a number belongs to it.
    private mutating func unary() throws(ExpressionMistake) -> Node {
        guard case .symbol(let symbol) = token.kind, symbol == "!" || symbol == "-" else {
            return try member()
        }
        let start = token.range.lowerBound
        try advance()
        if symbol == "-", let number = try negativeNumber() {
            let literal = try syntax.append(.literal(number), start..<end)
            return try members(of: literal, from: start)
        }
        try enter()
        defer { nesting -= 1 }
        let operand = try unary()
        return try syntax.append(symbol == "!" ? .not(operand) : .negate(operand), start..<end)
    }

    private mutating func negativeNumber() throws(ExpressionMistake) -> Value? {
        let value: Value
        switch token.kind {
        case .double(let number): value = .double(-number)
        case .int(let number):
            guard number <= UInt64(Int64.max) + 1 else { throw tooLargeForInt() }
            value = .int(Int64(truncatingIfNeeded: 0 &- number))
        default: return nil
        }
        try advance()
        return value
    }

    // MARK: Words

    mutating func advance() throws(ExpressionMistake) {
        (end, before) = (token.range.upperBound, token)
        token = try lexer.next()
    }

    mutating func take(_ symbol: String) throws(ExpressionMistake) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ symbol: String, _ what: String) throws(ExpressionMistake) {
        guard try take(symbol) else { throw unexpected(what) }
    }

    // MARK: Mistakes

    func mistake(_ kind: ExpressionMistake.Kind = .malformed, at offset: Int, _ message: String)
        -> ExpressionMistake
    {
        syntax.source.mistake(kind, at: offset, message)
    }

    func unexpected(_ expected: String) -> ExpressionMistake {
        if let before, Slip.isNot(before), !Slip.isNot(token) {
            return mistake(
                at: before.range.lowerBound, "\(before.description) is no operator; did you mean !?")
        }
        return mistake(
            at: token.range.lowerBound, "expected \(expected), found \(token.description)\(slip ?? "")")
    }

    private var slip: String? {
        switch (before?.kind, token.kind) {
        case (.int, .symbol(",")): "; the decimals of a number stand behind a point"
        case (_, .identifier(let word)): Slip.operation(word).map { "; did you mean \($0)?" }
        default: nil
        }
    }

    func tooMany(_ what: String) -> ExpressionMistake {
        mistake(.tooLarge, at: token.range.lowerBound, "at most \(ExpressionLimits.elements) \(what)")
    }

    func tooLargeForInt() -> ExpressionMistake {
        mistake(
            at: token.range.lowerBound,
            "the number does not fit into 64 bits; write it as a double, or with u behind it")
    }
}
