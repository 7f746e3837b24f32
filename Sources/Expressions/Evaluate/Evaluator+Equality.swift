/// CEL's equality: defined for all values, and false between types, except that numbers are equal across
/// types when their values are. NaN equals nothing.
extension Evaluator {
    mutating func areEqual(_ a: Value, _ b: Value, at node: Node) throws(EvaluationError) -> Bool {
        try pay(Cost.element, at: node)
        switch (a, b) {
        case (.null, .null): return true
        case (.string(let a), .string(let b)):
            try pay(Cost.bytes(min(a.utf8.count, b.utf8.count)), at: node)
            return a.isExactly(b)
        case (.bytes(let a), .bytes(let b)):
            try pay(Cost.bytes(min(a.count, b.count)), at: node)
            return a == b
        case (.type(let a), .type(let b)): return a == b
        case (.cidr(let a), .cidr(let b)): return a == b
        case (.list(let a), .list(let b)):
            guard a.count == b.count else { return false }
            for (first, second) in zip(a, b) {
                guard try areEqual(first, second, at: node) else { return false }
            }
            return true
        case (.map, .map), (.map, .object), (.object, .map), (.object, .object):
            return try areEqualMaps(a, b, at: node)
        default: return a.order(to: b) == .equal
        }
    }

    private mutating func areEqualMaps(_ a: Value, _ b: Value, at node: Node) throws(EvaluationError) -> Bool
    {
        let entries = try entries(of: a, at: node)
        guard try size(of: b, at: node) == entries.count else { return false }
        for (key, value) in entries {
            try payKey(key, at: node)
            guard let other = try lookUp(key, in: b, at: node) else { return false }
            guard try areEqual(value, other, at: node) else { return false }
        }
        return true
    }

    private func entries(of value: Value, at node: Node) throws(EvaluationError) -> [(
        key: Value, value: Value
    )] {
        switch value {
        case .map(let map): return map.entries
        case .object(let source):
            var entries: [(key: Value, value: Value)] = []
            for name in source.fieldNames {
                guard let found = try lookUp(.string(name), in: value, at: node) else { continue }
                entries.append((.string(name), found))
            }
            return entries
        default: return []
        }
    }

    private func lookUp(_ key: Value, in container: Value, at node: Node) throws(EvaluationError) -> Value? {
        switch container {
        case .map(let map): return map[key]
        case .object(let source):
            guard case .string(let name) = key else { return nil }
            switch source.field(name) {
            case .value(let value): return value
            case .absent: return nil
            case .unusable(let why): throw error(.unusableValue, "\(name): \(why)", at: node)
            }
        default: return nil
        }
    }

    /// `in`: an element of a list, a key of a map.
    mutating func isInside(_ value: Value, _ container: Value, at node: Node) throws(EvaluationError) -> Bool
    {
        switch container {
        case .list(let elements):
            for element in elements {
                if try areEqual(value, element, at: node) { return true }
            }
            return false
        case .map, .object:
            try payKey(value, at: node)
            return try lookUp(value, in: container, at: node) != nil
        default: throw noOverload("in", value, container, at: node)
        }
    }

    func size(of value: Value, at node: Node) throws(EvaluationError) -> Int {
        switch value {
        case .string(let text): return text.unicodeScalars.count
        case .bytes(let bytes): return bytes.count
        case .list(let elements): return elements.count
        case .map(let map): return map.entries.count
        case .object(let source): return source.fieldNames.count
        default: throw noOverload("size", value, at: node)
        }
    }
}
