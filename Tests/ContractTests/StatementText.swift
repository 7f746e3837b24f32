/// The statements that a source file writes down: found in its text, so that none can be forgotten.
struct StatementText: Hashable, Sendable {
    let name: String
    /// Nil: put together from parts, so that only the running code knows it.
    let sql: String?
    let file: String

    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    static func ofSources() throws -> [StatementText] {
        try SourceText.all().flatMap { try statements(in: $0) }
    }

    /// - Throws: where something makes a statement in a way that cannot be read here.
    static func statements(in source: SourceText.File) throws -> [StatementText] {
        let (code, file) = (source.code, source.path)
        for disguise in [
            #/Statement\s*=\s*\.init\(/#, #/Statement\.init\b/#, #/\.init\(\s*"\w+",\s*derived:/#,
        ]
        where code.contains(disguise) {
            throw Unreadable(description: "\(file) makes a statement without its name")
        }
        return try code.ranges(of: "Statement(").compactMap { range in
            let isWord = code[..<range.lowerBound].last.map { $0.isLetter || $0 == "_" } ?? false
            return isWord ? nil : try StatementText(code[range.upperBound...], file: file)
        }
    }

    private init(_ call: Substring, file: String) throws {
        guard let name = try? #/\s*"(?<name>[a-z0-9_]+)",\s*/#.prefixMatch(in: call) else {
            throw Unreadable(description: "\(file): \(call.prefix(60))")
        }
        let rest = call[name.range.upperBound...]
        (self.name, self.file) = (String(name.output.name), file)
        if rest.hasPrefix("derived:") {
            sql = nil
        } else if let literal = Self.literal(rest) {
            sql = literal
        } else {
            throw Unreadable(description: "\(file): \(self.name) is no literal")
        }
    }

    /// A string literal without interpolation, on one line or several.
    private static func literal(_ text: Substring) -> String? {
        if let found = try? #/"""\n(?<body>(?s:.*?))\n(?<indent> *)"""/#.prefixMatch(in: text) {
            let indent = found.output.indent.count
            let lines = found.output.body.split(separator: "\n", omittingEmptySubsequences: false)
            return unescaped(lines.map { $0.dropFirst(indent) }.joined(separator: "\n"))
        }
        guard let found = try? #/"(?<body>[^"\n]*)"/#.prefixMatch(in: text) else { return nil }
        return unescaped(String(found.output.body))
    }

    /// Nil for what is more than a quoted backslash or quote, or a line that goes on.
    private static func unescaped(_ body: String) -> String? {
        let plain = body.replacing("\\\\", with: "\u{1}").replacing("\\\"", with: "\"")
            .replacing("\\\n", with: "")
        guard !plain.contains("\\") else { return nil }
        return plain.replacing("\u{1}", with: "\\")
    }
}
