/// Thompson's construction: a program whose length grows with the pattern, bounded repeats written out.
struct RegexCompiler {
    private var program: [RegexInstruction] = []

    mutating func compile(_ node: RegexNode) throws(RegexMistake) -> [RegexInstruction] {
        try emit(node, repeats: 1)
        try append(.match)
        return program
    }

    private mutating func append(_ instruction: RegexInstruction) throws(RegexMistake) {
        guard program.count < ExpressionLimits.regexInstructions else {
            throw RegexMistake(
                offset: 0,
                message: "the pattern is too large: over \(ExpressionLimits.regexInstructions) steps")
        }
        program.append(instruction)
    }

    /// - Parameter repeats: how often this part stands in the program already.
    private mutating func emit(_ node: RegexNode, repeats: Int) throws(RegexMistake) {
        switch node {
        case .empty: return
        case .scalar(let scalar): try append(.scalar(scalar))
        case .set(let set): try append(.set(set))
        case .any(let isLineFeedToo): try append(.any(isLineFeedToo: isLineFeedToo))
        case .assertion(let assertion): try append(.assertion(assertion))
        case .sequence(let parts): for part in parts { try emit(part, repeats: repeats) }
        case .choice(let branches): try emit(branches, repeats: repeats)
        case .repeated(let part, let least, let most, let offset):
            let product = repeats * max(least, most ?? 0, 1)
            guard product <= ExpressionLimits.regexRepeats else {
                throw RegexMistake(
                    offset: offset,
                    message: "repeats within repeats come to over \(ExpressionLimits.regexRepeats)")
            }
            try emit(part, least: least, most: most, repeats: product)
        }
    }

    private mutating func emit(_ branches: [RegexNode], repeats: Int) throws(RegexMistake) {
        var ends: [Int] = []
        for branch in branches.dropLast() {
            let split = program.count
            try append(.split(split + 1, 0))
            try emit(branch, repeats: repeats)
            ends.append(program.count)
            try append(.jump(0))
            program[split] = .split(split + 1, program.count)
        }
        try emit(branches[branches.count - 1], repeats: repeats)
        for end in ends { program[end] = .jump(program.count) }
    }

    private mutating func emit(
        _ part: RegexNode, least: Int, most: Int?, repeats: Int
    ) throws(RegexMistake) {
        for _ in 0..<least { try emit(part, repeats: repeats) }
        guard let most else {
            let split = program.count
            try append(.split(split + 1, 0))
            try emit(part, repeats: repeats)
            try append(.jump(split))
            program[split] = .split(split + 1, program.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<most {
            splits.append(program.count)
            try append(.split(program.count + 1, 0))
            try emit(part, repeats: repeats)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
    }
}
