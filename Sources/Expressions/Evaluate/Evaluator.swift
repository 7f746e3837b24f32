/// Walks a checked expression. Its recursion is bounded by `ExpressionLimits.height`, its work by the cost
/// that is left.
struct Evaluator {
    typealias Node = Syntax.Node

    let syntax: Syntax
    let variables: any FieldSource
    var locals: [Value]
    private(set) var left: Int
    /// What each node came to, when that is asked for; then nothing is short-circuited.
    var trace: [Node: Result<Value, EvaluationError>]?

    /// What crossings saw at the event before, and see at this one.
    let before: CrossingMemory
    var marks: [Result<UInt64?, EvaluationError>?]

    init(
        _ syntax: Syntax, _ variables: any FieldSource, slots: Int, cost: Int, isTracing: Bool,
        before: CrossingMemory = CrossingMemory()
    ) {
        self.before = before
        marks = Array(repeating: nil, count: before.marks.count)
        (self.syntax, self.variables, left) = (syntax, variables, cost)
        locals = Array(repeating: .null, count: slots)
        trace = isTracing ? [:] : nil
    }

    /// A failure that does not know yet where it stands.
    struct Failure: Error {
        let code: EvaluationError.Code
        let message: String

        init(_ code: EvaluationError.Code, _ message: String) { (self.code, self.message) = (code, message) }
    }

    mutating func value(_ node: Node) throws(EvaluationError) -> Value {
        try pay(Cost.node, at: node)
        guard trace != nil else { return try compute(node) }
        do throws(EvaluationError) {
            let value = try compute(node)
            trace?[node] = .success(value)
            return value
        } catch {
            trace?[node] = .failure(error)
            throw error
        }
    }

    mutating func pay(_ cost: Int, at node: Node) throws(EvaluationError) {
        left -= cost
        if left < 0 { throw error(.costExceeded, "the expression costs more than its limit", at: node) }
    }

    func error(_ code: EvaluationError.Code, _ message: String, at node: Node) -> EvaluationError {
        EvaluationError(code: code, message: message, range: syntax.ranges[node])
    }

    func error(_ failure: Failure, at node: Node) -> EvaluationError {
        error(failure.code, failure.message, at: node)
    }

    private mutating func compute(_ node: Node) throws(EvaluationError) -> Value {
        switch syntax.kinds[node] {
        case .literal(let value): return value
        case .variable(let name): return try variable(name, at: node)
        case .local(let slot): return locals[slot]
        case .select(let operand, let field, let coercion):
            return coerced(try select(field, of: try value(operand), at: node), coercion)
        case .has(let operand, let field): return .bool(try has(field, in: try value(operand), at: node))
        case .index(let operand, let index):
            let container = try value(operand)
            return try element(try value(index), of: container, at: node)
        case .not(let operand):
            guard case .bool(let truth) = try value(operand) else { throw noOverload("!", at: node) }
            return .bool(!truth)
        case .negate(let operand): return try negated(try value(operand), at: node)
        case .binary(let binary, let a, let b):
            let first = try value(a)
            return try apply(binary, first, try value(b), at: node)
        case .and(let operands): return .bool(try logical(operands, deciding: false, at: node))
        case .or(let operands): return .bool(try logical(operands, deciding: true, at: node))
        case .conditional(let condition, let first, let second):
            guard case .bool(let truth) = try value(condition) else { throw noOverload("?:", at: node) }
            return try value(truth ? first : second)
        case .list(let elements): return .list(try values(of: elements))
        case .map(let entries): return .map(try map(entries, at: node))
        case .function(let function, let arguments):
            return try call(function, try values(of: arguments), at: node)
        case .matches(let operand, let regex): return .bool(try matches(try value(operand), regex, at: node))
        case .loop(let loop): return try run(loop, at: node)
        case .crossing(let crossing, let slot, _): return .bool(try hasCrossed(crossing, slot: slot))
        case .name(let name, _), .call(let name, _, _, _):
            throw error(.unknownVariable, "\(name) was not checked", at: node)
        }
    }

    private func variable(_ name: String, at node: Node) throws(EvaluationError) -> Value {
        switch variables.field(name) {
        case .value(let value): return value
        case .absent: throw error(.unknownVariable, "\(name) has no value", at: node)
        case .unusable(let why): throw error(.unusableValue, "\(name): \(why)", at: node)
        }
    }

    private mutating func values(of nodes: [Node]) throws(EvaluationError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(nodes.count)
        for node in nodes { values.append(try value(node)) }
        return values
    }

    private mutating func map(_ nodes: [Node], at node: Node) throws(EvaluationError) -> ValueMap {
        var entries: [(key: Value, value: Value)] = []
        for index in stride(from: 0, to: nodes.count, by: 2) {
            let key = try value(nodes[index])
            try payKey(key, at: node)
            entries.append((key, try value(nodes[index + 1])))
        }
        guard let map = ValueMap(entries) else {
            throw error(
                .duplicateKey, "each key stands once, and is a bool, an int, a uint or a string", at: node)
        }
        return map
    }

    /// Commutative: an operand that decides wins over the errors of the others, on either side.
    private mutating func logical(
        _ operands: [Node], deciding: Bool, at node: Node
    ) throws(EvaluationError) -> Bool {
        var failure: EvaluationError?
        var isDecided = false
        for operand in operands {
            do throws(EvaluationError) {
                guard case .bool(let truth) = try value(operand) else {
                    throw noOverload(deciding ? "||" : "&&", at: node)
                }
                if truth == deciding { isDecided = true }
            } catch {
                if error.code.isLimit { throw error }
                failure = failure ?? error
            }
            if isDecided, trace == nil { return deciding }
        }
        if isDecided { return deciding }
        if let failure { throw failure }
        return !deciding
    }

    func noOverload(_ name: String, _ values: Value..., at node: Node) -> EvaluationError {
        let types = values.map(\.typeName.rawValue).joined(separator: ", ")
        let given = values.isEmpty ? "this type" : types
        return error(.noSuchOverload, "no such overload: \(name) is not defined for \(given)", at: node)
    }
}
