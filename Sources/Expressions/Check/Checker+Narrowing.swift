/// Which variants of a variable are left when a condition is true, or false. For every variant that is
/// dropped, the condition has exactly the other value, and no error.
extension Checker {
    mutating func narrow(by node: Node, being truth: Bool) {
        for (name, places) in live {
            guard case .object(let object)? = environment.variables[name], !isShadowed(name) else { continue }
            live[name] = left(of: places, object, name, node, truth)
        }
    }

    func isShadowed(_ name: String) -> Bool { locals.contains { $0.name == name } }

    private func left(
        of places: Set<Int>, _ object: ObjectType, _ name: String, _ node: Node, _ truth: Bool
    ) -> Set<Int> {
        switch syntax.kinds[node] {
        case .not(let operand): return left(of: places, object, name, operand, !truth)
        case .and(let operands): return left(of: places, object, name, operands, truth, meets: truth)
        case .or(let operands): return left(of: places, object, name, operands, truth, meets: !truth)
        case .has(let operand, let field) where isVariable(operand, name):
            return places.filter { place in
                let variant = object.variants[place]
                if truth { return variant.type(of: field) != nil }
                // A declared field might still be absent.
                return true
            }
        case .binary(let binary, let a, let b):
            guard let tags = tags(binary, a, b, object, name) else { return places }
            return kept(places, object, tags, truth != (binary == .notEqual))
        default: return places
        }
    }

    /// All of them at once, or any of them.
    private func left(
        of places: Set<Int>, _ object: ObjectType, _ name: String, _ nodes: [Node], _ truth: Bool, meets: Bool
    ) -> Set<Int> {
        if meets { return nodes.reduce(places) { left(of: $0, object, name, $1, truth) } }
        return nodes.reduce(Set()) { $0.union(left(of: places, object, name, $1, truth)) }
    }

    private func kept(_ places: Set<Int>, _ object: ObjectType, _ tags: [String], _ isOneOf: Bool) -> Set<Int>
    {
        places.filter { place in
            let variant = object.variants[place]
            if isOneOf { return tags.contains { variant.isTagged($0) } }
            return variant.isOpen || !tags.contains(variant.tag)
        }
    }

    /// The literals that a condition compares the telling field with; nil when it is no such condition.
    func tags(_ binary: BinaryOperator, _ a: Node, _ b: Node, _ object: ObjectType, _ name: String)
        -> [String]?
    {
        switch binary {
        case .equal, .notEqual:
            if isTag(a, object, name), let tag = text(b) { return [tag] }
            if isTag(b, object, name), let tag = text(a) { return [tag] }
            return nil
        case .inside:
            return isTag(a, object, name) ? texts(b) : nil
        default: return nil
        }
    }

    private func isTag(_ node: Node, _ object: ObjectType, _ name: String) -> Bool {
        guard case .select(let operand, let field, _) = syntax.kinds[node] else { return false }
        return field == object.tagField && isVariable(operand, name)
    }

    private func isVariable(_ node: Node, _ name: String) -> Bool {
        switch syntax.kinds[node] {
        case .variable(name), .name(name, _): true
        default: false
        }
    }

    /// Of a list of strings that is written out, also when it is folded already.
    private func texts(_ node: Node) -> [String]? {
        switch syntax.kinds[node] {
        case .list(let elements):
            let texts = elements.compactMap { text($0) }
            return texts.count == elements.count ? texts : nil
        case .literal(.list(let values)):
            let texts = values.compactMap { if case .string(let text) = $0 { text } else { nil } }
            return texts.count == values.count ? texts : nil
        default: return nil
        }
    }

    func text(_ node: Node) -> String? {
        if case .literal(.string(let text)) = syntax.kinds[node] { text } else { nil }
    }
}
