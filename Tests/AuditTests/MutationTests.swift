import Audit
import Crypto
import Kernel
import Testing

/// T6: edits, deletions, reorderings and truncations before a checkpoint are found, at the right entry.
@Suite struct MutationTests {
    private struct Case: Sendable {
        let entries: [ChainEntry]
        let verified: Verification

        /// The first problem that the verifier names.
        func problem(_ change: (inout [ChainEntry]) -> Void) -> Verdict.Problem? {
            var changed = entries
            change(&changed)
            var verification = verified
            for entry in changed { verification.entry(entry) }
            return verification.finish().problems.first
        }
    }

    private static let trails = 1_000
    private static let rows = 10

    /// One lane, checkpoints in random places, the last one over everything.
    private static func makeCase(_ key: CheckpointKey, seed: UInt64) -> Case {
        let generator = SeededGenerator(seed: seed)
        var trail = TestTrail(key, seed: seed)
        let lane = Int(generator.next() % 64)
        for _ in 0..<rows {
            if generator.next() % 5 == 0 { trail.checkpoint() }
            trail.append(to: lane)
        }
        trail.checkpoint()
        var verification = Verification(pin: CheckpointPin(key))
        for checkpoint in trail.checkpoints { verification.checkpoint(checkpoint) }
        return Case(entries: trail.entries, verified: verification)
    }

    private static let cases = Result {
        let key = CheckpointKey(try Ed25519.SigningKey())
        return (0..<trails).map { makeCase(key, seed: UInt64($0)) }
    }

    private func forEachRow(_ body: (Case, Int) -> Void) throws {
        for trail in try Self.cases.get() {
            #expect(trail.problem { _ in } == nil)
            for index in 0..<Self.rows { body(trail, index) }
        }
    }

    @Test func `T6: each of 10,000 rows edited is found tampered`() throws {
        try forEachRow { trail, index in
            let problem = trail.problem { entries in
                switch index % 4 {
                case 0: entries[index].body[0] ^= 1
                case 1: entries[index].at = entries[index].at + Period(microseconds: 1)
                case 2: entries[index].hash = .of([UInt8(index)])
                default: entries[index].previous = .of([UInt8(index)])
                }
            }
            #expect(problem?.kind == .tampered && problem?.sequence == Int64(index + 1))
        }
    }

    @Test func `T6: each of 10,000 rows written anew with a fitting hash is found tampered`() throws {
        try forEachRow { trail, index in
            let problem = trail.problem { entries in
                entries[index].body.append(0)
                entries[index].hash = entries[index].computedHash
            }
            #expect(problem?.kind == .tampered && problem?.sequence == Int64(index + 1))
        }
    }

    @Test func `T6: each of 10,000 rows deleted is found missing`() throws {
        try forEachRow { trail, index in
            let problem = trail.problem { $0.remove(at: index) }
            let isLast = index == Self.rows - 1
            #expect(
                problem?.kind == (isLast ? .truncated : .missing) && problem?.sequence == Int64(index + 1))
        }
    }

    @Test func `T6: each of 10,000 rows in another place is found reordered`() throws {
        try forEachRow { trail, index in
            guard index < Self.rows - 1 else { return }
            let moved = trail.problem { $0.swapAt(index, index + 1) }
            #expect(moved?.kind == .reordered && moved?.sequence == Int64(index + 1))
            let renumbered = trail.problem { entries in
                entries.swapAt(index, index + 1)
                entries[index].sequence -= 1
                entries[index + 1].sequence += 1
            }
            #expect(renumbered?.kind == .reordered && renumbered?.sequence == Int64(index + 1))
        }
    }

    @Test func `T6: a lane cut off at each of 10,000 rows is found truncated`() throws {
        try forEachRow { trail, index in
            let problem = trail.problem { $0.removeSubrange(index...) }
            #expect(problem?.kind == (index == 0 ? .laneMissing : .truncated))
            #expect(problem?.sequence == Int64(index + 1))
        }
    }
}
