/// An expression of CEL (https://cel.dev), checked against the types of its variables: read once, evaluated
/// as often as there are values.
package struct Expression: Sendable {
    /// As written.
    package let source: String
    /// What it gives.
    package let type: ExpressionType
    private let syntax: Syntax
    private let slots: Int
    /// How many of `crosses_above` and its like stand in it.
    package let crossings: Int
    /// What must be so of fields for it to be true.
    package let equalities: [ConstantEquality]
    /// The variables that it reads.
    package let variables: [String]

    /// - Parameters:
    ///   - source: at most `ExpressionLimits.characters` characters.
    ///   - wanted: what it must give; `dyn` for anything.
    package init(
        _ source: String, in environment: Environment, giving wanted: ExpressionType = .dyn
    ) throws(ExpressionMistake) {
        var checker = Checker(try Parser.parse(source), environment)
        let root = checker.syntax.root
        type = try checker.check(root)
        try checker.want(wanted, root, is: type, "the whole")
        (self.source, syntax, slots) = (source, checker.syntax, checker.slots)
        (crossings, equalities) = (checker.crossings, checker.syntax.equalities)
        variables = checker.syntax.variables
    }

    /// - Parameters:
    ///   - variables: asked for by name, and only for those that are read.
    ///   - cost: units of `Cost`; what is over it is an error.
    package func evaluate(
        _ variables: any FieldSource, cost: Int = ExpressionLimits.cost
    ) -> Result<Value, EvaluationError> {
        var memory = CrossingMemory()
        return evaluate(variables, remembering: &memory, cost: cost)
    }

    /// - Parameter memory: what its crossings saw at the event before, and see at this one.
    package func evaluate(
        _ variables: any FieldSource, remembering memory: inout CrossingMemory,
        cost: Int = ExpressionLimits.cost
    ) -> Result<Value, EvaluationError> {
        var evaluator = Evaluator(
            syntax, variables, slots: slots, cost: cost, isTracing: false, before: known(memory))
        if crossings > 0 {
            evaluator.lookAtCrossings()
            memory = evaluator.memory
        }
        do throws(EvaluationError) {
            return .success(try evaluator.value(syntax.root))
        } catch {
            return .failure(error)
        }
    }

    /// The words of the source with one blank between them: who writes it otherwise, or comments on it, has
    /// written the same.
    package var words: String {
        var lexer = Lexer(syntax.source)
        var words: [String] = []
        while let token = try? lexer.next(), token.kind != .end {
            words.append(syntax.source.text(token.range))
        }
        return words.joined(separator: " ")
    }

    private func known(_ memory: CrossingMemory) -> CrossingMemory {
        memory.marks.count == crossings
            ? memory : CrossingMemory(Array(repeating: nil, count: crossings))
    }

    /// What a part of the expression came to.
    package struct Part: Sendable {
        /// Unicode scalars of the source, from 0.
        package let range: Range<Int>
        package let text: String
        package let result: Result<Value, EvaluationError>
    }

    /// The value of every part but literals and whole objects, in the order written, the larger first. All
    /// operands of `&&` and `||` are evaluated; of `?:` only the branch that is taken; within loops, the last
    /// round counts.
    package func explain(
        _ variables: any FieldSource, after memory: CrossingMemory = CrossingMemory(),
        cost: Int = ExpressionLimits.cost
    ) -> [Part] {
        var evaluator = Evaluator(
            syntax, variables, slots: slots, cost: cost, isTracing: true, before: known(memory))
        if crossings > 0 { evaluator.lookAtCrossings() }
        // An error stands in the trace, at the part that it belongs to.
        _ = try? evaluator.value(syntax.root)
        let parts = (evaluator.trace ?? [:]).compactMap { node, result -> Part? in
            if case .literal = syntax.kinds[node] { return nil }
            if case .variable = syntax.kinds[node], case .success(.object) = result { return nil }
            return Part(range: syntax.ranges[node], text: syntax.text(node), result: result)
        }
        return parts.sorted {
            ($0.range.lowerBound, -$0.range.count) < ($1.range.lowerBound, -$1.range.count)
        }
    }

    /// Where an error stands.
    package func position(of error: EvaluationError) -> SourcePosition {
        syntax.source.position(error.range.lowerBound)
    }

    /// What of the source an error is about.
    package func text(of error: EvaluationError) -> String { syntax.source.text(error.range) }
}

/// Variables by name.
package struct Variables: FieldSource {
    private let values: [(name: String, value: Value)]

    package init(_ values: [(name: String, value: Value)]) { self.values = values }

    package func field(_ name: String) -> FieldValue {
        values.first { $0.name == name }.map { .value($0.value) } ?? .absent
    }

    package var fieldNames: [String] { values.map(\.name) }
}
