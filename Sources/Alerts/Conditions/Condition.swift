package import JSON

/// When a rule fires: comparisons of event fields with literals, joined by `&&`, in the syntax of CEL
/// (https://cel.dev, langdef). Whatever parses here means the same in the full language.
package struct Condition: Equatable, Sendable {
    /// As written.
    package let source: String
    /// All must hold. Empty for a stored one that cannot be read any more.
    let comparisons: [Comparison]
}

/// `event.grade >= 70`, or with the sides swapped.
struct Comparison: Equatable, Sendable {
    let field: FieldPath
    /// As if the field stood on the left.
    let relation: Relation
    let literal: Literal
    /// As written.
    let source: String
    /// Where the field and the literal begin: characters of the condition, from 1.
    let fieldColumn: Int
    let literalColumn: Int
}

enum Relation: String, Sendable, CaseIterable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case atMost = "<="
    case greater = ">"
    case atLeast = ">="

    /// The same with the sides exchanged.
    var mirrored: Relation {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .atMost: .atLeast
        case .greater: .less
        case .atLeast: .atMost
        }
    }

    var isEquality: Bool { self == .equal || self == .notEqual }
}

enum Literal: Equatable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)

    /// For messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a string"
        }
    }
}

/// `event.a.b`: where in an event a value stands.
package struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    /// Behind `event`; at least one.
    package let names: [String]

    package init(_ names: [String]) { self.names = names }

    package var description: String { "event." + names.joined(separator: ".") }

    /// As `group_by` takes it: no spaces, at most 100 characters.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= 100, parts.count >= 2, parts[0] == "event",
            parts.allSatisfy({
                $0.utf8.first.map(isIdentifierStart) == true && $0.utf8.allSatisfy(isIdentifierByte)
            })
        else { return nil }
        self.init(Array(parts.dropFirst()))
    }

    /// Nil when something on the way is missing or no object.
    package func value(in event: JSONObject) -> JSONValue? {
        var value = event[names[0]]
        for name in names.dropFirst() { value = value?[name] }
        return value
    }
}

/// Bounds of a condition, so that neither storing nor evaluating one costs more than this.
enum ConditionLimits {
    /// Of openapi.yaml.
    static let characters = 4_096
    /// More than a person can follow.
    static let comparisons = 64
    /// Levels of an own event's data.
    static let pathNames = 8
}

func isIdentifierStart(_ byte: UInt8) -> Bool {
    (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
}

func isIdentifierByte(_ byte: UInt8) -> Bool { isIdentifierStart(byte) || (48...57).contains(byte) }
