/// An expression as a tree whose nodes stand in one array, children before their parents: small, shared
/// without copying, and a value of a node can be told by its number.
struct Syntax: Sendable {
    typealias Node = Int

    let source: SourceText
    private(set) var kinds: [NodeKind] = []
    private(set) var ranges: [Range<Int>] = []
    private var heights: [Int] = []
    private(set) var root: Node = 0

    init(_ source: SourceText) { self.source = source }

    func text(_ node: Node) -> String { source.text(ranges[node]) }

    mutating func replace(_ node: Node, by kind: NodeKind) { kinds[node] = kind }

    mutating func append(_ kind: NodeKind, _ range: Range<Int>) throws(ExpressionMistake) -> Node {
        let height = 1 + (kind.children.map { heights[$0] }.max() ?? 0)
        guard height <= ExpressionLimits.height else {
            throw source.mistake(
                .tooLarge, at: range.lowerBound, "an expression is at most \(ExpressionLimits.height) deep")
        }
        kinds.append(kind)
        ranges.append(range)
        heights.append(height)
        root = kinds.count - 1
        return root
    }

    /// Parentheses belong to what stands in them when it is shown, not when it is a part of something.
    mutating func widen(_ node: Node, to range: Range<Int>) { ranges[node] = range }
}

enum NodeKind: Sendable {
    case literal(Value)
    /// As written; the checker makes a variable, a local or a type of it.
    case name(String, isRoot: Bool)
    case variable(String)
    /// What a macro binds: its slot.
    case local(Int)
    case select(Syntax.Node, field: String, Coercion)
    case has(Syntax.Node, field: String)
    case index(Syntax.Node, Syntax.Node)
    case not(Syntax.Node)
    case negate(Syntax.Node)
    case binary(BinaryOperator, Syntax.Node, Syntax.Node)
    case and([Syntax.Node])
    case or([Syntax.Node])
    case conditional(Syntax.Node, Syntax.Node, Syntax.Node)
    case list([Syntax.Node])
    /// Keys and values in turn.
    case map([Syntax.Node])
    /// As written; the checker finds the function.
    case call(String, at: Int, target: Syntax.Node?, [Syntax.Node])
    case function(Function, [Syntax.Node])
    /// `matches` with a pattern that was compiled when the expression was checked.
    case matches(Syntax.Node, Regex)
    case loop(Loop)
    /// Its number among the crossings of the expression.
    case crossing(Crossing, slot: Int, [Syntax.Node])

    struct Loop: Sendable {
        let macro: Macro
        let range: Syntax.Node
        let variable: String
        var slot: Int
        /// The predicate; nil for a plain `map`.
        let condition: Syntax.Node?
        let transform: Syntax.Node?
    }

    /// What a declared number needs, since JSON has one kind of them only.
    enum Coercion: Sendable { case none, double, int }
}

extension NodeKind {
    var children: [Syntax.Node] {
        switch self {
        case .literal, .name, .variable, .local: []
        case .select(let operand, _, _), .has(let operand, _), .not(let operand), .negate(let operand),
            .matches(let operand, _):
            [operand]
        case .index(let a, let b), .binary(_, let a, let b): [a, b]
        case .conditional(let a, let b, let c): [a, b, c]
        case .and(let nodes), .or(let nodes), .list(let nodes), .map(let nodes), .function(_, let nodes),
            .crossing(_, _, let nodes):
            nodes
        case .call(_, _, let target, let arguments): (target.map { [$0] } ?? []) + arguments
        case .loop(let loop): [loop.range] + [loop.condition, loop.transform].compactMap { $0 }
        }
    }
}

enum Macro: String, Sendable, CaseIterable { case all, exists, existsOne = "exists_one", map, filter }

enum BinaryOperator: String, Sendable, CaseIterable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case atMost = "<="
    case greater = ">"
    case atLeast = ">="
    case inside = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"

    /// How tightly it binds; `||` is 0 and `&&` 1.
    var level: Int {
        switch self {
        case .equal, .notEqual, .less, .atMost, .greater, .atLeast, .inside: 2
        case .add, .subtract: 3
        case .multiply, .divide, .remainder: 4
        }
    }
}
