import JSON
import Kernel

/// What is wrong with a pack's file: a mistake of ours, found by its tests.
package struct PackMistake: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// JSON with places such as `${attempts-1}` in its strings. A string that is nothing else becomes the value
/// itself; within a longer one it stands as a condition writes it.
struct PackTemplate {
    let values: [String: PackValue]
    /// Names that were asked for.
    private(set) var used: Set<String> = []

    init(_ values: [String: PackValue]) { self.values = values }

    mutating func fill(_ value: JSONValue) throws(PackMistake) -> JSONValue {
        switch value {
        case .null, .bool, .number: return value
        case .string(let text): return try fill(text)
        case .array(let elements):
            var filled: [JSONValue] = []
            for element in elements { filled.append(try fill(element)) }
            return .array(filled)
        case .object(let object): return .object(try fill(object))
        }
    }

    mutating func fill(_ object: JSONObject) throws(PackMistake) -> JSONObject {
        var filled = JSONObject()
        for member in object.members { _ = filled.append(member.name, try fill(member.value)) }
        return filled
    }

    private mutating func fill(_ text: String) throws(PackMistake) -> JSONValue {
        var rest = text[...]
        var filled = ""
        while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
            let value = try value(of: rest[start.upperBound..<end])
            if start.lowerBound == text.startIndex, text.index(after: end) == text.endIndex {
                return value.json
            }
            filled += rest[..<start.lowerBound] + value.expression
            rest = rest[text.index(after: end)...]
        }
        return .string(filled + rest)
    }

    private mutating func value(of place: Substring) throws(PackMistake) -> PackValue {
        let name = place.prefix { $0.isLetter || $0 == "_" }
        guard let value = values[String(name)] else { throw PackMistake("there is no parameter \(name)") }
        used.insert(String(name))
        guard let moved = value.moved(by: place.dropFirst(name.count)) else {
            throw PackMistake("${\(place)} makes no sense")
        }
        return moved
    }
}
