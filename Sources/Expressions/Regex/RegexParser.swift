/// Reads RE2's syntax (https://github.com/google/re2/wiki/Syntax).
struct RegexParser {
    let scalars: [Unicode.Scalar]
    var position = 0
    private var nesting = 0
    var flags = Flags()

    struct Flags {
        /// `i`, `m`, `s`, `U`.
        var foldsCase = false
        var isMultiline = false
        var dotTakesLineFeeds = false
    }

    init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    mutating func parse() throws(RegexMistake) -> RegexNode {
        guard scalars.count <= ExpressionLimits.characters else {
            throw mistake("a pattern has at most \(ExpressionLimits.characters) characters", at: 0)
        }
        let node = try choice()
        guard peek() == nil else { throw mistake("a ) without its (") }
        return node
    }

    // MARK: Reading

    func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        position + ahead < scalars.count ? scalars[position + ahead] : nil
    }

    mutating func skip(_ count: Int = 1) { position += count }

    mutating func take(_ text: String) -> Bool {
        guard scalars[min(position, scalars.count)...].starts(with: text.unicodeScalars) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    func mistake(_ message: String, at offset: Int? = nil) -> RegexMistake {
        RegexMistake(offset: offset ?? position, message: message)
    }

    // MARK: Structure

    private mutating func choice() throws(RegexMistake) -> RegexNode {
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(RegexMistake) -> RegexNode {
        var parts: [RegexNode] = []
        while let scalar = peek(), scalar != "|", scalar != ")" {
            if take("\\Q") {
                let quoted = quoted()
                parts += quoted.dropLast()
                if let last = quoted.last { parts.append(try quantified(last)) }
                continue
            }
            guard let atom = try atom() else { continue }
            parts.append(try quantified(atom))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    /// What stands between `\Q` and `\E`, as it is.
    private mutating func quoted() -> [RegexNode] {
        var parts: [RegexNode] = []
        while let scalar = peek(), !take("\\E") {
            parts.append(literal(scalar))
            skip()
        }
        return parts
    }

    /// Nil for `(?i)`, which only changes what follows.
    private mutating func atom() throws(RegexMistake) -> RegexNode? {
        guard let scalar = peek() else { return nil }
        switch scalar {
        case "(": return try group()
        case "[": return .set(try characterClass())
        case ".":
            skip()
            return .any(isLineFeedToo: flags.dotTakesLineFeeds)
        case "^":
            skip()
            return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$":
            skip()
            return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "\\": return try escape()
        case "*", "+", "?": throw mistake("there is nothing that \(scalar) could repeat")
        default:
            skip()
            return literal(scalar)
        }
    }

    func literal(_ scalar: Unicode.Scalar) -> RegexNode {
        guard flags.foldsCase else { return .scalar(scalar) }
        let variants = [scalar] + scalar.caseVariants
        // The other case of the other case: the Kelvin sign and both k.
        let all = variants + variants.flatMap(\.caseVariants)
        var set = ScalarSet(all.map { $0.value...$0.value }).finished()
        set.foldsCase = true
        return set.ranges.count == 1 && all.count == 1 ? .scalar(scalar) : .set(set)
    }

    private mutating func quantified(_ atom: RegexNode) throws(RegexMistake) -> RegexNode {
        let place = position
        guard let (least, most) = try quantifier() else { return atom }
        // Lazy or greedy is the same for whether something matches.
        _ = take("?")
        let after = position
        if try quantifier() != nil { throw mistake("a repetition of a repetition needs a group", at: after) }
        return .repeated(atom, least: least, most: most, at: place)
    }

    private mutating func quantifier() throws(RegexMistake) -> (least: Int, most: Int?)? {
        switch peek() {
        case "*":
            skip()
            return (0, nil)
        case "+":
            skip()
            return (1, nil)
        case "?":
            skip()
            return (0, 1)
        case "{": return try counts()
        default: return nil
        }
    }

    /// `{2}`, `{2,}`, `{2,5}`; anything else after a brace is text, as in RE2.
    private mutating func counts() throws(RegexMistake) -> (least: Int, most: Int?)? {
        let start = position
        skip()
        guard let least = number() else {
            position = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = peek() == "}" ? nil : number() ?? -1 }
        guard take("}"), most != -1 else {
            position = start
            return nil
        }
        guard max(least, most ?? 0) <= ExpressionLimits.regexRepeats, least <= most ?? least else {
            throw mistake("at most \(ExpressionLimits.regexRepeats) repetitions, the least first", at: start)
        }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = peek(), scalar.isDigit {
            value = min((value ?? 0) * 10 + Int(scalar.value - 48), 100_000)
            skip()
        }
        return value
    }

    // MARK: Groups

    private mutating func group() throws(RegexMistake) -> RegexNode? {
        let start = position
        skip()
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= ExpressionLimits.regexNesting else {
            throw mistake("groups stand at most \(ExpressionLimits.regexNesting) deep in each other")
        }
        let outer = flags
        if take("?"), try openSpecialGroup(from: start) == .flagsOnly { return nil }
        let node = try choice()
        guard take(")") else { throw mistake("the group that begins here does not end", at: start) }
        flags = outer
        return node
    }

    private enum Opening { case group, flagsOnly }

    private mutating func openSpecialGroup(from start: Int) throws(RegexMistake) -> Opening {
        if peek() == "=" || peek() == "!" || (peek() == "<" && (peek(1) == "=" || peek(1) == "!")) {
            throw mistake("there is no look-around", at: start)
        }
        if take("P<") || take("<") {
            let name = position
            while let scalar = peek(), scalar.isIdentifierStart || scalar.isDigit { skip() }
            guard position > name, take(">") else { throw mistake("a group's name is letters and digits") }
            return .group
        }
        var isOn = true
        while let scalar = peek() {
            skip()
            switch scalar {
            case "i": flags.foldsCase = isOn
            case "m": flags.isMultiline = isOn
            case "s": flags.dotTakesLineFeeds = isOn
            case "U": continue
            case "-" where isOn: isOn = false
            case ":": return .group
            case ")": return .flagsOnly
            default: throw mistake("unknown flag; there are i, m, s and U", at: position - 1)
            }
        }
        throw mistake("the group that begins here does not end", at: start)
    }
}
