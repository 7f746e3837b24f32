/// Why a text is no expression, or none that fits its variables.
package struct ExpressionMistake: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case malformed
        case unknownName
        case unknownField
        case unknownFunction
        case wrongType
        case wrongArgumentCount
        case tooLarge
    }

    package let kind: Kind
    package let position: SourcePosition
    /// What was expected, and a suggestion.
    package let message: String

    package init(_ kind: Kind, at position: SourcePosition, _ message: String) {
        (self.kind, self.position, self.message) = (kind, position, message)
    }

    /// For the error of a field: position first.
    package var sentence: String { "at \(position): \(message)" }
}

/// A place in a source, as editors count: by Unicode scalars.
package struct SourcePosition: Equatable, Sendable, CustomStringConvertible {
    /// From 0.
    package let offset: Int
    /// From 1.
    package let line: Int
    /// From 1, within the line.
    package let column: Int

    package var description: String {
        line == 1 ? "character \(column)" : "line \(line), character \(column)"
    }
}

/// A source as the characters that positions count.
struct SourceText: Sendable {
    let scalars: [Unicode.Scalar]

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range.clamped(to: scalars.indices)])
        return String(text)
    }

    func position(_ offset: Int) -> SourcePosition {
        let before = scalars[..<min(offset, scalars.count)]
        let line = before.count { $0 == "\n" }
        let start = before.lastIndex(of: "\n").map { $0 + 1 } ?? 0
        return SourcePosition(offset: offset, line: line + 1, column: offset - start + 1)
    }

    func mistake(
        _ kind: ExpressionMistake.Kind = .malformed, at offset: Int, _ message: String
    ) -> ExpressionMistake {
        ExpressionMistake(kind, at: position(offset), message)
    }
}
