/// Why a text is no acceptable JSON, and where.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        case byteOrderMark
        case controlCharacter
        case duplicateName
        case invalidEscape
        case invalidNumber
        case invalidUTF8
        case loneSurrogate
        case numberTooLong(limitBytes: Int)
        case stringTooLong(limitBytes: Int)
        case textTooLong(limitBytes: Int)
        case tooDeep(limit: Int)
        case tooManyMembers(limit: Int)
        case trailingBytes
        case unexpectedByte(expected: Expectation)
        case unexpectedEnd
    }

    /// What the grammar allows at the place of the mistake.
    package enum Expectation: String, Sendable {
        case value = "a value"
        case name = "a name in double quotes"
        case nameOrBrace = "a name in double quotes or }"
        case colon = "a colon"
        case commaOrBrace = "a comma or }"
        case commaOrBracket = "a comma or ]"
    }

    package let kind: Kind
    /// Bytes before the mistake.
    package let offset: Int
    /// Counted from 1.
    package let line: Int
    /// Bytes from the line's start, counted from 1.
    package let column: Int

    /// One sentence for the sender. It never quotes the text, which may hold a secret.
    package var description: String { "\(sentence) (line \(line), column \(column))" }

    private var sentence: String {
        switch kind {
        case .byteOrderMark: "The text starts with a byte order mark, which JSON does not allow"
        case .controlCharacter: "A string holds a control character that is not escaped"
        case .duplicateName: "The object has a member of this name already"
        case .invalidEscape: "A backslash starts an escape that JSON does not have"
        case .invalidNumber: "This is no JSON number"
        case .invalidUTF8: "The bytes are not valid UTF-8"
        case .loneSurrogate: "An escape is half of a surrogate pair"
        case .numberTooLong(let limit): "A number is longer than \(limit) characters"
        case .stringTooLong(let limit): "A string is longer than \(limit) bytes"
        case .textTooLong(let limit): "The text is longer than \(limit) bytes"
        case .tooDeep(let limit): "Values are nested deeper than \(limit) levels"
        case .tooManyMembers(let limit): "An array or object has more than \(limit) members"
        case .trailingBytes: "Something follows the value"
        case .unexpectedByte(let expected): "Expected \(expected.rawValue)"
        case .unexpectedEnd: "The text ends too early"
        }
    }
}
