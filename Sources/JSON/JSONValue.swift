/// Any JSON value. Strings are equal when their bytes are; the order of an object's members does not count.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    package var isNull: Bool { self == .null }

    package var asBool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    package var asNumber: JSONNumber? {
        if case .number(let value) = self { value } else { nil }
    }

    /// See `JSONNumber.int`.
    package var asInt: Int64? { asNumber?.int }

    /// See `JSONNumber.double`.
    package var asDouble: Double? { asNumber?.double }

    package var asString: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var asArray: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    package var asObject: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// A member's value; nil when this is no object or has no such member.
    package subscript(name: String) -> JSONValue? { asObject?[name] }

    /// An element; nil when this is no array or it is shorter.
    package subscript(index: Int) -> JSONValue? {
        guard let elements = asArray, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The compact text, as bytes.
    package var bytes: [UInt8] {
        var w = JSONWriter()
        write(to: &w)
        return w.bytes
    }
}

extension JSONValue: Equatable {
    package static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }
}

extension JSONValue: JSONWritable {
    package func write(to w: inout JSONWriter) {
        switch self {
        case .null: w.null()
        case .bool(let value): w.bool(value)
        case .number(let value): value.write(to: &w)
        case .string(let value): w.string(value)
        case .array(let value): value.write(to: &w)
        case .object(let value): value.write(to: &w)
        }
    }
}
