/// Bounds of an expression, so that neither storing nor evaluating one costs more than this.
package enum ExpressionLimits {
    /// Unicode scalars of a source.
    package static let characters = 4_096
    /// Expressions within expressions: what the parser recurses over. CEL wants at least 32.
    package static let nesting = 50
    /// The height of the tree: what the checker and the evaluator recurse over.
    package static let height = 100
    /// Elements of a list or map literal, arguments of a call, operands of one `&&` chain.
    package static let elements = 512
    /// Loops within loops.
    package static let loops = 4
    /// `crosses_above` and its like: each remembers a value.
    package static let crossings = 8
    /// Units that one evaluation may use up, unless the caller says otherwise. See `Cost`.
    package static let cost = 100_000
    /// Bytes of a string, or of bytes, that an expression makes.
    package static let resultBytes = 65_536
    /// Elements of a list that an expression makes.
    package static let resultElements = 10_000
    /// Instructions of a regular expression.
    package static let regexInstructions = 2_000
    /// How often a part of a regular expression may be repeated by `{n}`, in product: RE2's limit.
    package static let regexRepeats = 1_000
    /// Groups within groups.
    package static let regexNesting = 40
}

/// What the parts of an evaluation cost, in units of about 20 to 100 nanoseconds.
enum Cost {
    static let node = 1
    /// Each comparison or copy of an element.
    static let element = 1
    /// Bytes looked at or copied for one unit.
    static let bytesPerUnit = 16
    /// Steps of a regular expression for one unit.
    static let regexStepsPerUnit = 4

    static func bytes(_ count: Int) -> Int { count / bytesPerUnit }
}
