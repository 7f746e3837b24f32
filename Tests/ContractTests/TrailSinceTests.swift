import Access
import Kernel
import TestSupport
import Testing

@testable import Audit
@testable import Service

/// Which exported trails tell what happened since a backup, and which only seem to.
struct TrailSinceTests {
    private static let (old, new) = (Digest.of([1]), Digest.of([2]))
    private static let heads: [Int: TrailSince.Head] = [
        0: .init(sequence: 5, hash: old), 1: .none, 2: .init(sequence: 7, hash: old),
    ]

    private static func entry(
        _ lane: Int, _ sequence: Int64, after previous: Digest = new, hash: Digest = new
    ) -> ChainEntry {
        ChainEntry(
            lane: lane, sequence: sequence, at: .testStart, previous: previous, checkpoint: nil, hash: hash,
            body: Array(#"{"items":[]}"#.utf8))
    }

    private static func checkpoint(_ lasts: [Int: (Int64, Digest)]) -> Checkpoint {
        let content = Checkpoint.Content(
            id: CheckpointID(UUID(high: 1, low: 1)), number: 1, signedAt: .testStart,
            signedBy: CheckpointKeyID(UUID(high: 1, low: 2)), previous: nil,
            lanes: lasts.map { lane, last in
                Checkpoint.Span(lane: lane, first: nil, last: last.0, hash: last.1)
            })
        return Checkpoint(content: content, body: [], publicKey: [], signature: [])
    }

    private static func fault(_ checkpoint: Checkpoint?, _ entries: ChainEntry...) -> String? {
        var since = TrailSince(heads: heads)
        for entry in entries { since.take(entry) }
        return since.fault(checkpoint)
    }

    private static func expect(_ words: String, _ told: String?) {
        #expect(told?.contains(words) == true, "\(told ?? "nothing")")
    }

    @Test func `a trail that goes on where the backup ends is replayed`() {
        let sound = Self.fault(
            nil, Self.entry(0, 4), Self.entry(0, 5, hash: Self.old), Self.entry(0, 6, after: Self.old),
            Self.entry(1, 1, after: .zero), Self.entry(2, 7, hash: Self.old))
        #expect(sound == nil)
        // Retention took what is older, and all entries of lane 2, which only the checkpoint names.
        let aged = Self.fault(
            Self.checkpoint([0: (7, Self.new), 2: (7, Self.old)]), Self.entry(0, 6, after: Self.old),
            Self.entry(0, 7))
        #expect(aged == nil)
    }

    @Test func `a trail of another installation is not`() {
        let rest = Self.entry(2, 7, hash: Self.old)
        Self.expect("another installation", Self.fault(nil, Self.entry(0, 5), rest))
        Self.expect("another installation", Self.fault(nil, Self.entry(0, 6), rest))
        Self.expect("another installation", Self.fault(nil, Self.entry(1, 1), rest))
        let told = Self.fault(Self.checkpoint([0: (5, Self.new)]), rest)
        Self.expect("another installation", told)
    }

    @Test func `a trail with a gap behind the backup is not`() {
        Self.expect("missing", Self.fault(nil, Self.entry(0, 5, hash: Self.old), Self.entry(2, 9)))
    }

    @Test func `a trail that was exported before the backup is not`() {
        Self.expect("ends before", Self.fault(nil, Self.entry(0, 5, hash: Self.old), Self.entry(2, 6)))
        Self.expect("ends before", Self.fault(nil, Self.entry(0, 5, hash: Self.old)))
        Self.expect(
            "ends before", Self.fault(Self.checkpoint([0: (4, Self.new)]), Self.entry(2, 8, after: Self.old)))
        Self.expect("ends before", Self.fault(nil))
    }

    @Test func `a trail with an entry that cannot be read is not`() {
        var since = TrailSince(heads: [:])
        var entry = Self.entry(1, 1, after: .zero)
        entry.body = Array("{}".utf8)
        since.take(entry)
        Self.expect("cannot be read", since.fault(nil))
    }

    @Test func `nothing is wrong with the trail of an installation that was never used`() {
        #expect(TrailSince(heads: [0: .none]).fault(nil) == nil)
    }
}
