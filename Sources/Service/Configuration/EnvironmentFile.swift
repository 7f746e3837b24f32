/// Lines of `NAME=value`; empty lines and lines that begin with # do not count; single or double quotes
/// around a value are taken off. Nothing is expanded.
enum EnvironmentFile {
    static func parse(_ text: String) throws(SettingsMistakes) -> [String: String] {
        var values: [String: String] = [:]
        var mistakes: [String] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmed
            if line.isEmpty || line.first == "#" { continue }
            guard let equals = line.firstIndex(of: "="), equals > line.startIndex else {
                mistakes.append("line \(number + 1) of the env file is not NAME=value")
                continue
            }
            values[String(line[..<equals].trimmed)] = unquoted(line[line.index(after: equals)...].trimmed)
        }
        guard mistakes.isEmpty else { throw SettingsMistakes(lines: mistakes) }
        return values
    }

    private static func unquoted(_ text: Substring) -> String {
        for quote in ["\"", "'"] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return String(text)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
