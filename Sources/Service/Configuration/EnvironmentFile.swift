import JSON

/// Lines of `NAME=value`; empty lines and lines that begin with # do not count; single or double quotes
/// around a value are taken off. Nothing is expanded.
enum EnvironmentFile {
    /// What can be read of it, beside every line that cannot: the mistakes of both are told together.
    static func parse(_ text: String) -> (values: [String: String], mistakes: [String]) {
        var values: [String: String] = [:]
        var mistakes: [String] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmed
            if line.isEmpty || line.first == "#" { continue }
            guard let equals = line.firstIndex(of: "="), equals > line.startIndex else {
                mistakes.append("line \(number + 1) of the env file is not NAME=value")
                continue
            }
            let name = String(line[..<equals].trimmed)
            if let mistake = mistake(in: name) {
                mistakes.append("line \(number + 1) of the env file \(mistake)")
            } else if values.updateValue(
                unquoted(line[line.index(after: equals)...].trimmed), forKey: name) != nil
            {
                mistakes.append("line \(number + 1) of the env file sets \(name) a second time")
            }
        }
        return (values, mistakes)
    }

    /// Names of other programs may stand beside ours, but none that was meant for us.
    private static func mistake(in name: String) -> String? {
        guard name.utf8.allSatisfy(isOfName) else { return "is not NAME=value" }
        guard !name.hasPrefix("KEYBELL_"), let meant = Suggestion.closest(to: name, among: Setting.names)
        else { return nil }
        return "sets \(name), which is not a setting; did you mean \(meant)?"
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
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
