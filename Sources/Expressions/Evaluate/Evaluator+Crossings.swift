import JSON

/// What crossings remember: for each, on which side its value was, or a mark of the value itself; nil where
/// there was none yet.
package struct CrossingMemory: Equatable, Sendable {
    package var marks: [UInt64?]

    package init(_ marks: [UInt64?] = []) { self.marks = marks }
}

extension Evaluator {
    /// Looks at every crossing, whether or not the rest of the expression needs it: what is remembered must
    /// not depend on the order in which operands stand.
    mutating func lookAtCrossings() {
        for node in syntax.kinds.indices {
            guard case .crossing(let crossing, let slot, let operands) = syntax.kinds[node] else { continue }
            do throws(EvaluationError) {
                marks[slot] = .success(try mark(crossing, operands, at: node))
            } catch {
                marks[slot] = .failure(error)
            }
        }
    }

    /// Whether the value has crossed since the event before; false where nothing is known of that.
    func hasCrossed(_ crossing: Crossing, slot: Int) throws(EvaluationError) -> Bool {
        guard let seen = marks[slot] else { return false }
        guard let mark = try seen.get(), let before = before.marks[slot] else { return false }
        switch crossing {
        case .crossesAbove: return before == 0 && mark == 1
        case .crossesBelow: return before == 1 && mark == 0
        case .flips: return before != mark
        }
    }

    /// Where there is no value, what was remembered stays.
    var memory: CrossingMemory {
        CrossingMemory(
            marks.indices.map { slot in
                if case .success(let mark?)? = marks[slot] { mark } else { before.marks[slot] }
            })
    }

    /// Nil for null.
    private mutating func mark(
        _ crossing: Crossing, _ operands: [Node], at node: Node
    ) throws(EvaluationError) -> UInt64? {
        let first = try value(operands[0])
        if case .null = first { return nil }
        if crossing == .flips { return first.mark }
        let second = try value(operands[1])
        if case .null = second { return nil }
        guard case .bool(let isAbove) = try apply(.atLeast, first, second, at: node) else { return nil }
        return isAbove ? 1 : 0
    }
}

extension Value {
    /// The same for equal values, on every node and after every restart.
    package var mark: UInt64 {
        var hash = StableHash()
        hash.add(json.bytes)
        return hash.value
    }
}

/// FNV-1a with a last mix, in 64 bits: the same everywhere, unlike Swift's hashes. No defence against
/// somebody who looks for collisions.
package struct StableHash: Sendable {
    package private(set) var state: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    package var value: UInt64 {
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
