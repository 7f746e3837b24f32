/// Pike's simulation without captures: the set of states that some way of reading the text so far leads to.
/// Each state stands in the set once, so a character costs at most one visit of each instruction.
struct RegexSearch {
    private let program: [RegexInstruction]
    private var current: [Int] = []
    private var next: [Int] = []
    /// The step in which each instruction was visited last.
    private var visited: [Int]
    private var stack: [Int] = []
    private var step = 0

    init(_ program: [RegexInstruction]) {
        self.program = program
        visited = Array(repeating: 0, count: program.count)
    }

    mutating func run(_ text: String, steps: inout Int) -> Bool? {
        var iterator = text.unicodeScalars.makeIterator()
        var before: Unicode.Scalar?
        var after = iterator.next()
        while true {
            step += 1
            // A match may begin anywhere.
            current.append(0)
            next.removeAll(keepingCapacity: true)
            for state in current {
                if follow(state, before, after, &steps) { return true }
            }
            if steps <= 0 { return nil }
            guard let scalar = after else { return false }
            swap(&current, &next)
            var count = 0
            for state in current where takes(program[state], scalar) {
                current[count] = state + 1
                count += 1
            }
            current.removeLast(current.count - count)
            before = scalar
            after = iterator.next()
        }
    }

    /// Adds what waits for a character to `next`; true when the end of the pattern is reached.
    private mutating func follow(
        _ state: Int, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?, _ steps: inout Int
    ) -> Bool {
        stack.append(state)
        while let state = stack.popLast() {
            guard visited[state] != step else { continue }
            visited[state] = step
            steps -= 1
            switch program[state] {
            case .match: return true
            case .jump(let target): stack.append(target)
            case .split(let first, let second):
                stack.append(second)
                stack.append(first)
            case .assertion(let assertion):
                if assertion.holds(before: before, after: after) { stack.append(state + 1) }
            case .scalar, .set, .any: next.append(state)
            }
        }
        return false
    }

    private func takes(_ instruction: RegexInstruction, _ scalar: Unicode.Scalar) -> Bool {
        switch instruction {
        case .scalar(let wanted): wanted == scalar
        case .set(let set): set.contains(scalar)
        case .any(let isLineFeedToo): isLineFeedToo || scalar != "\n"
        default: false
        }
    }
}
