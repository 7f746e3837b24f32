package import JSON
import Kernel

extension Value {
    /// JSON as CEL sees it. A number without fraction and exponent that fits is an int, so that ids and
    /// counts stay exact; every other is a double.
    package static func json(_ value: JSONValue) -> FieldValue {
        switch value {
        case .null: return .value(.null)
        case .bool(let value): return .value(.bool(value))
        case .string(let value): return .value(.string(value))
        case .object(let value): return .value(.object(JSONFields(value)))
        case .number(let number):
            if let int = number.int { return .value(.int(int)) }
            guard let double = number.double else {
                return .unusable("the number is beyond the largest double")
            }
            return .value(.double(double))
        case .array(let elements):
            var values: [Value] = []
            values.reserveCapacity(elements.count)
            for element in elements {
                guard case .value(let value) = json(element) else {
                    return .unusable("the list holds a number beyond the largest double")
                }
                values.append(value)
            }
            return .value(.list(values))
        }
    }

    /// For people and programs that read an explanation. What JSON cannot say is a string.
    package var json: JSONValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .number(JSONNumber(value))
        case .uint(let value): .number(JSONNumber(value))
        case .double(let value): Self.json(value)
        case .string(let value): .string(value)
        case .bytes(let value): .string(value.map { Self.hex($0) }.joined())
        case .list(let elements): .array(elements.map(\.json))
        case .map(let map): Self.json(map.entries.map { ($0.key.text ?? "", $0.value) })
        case .object(let source): Self.json(source.fieldNames.compactMap { source.entry($0) })
        default: .string(text ?? "")
        }
    }

    private static func json(_ double: Double) -> JSONValue {
        // A whole number in the way of JSON, without a point.
        if let int = Int64(exactly: double), int.magnitude < 1 << 53 { return .number(JSONNumber(int)) }
        return JSONNumber(double).map { .number($0) } ?? .string(NumberText.double(double))
    }

    private static func json(_ entries: [(String, Value)]) -> JSONValue {
        var object = JSONObject()
        for (name, value) in entries { _ = object.append(name, value.json) }
        return .object(object)
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }
}

/// An object of JSON, read where it stands.
package struct JSONFields: FieldSource {
    private let object: JSONObject

    package init(_ object: JSONObject) { self.object = object }

    package func field(_ name: String) -> FieldValue { object[name].map { Value.json($0) } ?? .absent }
    package var fieldNames: [String] { object.members.map(\.name) }
}

extension FieldSource {
    func entry(_ name: String) -> (String, Value)? {
        if case .value(let value) = field(name) { (name, value) } else { nil }
    }
}
