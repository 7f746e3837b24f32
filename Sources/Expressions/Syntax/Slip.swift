/// What people write who come from another language, and what they mean.
enum Slip {
    static let characters: [Unicode.Scalar: String] = [
        "≥": ">=", "≤": "<=", "≠": "!=", "‘": "'", "’": "'", "“": "\"", "”": "\"", "„": "\"", "«": "\"",
        "»": "\"", "−": "-", "–": "-", "×": "*", "÷": "/",
    ]
    static let pairs = ["=>": ">=", "=<": "<="]

    /// Between two values.
    private static let operators = [
        "and": "&&", "or": "||", "not": "!(x in list)", "is": "== null or != null", "eq": "==",
        "equals": "==",
    ]
    /// In place of a value.
    private static let values = [
        "true": "true", "false": "false", "null": "null", "none": "null", "nil": "null", "undefined": "null",
    ]
    private static let functions = [
        "length": size, "lenght": size, "len": size, "any": "exists", "some": "exists", "every": "all",
        "not": "!",
    ]
    static let size = "size()"

    static func operation(_ word: String) -> String? { operators[word.lowercased()] }
    static func value(_ word: String) -> String? { values[word.lowercased()] }
    static func function(_ word: String) -> String? { functions[word.lowercased()] }

    static func isNot(_ token: Token?) -> Bool {
        guard case .identifier(let word) = token?.kind else { return false }
        return word.lowercased() == "not"
    }
}
