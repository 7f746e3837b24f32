import JSON

extension FuzzTarget {
    /// What is read, written and read again is the same; a refusal points into the text.
    static let json = FuzzTarget(name: "JSON") { input throws(Finding) in
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(input)
        } catch {
            try require((0...input.count).contains(error.offset), "an error stands outside the text")
            try require(error.line >= 1 && error.column >= 1, "an error has no place")
            return
        }
        let written = bytes(of: value)
        guard let again = try? JSONValue.parse(written) else {
            throw Finding(description: "what was written cannot be read")
        }
        try require(again == value, "a value is another after writing and reading")
        try require(bytes(of: again) == written, "a value is written in two ways")
    }

    private static func bytes(of value: JSONValue) -> [UInt8] {
        var w = JSONWriter()
        w.value(value)
        return w.bytes
    }
}
