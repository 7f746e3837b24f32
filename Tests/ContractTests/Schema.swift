import JSON
import Kernel
import Synchronization

/// JSON Schema 2020-12 as far as openapi.yaml uses it. Stricter than that in one thing: an object whose
/// schema lists properties has no others, unless the schema says so.
struct Schema {
    let contract: Contract
    private let known = Known()

    private typealias Properties = (names: Set<String>, isOpen: Bool)

    /// Where references lead, and what is named there: every object of every answer asks.
    private final class Known: Sendable {
        let targets = Mutex<[String: JSONValue]>([:])
        let properties = Mutex<[String: Properties]>([:])
    }

    /// Where and how a value differs from a schema; empty when it fits.
    func mistakes(_ value: JSONValue, _ schema: JSONValue, at place: String = "") -> [String] {
        var found = own(value, schema, at: place)
        guard let object = value.asObject else { return found }
        let known = properties(of: schema)
        if !known.names.isEmpty, !known.isOpen {
            let unknown = object.members.filter { !known.names.contains($0.name) }
            found += unknown.map { "\(place)/\($0.name) is in no schema" }
        }
        return found
    }

    private func own(_ value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        var found: [String] = []
        if let reference = schema["$ref"]?.asString {
            guard let target = target(of: reference) else {
                return ["\(place): \(reference) leads nowhere"]
            }
            found += own(value, target, at: place)
        }
        found += wrongType(value, schema, at: place) + wrongChoice(value, schema, at: place)
        found += wrongSize(value, schema, at: place) + wrongParts(value, schema, at: place)
        for part in schema["allOf"]?.asArray ?? [] { found += own(value, part, at: place) }
        if let choices = schema["oneOf"]?.asArray {
            let verdicts = choices.map { mistakes(value, $0, at: place) }
            let fits = verdicts.filter(\.isEmpty).count
            if fits > 1 { found.append("\(place) fits more than one of oneOf") }
            if fits == 0 {
                // The longest complaint is mostly of the choice that is not null.
                let told = verdicts.max { $0.count < $1.count } ?? []
                found += told.isEmpty ? ["\(place) fits none of oneOf"] : told
            }
        }
        return found
    }

    private func wrongType(_ value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        guard let said = schema["type"] else { return [] }
        let types = said.asArray?.compactMap(\.asString) ?? [said.asString ?? ""]
        if types.contains(where: value.isOfType) { return [] }
        return ["\(place) is not \(types.joined(separator: " or "))"]
    }

    private func wrongChoice(_ value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        var found: [String] = []
        if let choices = schema["enum"]?.asArray, !choices.contains(value) {
            found.append("\(place) is not in the enum")
        }
        if let only = schema["const"], only != value { found.append("\(place) is not the constant") }
        guard let text = value.asString else { return found }
        if let pattern = schema["pattern"]?.asString {
            if !Pattern.matches(text, pattern) { found.append("\(place) does not match \(pattern)") }
        }
        if schema["format"] == "date-time", Timestamp(text) == nil { found.append("\(place) is no time") }
        return found
    }

    private func wrongSize(_ value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        func outside(_ size: Double?, _ least: String, _ most: String) -> Bool {
            guard let size else { return false }
            let isBelow = schema[least]?.asDouble.map { size < $0 } ?? false
            return isBelow || schema[most]?.asDouble.map { size > $0 } ?? false
        }
        let length = value.asString.map { Double($0.unicodeScalars.count) }
        let isOutside =
            outside(value.asNumber?.double, "minimum", "maximum")
            || outside(length, "minLength", "maxLength")
            || outside(value.asArray.map { Double($0.count) }, "minItems", "maxItems")
            || outside(value.asObject.map { Double($0.count) }, "minProperties", "maxProperties")
        return isOutside ? ["\(place) is too small or too large"] : []
    }

    private func wrongParts(_ value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        var found: [String] = []
        if let items = schema["items"] {
            for element in value.asArray ?? [] { found += mistakes(element, items, at: place + "/0") }
        }
        guard let object = value.asObject else { return found }
        for name in schema["required"]?.asArray?.compactMap(\.asString) ?? [] where !object.contains(name) {
            found.append("\(place)/\(name) is missing")
        }
        let known = schema["properties"]?.asObject
        for member in object.members {
            let rest = schema["additionalProperties"]
            if let own = known?[member.name] {
                found += mistakes(member.value, own, at: "\(place)/\(member.name)")
            } else if rest == false {
                found.append("\(place)/\(member.name) is not allowed")
            } else if let rest, rest.asObject != nil {
                found += mistakes(member.value, rest, at: "\(place)/*")
            }
        }
        return found
    }

    /// Every property that a schema names, its parts included, and whether there may be others.
    private func properties(of schema: JSONValue) -> Properties {
        let reference = schema["$ref"]?.asString
        if let reference, schema.asObject?.count == 1 { return properties(behind: reference) }
        var names = Set(schema["properties"]?.asObject?.members.map(\.name) ?? [])
        let rest = schema["additionalProperties"]
        var isOpen = rest != nil && rest != false
        let target = reference.flatMap { self.target(of: $0) }.map { [$0] } ?? []
        for part in target + (schema["allOf"]?.asArray ?? []) + (schema["oneOf"]?.asArray ?? []) {
            let more = properties(of: part)
            names.formUnion(more.names)
            isOpen = isOpen || more.isOpen
        }
        return (names, isOpen)
    }

    private func properties(behind reference: String) -> Properties {
        if let found = known.properties.withLock({ $0[reference] }) { return found }
        let found = target(of: reference).map { properties(of: $0) } ?? ([], false)
        known.properties.withLock { $0[reference] = found }
        return found
    }

    private func target(of reference: String) -> JSONValue? {
        if let target = known.targets.withLock({ $0[reference] }) { return target }
        let target = contract.target(of: reference)
        known.targets.withLock { $0[reference] = target }
        return target
    }
}

/// Patterns of the contract, each compiled once: they are asked of every text in every answer.
private struct Pattern: @unchecked Sendable {
    /// Never changed once it is made, and asked under the lock only.
    let regex: Regex<AnyRegexOutput>

    private static let compiled = Mutex<[String: Pattern?]>([:])

    /// False too where the pattern itself cannot be read.
    static func matches(_ text: String, _ source: String) -> Bool {
        compiled.withLock { compiled in
            if compiled[source] == nil { compiled[source] = (try? Regex(source)).map { Pattern(regex: $0) } }
            return (compiled[source] ?? nil).map { text.contains($0.regex) } ?? false
        }
    }
}

extension JSONValue {
    fileprivate func isOfType(_ type: String) -> Bool {
        switch (type, self) {
        case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string),
            ("array", .array), ("object", .object):
            true
        case ("integer", .number(let number)): number.int != nil
        default: false
        }
    }
}
