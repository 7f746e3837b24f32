/// `event.key_id == 'key_…'`: without one of these values in the field, the expression is false.
package struct ConstantEquality: Equatable, Sendable {
    package let variable: String
    package let field: String
    package let values: [String]

    package init(variable: String, field: String, values: [String]) {
        (self.variable, self.field, self.values) = (variable, field, values)
    }
}

extension Syntax {
    /// Comparisons of a field with constant texts on the top level of `&&`: where one of them is false,
    /// so is the whole, whatever the rest is. (Where the field is missing the whole may be an error.)
    var equalities: [ConstantEquality] { kinds.isEmpty ? [] : equalities(at: root) }

    private func equalities(at node: Node) -> [ConstantEquality] {
        switch kinds[node] {
        case .and(let operands): operands.flatMap { equalities(at: $0) }
        case .binary(.equal, let a, let b): [equality(a, b) ?? equality(b, a)].compactMap(\.self)
        case .binary(.inside, let a, let b): [equality(a, b, isList: true)].compactMap(\.self)
        default: []
        }
    }

    private func equality(_ a: Node, _ b: Node, isList: Bool = false) -> ConstantEquality? {
        guard case .select(let operand, let field, _) = kinds[a], case .variable(let name) = kinds[operand],
            case .literal(let value) = kinds[b]
        else { return nil }
        switch value {
        case .string(let text) where !isList:
            return ConstantEquality(variable: name, field: field, values: [text])
        case .list(let elements) where isList:
            let texts = elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
            guard texts.count == elements.count else { return nil }
            return ConstantEquality(variable: name, field: field, values: texts)
        default: return nil
        }
    }
}
