/// A regular expression of RE2's syntax, without what needs backtracking or more than one pass. Matching
/// takes time linear in the text: a simulation of the automaton, all of its states at once.
///
/// Not there: look-around and back references (nor in RE2), `\C`, scripts such as `\p{Greek}` (general
/// categories such as `\p{Lu}` are), what groups captured.
package struct Regex: Sendable {
    let program: [RegexInstruction]

    /// - Parameter pattern: at most `ExpressionLimits.characters` Unicode scalars.
    package init(_ pattern: String) throws(RegexMistake) {
        var parser = RegexParser(pattern)
        var compiler = RegexCompiler()
        program = try compiler.compile(try parser.parse())
    }

    /// Whether some part of the text matches; nil when the steps are used up before that is known.
    /// - Parameter steps: what may be spent; each state visited, and each character, is one.
    package func search(_ text: String, steps: inout Int) -> Bool? {
        var search = RegexSearch(program)
        return search.run(text, steps: &steps)
    }
}

/// Why a pattern cannot be understood.
package struct RegexMistake: Error, Equatable, Sendable {
    /// Unicode scalars of the pattern, from 0.
    package let offset: Int
    package let message: String
}

enum RegexInstruction: Sendable {
    case scalar(Unicode.Scalar)
    case set(ScalarSet)
    /// Any, or any but a line feed.
    case any(isLineFeedToo: Bool)
    case assertion(RegexAssertion)
    case split(Int, Int)
    case jump(Int)
    case match
}

enum RegexAssertion: Sendable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary

    func holds(before: Unicode.Scalar?, after: Unicode.Scalar?) -> Bool {
        switch self {
        case .textStart: before == nil
        case .textEnd: after == nil
        case .lineStart: before == nil || before == "\n"
        case .lineEnd: after == nil || after == "\n"
        case .wordBoundary: before.isWord != after.isWord
        case .noWordBoundary: before.isWord == after.isWord
        }
    }
}

extension Unicode.Scalar? {
    /// `\w` is ASCII in RE2.
    fileprivate var isWord: Bool {
        guard let self else { return false }
        return self.isIdentifierStart || self.isDigit
    }
}

/// A pattern as a tree.
indirect enum RegexNode {
    case empty
    case scalar(Unicode.Scalar)
    case set(ScalarSet)
    case any(isLineFeedToo: Bool)
    case assertion(RegexAssertion)
    case sequence([RegexNode])
    case choice([RegexNode])
    /// `most` nil: without end.
    case repeated(RegexNode, least: Int, most: Int?, at: Int)
}
