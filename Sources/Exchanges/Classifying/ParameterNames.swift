/// Names of a query's and a form's parameters that have one reading at every exchange.
enum ParameterNames {
    /// Some servers let a parameter speak for the method.
    private static let overrides: Set<String> = [
        "_method", "_http_method", "x-http-method", "x-http-method-override", "x-method-override",
    ]

    /// The longest of any exchange has 30. A name that could hold an API key and a time could make a text
    /// that is signed for one recipe fit another of the same exchange (MEXC has two).
    private static let bytesAtMost = 32

    static func check(_ draft: RequestDraft) throws(MeaningProblem) {
        for field in draft.query { try check(field.name, .query) }
        for field in draft.form { try check(field.name, .body) }
    }

    private static func check(_ name: String, _ part: MeaningProblem.Part) throws(MeaningProblem) {
        guard !name.isEmpty, name.utf8.count <= bytesAtMost, name.utf8.allSatisfy(isOfParameter) else {
            throw MeaningProblem(part, nil, "has a parameter with an odd name")
        }
        guard !isOverride(name) else {
            throw MeaningProblem(part, name, "would speak for the method")
        }
    }

    private static func isOverride(_ name: String) -> Bool {
        let first = name.utf8.first
        guard first == UInt8(ascii: "_") || first == UInt8(ascii: "x") || first == UInt8(ascii: "X") else {
            return false
        }
        return overrides.contains(name.lowercased())
    }

    /// Brackets are of lists, and of Kraken's conditional close.
    private static func isOfParameter(_ byte: UInt8) -> Bool {
        byte.isOfName || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
    }
}
