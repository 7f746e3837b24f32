/// What is inlined into other rooms holds no array literal.
///
/// Optimised, Swift 6.3 turns each literal of an inlinable function into a weak symbol, numbered by the order
/// of the blocks. That order differs from room to room, and the linker keeps one room's symbols for all:
/// `JSONWriter.bool` wrote "true" for false in one place of the release, and nowhere else.
enum InlinableRules {
    static func arrayLiterals(_ file: SwiftText) -> [Violation] {
        file.code.wholeWordPositions(of: "@inlinable").flatMap { start in
            literals(in: body(after: start, in: file.code), of: file.code).map { position in
                Violation(
                    path: file.path, line: file.line(at: position),
                    what: "an array literal in what other rooms inline")
            }
        }
    }

    /// From the first brace to the one that closes it.
    private static func body(after start: Int, in code: [UInt8]) -> Range<Int> {
        guard let open = code[start...].firstIndex(of: UInt8(ascii: "{")) else { return start..<start }
        var depth = 0
        for position in open..<code.count {
            if code[position] == UInt8(ascii: "{") { depth += 1 }
            if code[position] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return open..<position }
        }
        return open..<code.count
    }

    /// Brackets that are no subscript, and hold a comma or begin with a number: types and `[]` do not.
    private static func literals(in range: Range<Int>, of code: [UInt8]) -> [Int] {
        range.filter { position in
            guard code[position] == UInt8(ascii: "["), let before = code[..<position].last, !isOperand(before)
            else { return false }
            let inside = code[position + 1..<range.upperBound].prefix { $0 != UInt8(ascii: "]") }
            return inside.contains(UInt8(ascii: ",")) || inside.first.map(isDigit) ?? false
        }
    }

    /// What stands right before a subscript.
    private static func isOperand(_ byte: UInt8) -> Bool { byte.isWordByte || ")]>?!".utf8.contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
