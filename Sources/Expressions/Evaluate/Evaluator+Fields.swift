/// Selecting, indexing, presence.
extension Evaluator {
    mutating func select(_ field: String, of operand: Value, at node: Node) throws(EvaluationError) -> Value {
        switch operand {
        case .object(let source):
            switch source.field(field) {
            case .value(let value):
                if case .list = value { try pay(Self.elements(of: value) * Cost.element, at: node) }
                return value
            case .absent: throw error(.noSuchField, "no such field: \(field)", at: node)
            case .unusable(let why): throw error(.unusableValue, "\(field): \(why)", at: node)
            }
        case .map(let map):
            guard let value = map[.string(field)] else {
                throw error(.noSuchKey, "no such key: \(field)", at: node)
            }
            return value
        default:
            throw error(.noSuchField, "no such field: \(operand.typeName.rawValue) has no \(field)", at: node)
        }
    }

    /// Also of lists within it: all were made when the field was read.
    private static func elements(of value: Value) -> Int {
        guard case .list(let elements) = value else { return 1 }
        return elements.reduce(1) { $0 + Self.elements(of: $1) }
    }

    /// JSON has one kind of numbers; what is declared a double is one, written `70` or `70.0`.
    func coerced(_ value: Value, _ coercion: NodeKind.Coercion) -> Value {
        switch (coercion, value) {
        case (.double, .int(let int)): .double(Double(int))
        case (.int, .double(let double)): Int64(exactly: double).map { .int($0) } ?? value
        default: value
        }
    }

    func has(_ field: String, in operand: Value, at node: Node) throws(EvaluationError) -> Bool {
        switch operand {
        case .object(let source):
            if case .absent = source.field(field) { return false }
            return true
        case .map(let map): return map[.string(field)] != nil
        default:
            throw error(.noSuchField, "no such field: \(operand.typeName.rawValue) has no fields", at: node)
        }
    }

    mutating func element(
        _ index: Value, of container: Value, at node: Node
    ) throws(EvaluationError) -> Value {
        switch (container, index) {
        case (.list(let elements), _):
            guard let position = Self.position(index) else {
                throw noOverload("[]", container, index, at: node)
            }
            guard elements.indices.contains(position) else {
                throw error(
                    .indexOutOfBounds, "index \(position) of a list of \(elements.count)", at: node)
            }
            return elements[position]
        case (.map(let map), _):
            try payKey(index, at: node)
            guard let value = map[index] else {
                throw error(.noSuchKey, "no such key: \(index.text ?? "of this type")", at: node)
            }
            return value
        case (.object, .string(let name)): return try select(name, of: container, at: node)
        case (.object, _): throw error(.noSuchKey, "no such key: \(index.text ?? "of this type")", at: node)
        default: throw noOverload("[]", container, index, at: node)
        }
    }

    /// A key is hashed whole.
    mutating func payKey(_ key: Value, at node: Node) throws(EvaluationError) {
        if case .string(let text) = key { try pay(Cost.bytes(text.utf8.count), at: node) }
    }

    /// Numbers are equal across types, so `list[1u]` and `list[1.0]` are `list[1]`.
    private static func position(_ index: Value) -> Int? {
        switch index {
        case .int(let value): Int(exactly: value) ?? -1
        case .uint(let value): Int(exactly: value) ?? -1
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }
}
