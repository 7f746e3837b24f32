import JSON

extension Checker {
    mutating func select(
        _ field: String, of operand: Node, _ node: Node
    ) throws(ExpressionMistake) -> ExpressionType {
        if let type = denotation(node) {
            syntax.replace(node, by: .literal(.type(type)))
            return .type
        }
        let type = try check(operand)
        let isSize = Slip.function(field) == Slip.size
        switch type.bare {
        case .dyn: return .dyn
        case .map(let key, let value) where ExpressionType.string.fits(key): return value
        case .object(let object):
            let found = try member(field, of: object, variants: left(of: object, operand), operand, node)
            syntax.replace(node, by: .select(operand, field: field, Self.coercion(to: found.bare)))
            return found
        case .string where isSize, .bytes where isSize, .list where isSize:
            throw mistake(
                .wrongType, at: node,
                "\(shown(operand)) has no field \(field); did you mean \(shown(operand)).\(Slip.size)?")
        default:
            throw mistake(.wrongType, at: node, "\(shown(operand)) is \(type.noun) and has no fields")
        }
    }

    private static func coercion(to type: ExpressionType) -> NodeKind.Coercion {
        type == .double ? .double : type == .int ? .int : .none
    }

    mutating func has(
        _ field: String, of operand: Node, _ node: Node
    ) throws(ExpressionMistake) -> ExpressionType {
        let type = try check(operand)
        switch type.bare {
        case .dyn, .map: return .bool
        case .object(let object):
            let variants = left(of: object, operand)
            if !variants.isEmpty, variants.allSatisfy({ $0.type(of: field) == nil }) {
                throw unknown(field, of: object, lacking: variants, operand, node)
            }
            return .bool
        default:
            throw mistake(.wrongType, at: node, "\(shown(operand)) is \(type.noun) and has no fields")
        }
    }

    mutating func element(
        _ index: Node, of operand: Node, _ node: Node
    ) throws(ExpressionMistake) -> ExpressionType {
        let type = try check(operand)
        let key = try check(index)
        switch type.bare {
        case .dyn: return .dyn
        case .list(let element):
            if key.bare.isNumber || key == .dyn { return element }
            throw mistake(.wrongType, at: index, "a list is indexed by a number, not by \(key.noun)")
        case .map(let wanted, let value):
            if key.isComparable(to: wanted) { return value }
            throw mistake(.wrongType, at: index, "the keys of this map are \(wanted.noun), not \(key.noun)")
        default:
            throw mistake(.wrongType, at: node, "\(shown(operand)) is \(type.noun) and cannot be indexed")
        }
    }

    /// `google.protobuf.Timestamp` and the like, where no variable is called so.
    private func denotation(_ node: Node) -> TypeName? {
        guard let type = TypeName(rawValue: syntax.text(node)), type == .timestamp || type == .duration,
            environment.variables["google"] == nil
        else { return nil }
        return type
    }

    /// The variants that are left here.
    private func left(of object: ObjectType, _ operand: Node) -> [ObjectType.Variant] {
        guard case .variable(let name) = syntax.kinds[operand], let places = live[name] else {
            return object.variants
        }
        return places.sorted().map { object.variants[$0] }
    }

    private func member(
        _ field: String, of object: ObjectType, variants: [ObjectType.Variant], _ operand: Node, _ node: Node
    ) throws(ExpressionMistake) -> ExpressionType {
        let lacking = variants.filter { $0.type(of: field) == nil }
        guard lacking.isEmpty else { throw unknown(field, of: object, lacking: lacking, operand, node) }
        let types = variants.compactMap { $0.type(of: field) }
        guard let first = types.first else { return .dyn }
        return types.dropFirst().reduce(first) { $0.joined(with: $1) ?? .dyn }
    }

    private func unknown(
        _ field: String, of object: ObjectType, lacking: [ObjectType.Variant], _ operand: Node, _ node: Node
    ) -> ExpressionMistake {
        let owner = shown(operand)
        let having = object.variants.first { $0.fields[field] != nil }
        guard let tagField = object.tagField, let having, let lack = lacking.first else {
            let names = lacking.flatMap { $0.fields.keys }.sorted()
            let hint =
                Suggestion.closest(to: field, among: names).map { "; did you mean \(owner).\($0)?" } ?? ""
            let those = object.tagField == nil ? object.name : Self.some(lacking.map(\.tag))
            return mistake(.unknownField, at: node, "\(owner).\(field) is no field of \(those)\(hint)")
        }
        return mistake(
            .unknownField, at: node,
            """
            \(lack.tag) has no field \(field), and a missing field is an error; \
            add \(owner).\(tagField) == "\(having.tag)" or has(\(owner).\(field))
            """)
    }

    private static func some(_ names: [String]) -> String {
        names.count <= 3
            ? names.joined(separator: ", ")
            : "\(names.prefix(2).joined(separator: ", ")) and \(names.count - 2) more"
    }
}
