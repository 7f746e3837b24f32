/// A Swift file taken apart just far enough for house rules: the text as it stands, the same text with
/// comments and the insides of string literals blanked (so that a rule about code never reads prose), and the
/// literals.
struct SwiftText: Sendable {
    struct Literal: Sendable {
        /// Position of the opening quote and just past the closing one, in `raw` and `code` alike.
        var range: Range<Int>
        var isInterpolated = false
    }

    let path: String
    let raw: [UInt8]
    let code: [UInt8]
    let literals: [Literal]
    let lineStarts: [Int]

    init(path: String, bytes: [UInt8]) {
        var lexer = SwiftLexer(bytes)
        lexer.run()
        self.path = path
        raw = bytes
        code = lexer.code
        literals = lexer.literals
        lineStarts = bytes.startsOfLines()
    }

    init(path: String, _ text: String) {
        self.init(path: path, bytes: Array(text.utf8))
    }

    /// The room or test folder that the file stands in: `Sources/JSON/Reader.swift` is in `JSON`.
    var room: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    var isSource: Bool { path.hasPrefix("Sources/") }

    func line(at position: Int) -> Int { lineStarts.lineNumber(at: position) }

    func text(_ literal: Literal) -> String { String(decoding: raw[literal.range], as: UTF8.self) }

    /// Lines without their newline: of the text as it stands, or of the code alone.
    func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        lineStarts.indices.map { index in
            let end = index + 1 < lineStarts.count ? lineStarts[index + 1] - 1 : bytes.count
            let line = bytes[lineStarts[index]..<max(end, lineStarts[index])]
            return line.last == .newline ? line.dropLast() : line
        }
    }
}

/// Follows comments, string literals and interpolations through a Swift file. Regular expression literals are
/// not known to it: the project has none.
struct SwiftLexer {
    private enum Mode {
        /// The file itself, or an interpolation with this many open parentheses.
        case code(openParentheses: Int?)
        case string(hashes: Int, isMultiline: Bool, literal: Int)
    }

    private(set) var code: [UInt8]
    private(set) var literals: [SwiftText.Literal] = []
    private var modes: [Mode] = [.code(openParentheses: nil)]
    private var at = 0

    init(_ bytes: [UInt8]) { code = bytes }

    mutating func run() {
        while at < code.count, let mode = modes.last {
            switch mode {
            case .code(let openParentheses): stepInCode(openParentheses)
            case .string(let hashes, let isMultiline, let literal): stepInString(hashes, isMultiline, literal)
            }
        }
    }

    private func byte(_ offset: Int) -> UInt8 { at + offset < code.count ? code[at + offset] : 0 }

    private mutating func blank(_ count: Int) {
        for position in at..<min(at + count, code.count) where code[position] != .newline {
            code[position] = .space
        }
        at += count
    }

    private mutating func stepInCode(_ openParentheses: Int?) {
        switch byte(0) {
        case .slash where byte(1) == .slash:
            while at < code.count, byte(0) != .newline { blank(1) }
        case .slash where byte(1) == .star: skipBlockComment()
        case .quote: openString(hashes: 0)
        case .hash:
            var hashes = 1
            while byte(hashes) == .hash { hashes += 1 }
            if byte(hashes) == .quote { openString(hashes: hashes) } else { at += hashes }
        case .open: moveParentheses(openParentheses, by: 1)
        case .close: moveParentheses(openParentheses, by: -1)
        default: at += 1
        }
    }

    private mutating func moveParentheses(_ openParentheses: Int?, by step: Int) {
        at += 1
        guard let openParentheses else { return }
        modes.removeLast()
        if openParentheses + step > 0 { modes.append(.code(openParentheses: openParentheses + step)) }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if byte(0) == .slash, byte(1) == .star {
                depth += 1
                blank(2)
            } else if byte(0) == .star, byte(1) == .slash {
                depth -= 1
                blank(2)
            } else {
                blank(1)
            }
        } while depth > 0 && at < code.count
    }

    private mutating func openString(hashes: Int) {
        let isMultiline = byte(hashes + 1) == .quote && byte(hashes + 2) == .quote
        modes.append(.string(hashes: hashes, isMultiline: isMultiline, literal: literals.count))
        literals.append(.init(range: at..<at))
        at += hashes + (isMultiline ? 3 : 1)
    }

    private mutating func stepInString(_ hashes: Int, _ isMultiline: Bool, _ literal: Int) {
        let quotes = isMultiline ? 3 : 1
        if byte(0) == .backslash, (1..<hashes + 1).allSatisfy({ byte($0) == .hash }) {
            if byte(hashes + 1) == .open {
                literals[literal].isInterpolated = true
                modes.append(.code(openParentheses: 1))
                at += hashes + 2
            } else {
                blank(hashes + 2)
            }
        } else if (0..<quotes).allSatisfy({ byte($0) == .quote }),
            (quotes..<quotes + hashes).allSatisfy({ byte($0) == .hash })
        {
            at += quotes + hashes
            close(literal)
        } else if byte(0) == .newline, !isMultiline {
            close(literal)
        } else {
            blank(1)
        }
    }

    private mutating func close(_ literal: Int) {
        literals[literal].range = literals[literal].range.lowerBound..<at
        modes.removeLast()
    }
}
