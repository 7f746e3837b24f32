/// A word of an expression.
struct Token: Equatable {
    enum Kind: Equatable {
        case identifier(String)
        /// In back quotes: a field's name that is no identifier.
        case quoted(String)
        case null
        case bool(Bool)
        /// The digits without their sign: a minus belongs to what follows, as in `-9223372036854775808`.
        case int(UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        /// An operator, a bracket, or a reserved word.
        case symbol(String)
        case end
    }

    let kind: Kind
    /// Unicode scalars of the source, from 0.
    let range: Range<Int>

    /// For messages.
    var description: String {
        switch kind {
        case .identifier(let name): name
        case .quoted(let name): "`\(name)`"
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int, .uint, .double: "a number"
        case .string: "a string"
        case .bytes: "bytes"
        case .symbol(let text): text
        case .end: "the end"
        }
    }
}
