import Access
import Crypto
import Kernel

@testable import Audit

/// A trail in memory, grown as audit_append and Checkpointer do it.
struct TestTrail {
    let key: CheckpointKey
    private(set) var lanes: [Int: [ChainEntry]] = [:]
    private(set) var checkpoints: [Checkpoint] = []
    private var marks: [Int: Digest] = [:]
    private let generator: SeededGenerator
    private var now = Timestamp(seconds: 1_767_600_000)

    init(_ key: CheckpointKey, seed: UInt64) {
        self.key = key
        generator = SeededGenerator(seed: seed)
    }

    mutating func append(to lane: Int) {
        now = now + Period(microseconds: Int64(generator.next() % 1_000_000))
        let last = lanes[lane]?.last
        var entry = ChainEntry(
            lane: lane, sequence: (last?.sequence ?? 0) + 1, at: now, previous: last?.hash ?? .zero,
            checkpoint: marks[lane], hash: .zero, body: generator.bytes(Int(generator.next() % 40) + 1))
        entry.hash = entry.computedHash
        marks[lane] = nil
        lanes[lane, default: []].append(entry)
    }

    mutating func checkpoint() {
        let spans = (0..<AuditTrail.lanes).map { lane in
            let entries = lanes[lane] ?? []
            return Checkpoint.Span(
                lane: lane, first: entries.first?.sequence, last: entries.last?.sequence,
                hash: entries.last?.hash)
        }
        let checkpoint = key.sign(
            Checkpoint.Content(
                id: CheckpointID(UUID(high: generator.next(), low: generator.next())),
                number: Int64(checkpoints.count + 1), signedAt: now, signedBy: key.id,
                previous: checkpoints.last?.hash, lanes: spans))
        checkpoints.append(checkpoint)
        for lane in 0..<AuditTrail.lanes { marks[lane] = checkpoint.hash }
    }

    var entries: [ChainEntry] { lanes.sorted { $0.key < $1.key }.flatMap(\.value) }

    func verify(
        _ entries: [ChainEntry]? = nil, checkpoints: [Checkpoint]? = nil, isPartial: Bool = false,
        pin: CheckpointPin? = nil
    ) -> Verdict {
        var verification = Verification(isPartial: isPartial, pin: pin)
        for checkpoint in checkpoints ?? self.checkpoints { verification.checkpoint(checkpoint) }
        for entry in entries ?? self.entries { verification.entry(entry) }
        return verification.finish()
    }
}
