/// The macros over lists, and over the keys of maps.
extension Evaluator {
    mutating func run(_ loop: NodeKind.Loop, at node: Node) throws(EvaluationError) -> Value {
        let elements = try elements(of: try value(loop.range), at: node)
        switch loop.macro {
        case .all: return .bool(try quantify(loop, elements, deciding: false, at: node))
        case .exists: return .bool(try quantify(loop, elements, deciding: true, at: node))
        case .existsOne: return .bool(try kept(loop, elements, at: node).count == 1)
        case .filter: return .list(try kept(loop, elements, at: node))
        case .map:
            var results: [Value] = []
            for element in try kept(loop, elements, at: node) {
                locals[loop.slot] = element
                if let transform = loop.transform { results.append(try value(transform)) }
            }
            return .list(results)
        }
    }

    private mutating func elements(of range: Value, at node: Node) throws(EvaluationError) -> [Value] {
        let elements: [Value]
        switch range {
        case .list(let values): elements = values
        case .map(let map): elements = map.entries.map(\.key)
        case .object(let source): elements = source.fieldNames.map { .string($0) }
        default: throw noOverload("a macro", range, at: node)
        }
        try payElements(elements.count, at: node)
        return elements
    }

    /// `all` is `&&` over the elements and `exists` is `||`: one that decides wins over errors.
    private mutating func quantify(
        _ loop: NodeKind.Loop, _ elements: [Value], deciding: Bool, at node: Node
    ) throws(EvaluationError) -> Bool {
        var failure: EvaluationError?
        for element in elements {
            locals[loop.slot] = element
            do throws(EvaluationError) {
                if try isKept(loop, at: node) == deciding { return deciding }
            } catch {
                if error.code.isLimit { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return !deciding
    }

    /// The elements for which the condition holds.
    private mutating func kept(
        _ loop: NodeKind.Loop, _ elements: [Value], at node: Node
    ) throws(EvaluationError) -> [Value] {
        guard loop.condition != nil else { return elements }
        var kept: [Value] = []
        for element in elements {
            locals[loop.slot] = element
            if try isKept(loop, at: node) { kept.append(element) }
        }
        return kept
    }

    private mutating func isKept(_ loop: NodeKind.Loop, at node: Node) throws(EvaluationError) -> Bool {
        guard let condition = loop.condition else { return true }
        guard case .bool(let truth) = try value(condition) else {
            throw noOverload(loop.macro.rawValue, at: node)
        }
        return truth
    }
}
