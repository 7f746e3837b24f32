/// Values that a caller names by a call with constant numbers, as `sma(50)`. Each stands for a variable, so
/// that what an expression reads is known before it is evaluated.
package struct Columns: Sendable {
    package enum Column: Sendable {
        case variable(String, ExpressionType)
        /// Why there is none with these numbers.
        case refused(String)
    }

    package let names: [String]
    let column: @Sendable (String, [Double]) -> Column

    package init(_ names: [String], _ column: @escaping @Sendable (String, [Double]) -> Column) {
        (self.names, self.column) = (names, column)
    }
}

extension Checker {
    /// Nil where the environment has no such column.
    mutating func column(
        _ name: String, at place: Int, _ arguments: [Node], _ node: Node
    ) throws(ExpressionMistake) -> ExpressionType? {
        guard let columns = environment.columns, columns.names.contains(name) else { return nil }
        var numbers: [Double] = []
        for argument in arguments {
            guard let number = number(argument) else {
                throw mistake(
                    .wrongType, at: argument,
                    "\(name) takes written numbers, as in \(name)(20); \(shown(argument)) is none")
            }
            numbers.append(number)
        }
        switch columns.column(name, numbers) {
        case .variable(let variable, let type):
            syntax.replace(node, by: .variable(variable))
            return type
        case .refused(let why): throw syntax.source.mistake(.wrongType, at: place, why)
        }
    }

    private func number(_ node: Node) -> Double? {
        guard case .literal(let value) = syntax.kinds[node] else { return nil }
        switch value {
        case .int(let int): return Double(int)
        case .uint(let uint): return Double(uint)
        case .double(let double): return double
        default: return nil
        }
    }
}

extension Syntax {
    /// The variables that a checked expression may ask for, each once, in the order written.
    var variables: [String] {
        var names: [String] = []
        for case .variable(let name) in kinds where !names.contains(name) { names.append(name) }
        return names
    }
}
