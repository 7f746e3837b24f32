import JSON

/// A place in a request's body that takes text, by the contract: in its schema, or in its example.
struct TextField: Hashable, Sendable, CustomStringConvertible {
    /// Names and positions from the top.
    let path: [String]

    /// RFC 6901.
    var pointer: String { path.map { "/\($0)" }.joined() }
    var description: String { pointer }

    static func all(of schema: JSONValue, _ example: JSONValue, in contract: Contract) -> [TextField] {
        let found = Set(places(in: example, [])).union(places(of: schema, [], contract))
        return found.map { TextField(path: $0) }.sorted { $0.pointer < $1.pointer }
    }

    private static func places(in example: JSONValue, _ path: [String]) -> [[String]] {
        switch example {
        case .string: [path]
        case .array(let elements):
            elements.enumerated().flatMap { places(in: $0.element, path + [String($0.offset)]) }
        case .object(let object): object.members.flatMap { places(in: $0.value, path + [$0.name]) }
        case .null, .bool, .number: []
        }
    }

    private static func places(of schema: JSONValue, _ path: [String], _ contract: Contract) -> [[String]] {
        if let reference = schema["$ref"]?.asString {
            return contract.target(of: reference).map { places(of: $0, path, contract) } ?? []
        }
        let types = schema["type"]?.asArray?.compactMap(\.asString) ?? [schema["type"]?.asString ?? ""]
        if types.contains("string") { return [path] }
        var found = (schema["oneOf"]?.asArray ?? []).flatMap { places(of: $0, path, contract) }
        for property in schema["properties"]?.asObject?.members ?? [] {
            found += places(of: property.value, path + [property.name], contract)
        }
        if let rest = schema["additionalProperties"], rest.asObject != nil {
            found += places(of: rest, path + ["any"], contract)
        }
        if let items = schema["items"] { found += places(of: items, path + ["0"], contract) }
        return found
    }

    /// The body with `text` here; what leads here is made where it is not there.
    func set(_ text: String, in body: JSONValue) -> JSONValue { Self.set(text, at: path[...], in: body) }

    private static func set(_ text: String, at path: ArraySlice<String>, in value: JSONValue?) -> JSONValue {
        guard let first = path.first else { return .string(text) }
        if let position = Int(first) {
            var elements = value?.asArray ?? []
            let element = set(text, at: path.dropFirst(), in: elements.dropFirst(position).first)
            if position < elements.count { elements[position] = element } else { elements.append(element) }
            return .array(elements)
        }
        var object = JSONObject()
        for member in value?.asObject?.members ?? [] where member.name != first {
            _ = object.append(member.name, member.value)
        }
        _ = object.append(first, set(text, at: path.dropFirst(), in: value?[first]))
        return .object(object)
    }
}

extension JSONValue {
    /// Whether this text stands in it as it is, byte for byte.
    func holds(_ text: String) -> Bool {
        switch self {
        case .null, .bool, .number: false
        case .string: self == .string(text)
        case .array(let elements): elements.contains { $0.holds(text) }
        case .object(let object): object.members.contains { $0.value.holds(text) }
        }
    }
}
