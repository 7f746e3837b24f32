import Access
import Audit
import Crypto
import Kernel
import Testing

@Suite struct VerificationTests {
    private let key: CheckpointKey
    private let trail: TestTrail

    init() throws {
        key = CheckpointKey(try Ed25519.SigningKey())
        var trail = TestTrail(key, seed: 6)
        for round in 0..<6 {
            for lane in [3, 17, 40] where round > 0 || lane != 40 { trail.append(to: lane) }
            trail.checkpoint()
        }
        trail.append(to: 17)
        self.trail = trail
    }

    @Test func `an untouched trail is intact`() {
        let verdict = trail.verify(pin: CheckpointPin(key))
        #expect(verdict.isIntact && verdict.isComplete)
        #expect(verdict.entries == 18 && verdict.checkpoints == 6)
        #expect(verdict.lanes.map(\.lane) == [3, 17, 40])
    }

    @Test func `a vanished lane is named`() {
        let problems = trail.verify(trail.entries.filter { $0.lane != 3 }).problems
        #expect(problems.map(\.kind) == [.laneMissing] && problems.map(\.lane) == [3])
    }

    @Test func `a chain forged from some entry on is found where a checkpoint signed it`() {
        var entries = trail.lanes[17] ?? []
        for index in 2..<entries.count {
            if index == 2 { entries[index].body.append(1) }
            entries[index].previous = entries[index - 1].hash
            entries[index].hash = entries[index].computedHash
        }
        let others = trail.entries.filter { $0.lane != 17 }
        let first = trail.verify(others + entries).problems.first
        #expect(first?.kind == .tampered && first?.lane == 17 && first?.sequence == 3)
    }

    @Test func `a signature of another key, or over other bytes, is bad`() throws {
        var checkpoints = trail.checkpoints
        let old = checkpoints[5]
        checkpoints[5] = Checkpoint(
            content: old.content, body: old.body, publicKey: old.publicKey,
            signature: checkpoints[4].signature)
        #expect(trail.verify(checkpoints: checkpoints).problems.map(\.kind) == [.badSignature])
        let other = CheckpointKey(try Ed25519.SigningKey())
        checkpoints[5] = Checkpoint(
            content: old.content, body: old.body, publicKey: other.publicKey.bytes, signature: old.signature)
        #expect(trail.verify(checkpoints: checkpoints).problems.map(\.kind) == [.badSignature])
    }

    @Test func `a trail forged with another key needs a pin to be found`() throws {
        let pin = CheckpointPin(CheckpointKey(try Ed25519.SigningKey()))
        #expect(trail.verify(pin: pin).problems.map(\.kind) == [.badSignature])
        #expect(trail.verify(pin: CheckpointPin(key.id.description)).isIntact)
        #expect(CheckpointPin(Base64.encode(key.publicKey.bytes)) == CheckpointPin(key))
        #expect(CheckpointPin("kck_nonsense") == nil)
    }

    @Test func `a missing checkpoint is noticed, and a cut beginning too`() {
        var checkpoints = trail.checkpoints
        checkpoints.remove(at: 2)
        #expect(trail.verify(checkpoints: checkpoints).problems.contains { $0.kind == .badCheckpoint })
        let late = Array(trail.checkpoints.dropFirst())
        #expect(trail.verify(checkpoints: late).problems.contains { $0.kind == .badCheckpoint })
        #expect(trail.verify(checkpoints: late, isPartial: true).isIntact)
    }

    @Test func `a part of the trail verifies as a part`() {
        let late = trail.entries.filter { $0.sequence > 3 }
        #expect(trail.verify(late, isPartial: true).isIntact)
        #expect(trail.verify(late).problems.allSatisfy { $0.kind == .missing })
        #expect(trail.verify(late).problemCount == 3)
    }

    @Test func `columns that disagree with the bytes are told`() {
        let text = #"{"actor":{"id":"usr_1"},"action":"keys.revoke","resource":null,"outcome":"allowed"}"#
        let body = Array(#"{"at":"2026","items":[\#(text)]}"#.utf8)
        let item = AuditColumns.Item(actor: "usr_1", action: "keys.revoke", resource: nil, outcome: "allowed")
        #expect(AuditColumns([item]).agree(with: body))
        #expect(!AuditColumns([item, item]).agree(with: body))
        #expect(!AuditColumns([]).agree(with: body))
        let other = AuditColumns.Item(
            actor: "usr_2", action: "keys.revoke", resource: nil, outcome: "allowed")
        #expect(!AuditColumns([other]).agree(with: body))
        #expect(!AuditColumns([item]).agree(with: [1, 2, 3]))
    }

    @Test func `problems beyond the limit are counted`() {
        var grown = trail
        for _ in 0..<300 { grown.append(to: 17) }
        let entries = grown.entries.map { entry in
            var entry = entry
            entry.body.append(9)
            return entry
        }
        let verdict = grown.verify(entries)
        #expect(verdict.problems.count == Verdict.problemLimit)
        #expect(verdict.problemCount >= 300)
    }
}
