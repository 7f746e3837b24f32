/// A word of a condition.
struct ConditionToken: Equatable {
    enum Kind: Equatable {
        case identifier(String)
        case literal(Literal)
        case relation(Relation)
        case and
        case dot
        /// Part of CEL, but not of what is understood here.
        case other(String)
        case end
    }

    let kind: Kind
    /// Unicode scalars of the source, from 0.
    let range: Range<Int>

    /// Characters from 1.
    var column: Int { range.lowerBound + 1 }

    /// For messages.
    var description: String {
        switch kind {
        case .identifier(let name): name
        case .literal(let literal): literal.kind
        case .relation(let relation): relation.rawValue
        case .and: "&&"
        case .dot: "."
        case .other(let text): text
        case .end: "the end"
        }
    }
}
