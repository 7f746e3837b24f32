/// Shapes that an eye can hold.
enum LayoutRules {
    static let maxLineCharacters = 110
    static let goodFileLines = 400
    static let maxFileLines = 500
    static let maxFunctionLines = 60

    static func longLines(_ file: SwiftText) -> [Violation] {
        file.lines(of: file.raw).enumerated().compactMap { index, line in
            guard line.count > maxLineCharacters, line.width > maxLineCharacters else { return nil }
            return Violation(path: file.path, line: index + 1, what: "\(line.width) characters in a line")
        }
    }

    static func longFile(_ file: SwiftText, over limit: Int = maxFileLines) -> [Violation] {
        let count = file.lineStarts.count
        return count > limit
            ? [Violation(path: file.path, line: count, what: "\(count) lines in a file")] : []
    }

    /// By indentation, which `swift format` settles: a function ends at the brace under its first character.
    static func longFunctions(_ file: SwiftText) -> [Violation] {
        let lines = file.lines(of: file.code)
        return lines.indices.compactMap { start in
            guard isFunction(lines[start].text), let end = endOfFunction(from: start, in: lines) else {
                return nil
            }
            let count = end - start + 1
            guard count > maxFunctionLines else { return nil }
            return Violation(path: file.path, line: start + 1, what: "\(count) lines in a function")
        }
    }

    private static func isFunction(_ line: String) -> Bool {
        let words = line.split(separator: " ")
        guard
            let place = words.firstIndex(where: {
                $0 == "func" || $0.hasPrefix("init(") || $0.hasPrefix("init<")
            })
        else { return line.contains(" init?(") }
        return words[..<place].allSatisfy { $0.allSatisfy { $0.isLetter || "@()_".contains($0) } }
    }

    private static func endOfFunction(from start: Int, in lines: [ArraySlice<UInt8>]) -> Int? {
        let indent = lines[start].indent
        let goesOn = [")", "}", "{", "->", "where ", "throws", "async"]
        for index in lines.indices[(start + 1)...] {
            let line = lines[index].text.drop { $0 == " " }
            if line.isEmpty || lines[index].indent > indent { continue }
            if lines[index].indent == indent, line.hasPrefix("}") { return index }
            if !goesOn.contains(where: { line.hasPrefix($0) }) { return nil }
        }
        return nil
    }

    static func trailingSpace(_ file: Tree.File) -> [Violation] {
        let starts = file.bytes.startsOfLines()
        let ends = [" \n", "\t\n", "\r\n"].flatMap { file.bytes.positions(of: $0) }
        var found = ends.map {
            Violation(
                path: file.path, line: starts.lineNumber(at: $0), what: "white space at the end of a line")
        }
        if let last = file.bytes.last, last != .newline {
            found.append(
                Violation(path: file.path, line: starts.count, what: "no newline at the end of the file"))
        }
        return found
    }
}
