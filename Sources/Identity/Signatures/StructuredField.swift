import Crypto

/// What structured fields (RFC 9651) are made of, as far as signatures need them. Decimals, dates and display
/// strings stand in none of our fields, and are refused.
package enum StructuredItem: Equatable, Sendable {
    case integer(Int64)
    case string(String)
    case token(String)
    case bytes([UInt8])
    case boolean(Bool)

    /// As section 4.1 writes it.
    package var text: String {
        switch self {
        case .integer(let number): String(number)
        case .string(let text): Self.quoted(text)
        case .token(let text): text
        case .bytes(let bytes): ":\(Base64.encode(bytes)):"
        case .boolean(let truth): truth ? "?1" : "?0"
        }
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.reduce(into: "") { escaped, character in
            if character == "\"" || character == "\\" { escaped.append("\\") }
            escaped.append(character)
        }
        return "\"\(escaped)\""
    }
}

/// In the order of their writing, each once.
package struct StructuredParameters: Equatable, Sendable {
    var all: [(name: String, value: StructuredItem)] = []

    subscript(_ name: String) -> StructuredItem? { all.first { $0.name == name }?.value }

    package var text: String {
        all.map { $0.value == .boolean(true) ? ";\($0.name)" : ";\($0.name)=\($0.value.text)" }.joined()
    }

    package static func == (a: Self, b: Self) -> Bool {
        a.all.elementsEqual(b.all) { $0.name == $1.name && $0.value == $1.value }
    }
}

/// A bare item with its parameters.
package struct StructuredElement: Equatable, Sendable {
    let item: StructuredItem
    let parameters: StructuredParameters

    package var text: String { item.text + parameters.text }
}

package struct StructuredList: Equatable, Sendable {
    let elements: [StructuredElement]
    let parameters: StructuredParameters

    package var text: String { "(\(elements.map(\.text).joined(separator: " ")))\(parameters.text)" }
}

/// One member of a dictionary.
package enum StructuredMember: Equatable, Sendable {
    case element(StructuredElement)
    case list(StructuredList)
}
