import Kernel

/// Verifies a trail from its bytes alone: give it the checkpoints, oldest first, then the entries lane by
/// lane. Pure; what it holds grows with the checkpoints that a lane moved between, never with the entries.
package struct Verification {
    /// What a checkpoint says about a lane's place; the newest of those that say the same.
    struct Expectation {
        let last: Int64
        let hash: Digest
        /// The checkpoint that the next entry must hold.
        var mark: Digest
    }

    private let isPartial: Bool
    private let pin: CheckpointPin?
    private var verdict = Verdict()
    private var expectations = [[Expectation]](repeating: [], count: AuditTrail.lanes)
    private var newest: Checkpoint?
    private var seen: Set<Int> = []
    private var lane: LaneVerification?

    /// - Parameters:
    ///   - isPartial: entries and checkpoints may begin anywhere; otherwise at the first that is kept.
    ///   - pin: who must have signed the newest checkpoint; the others are bound to it by their hashes.
    package init(isPartial: Bool = false, pin: CheckpointPin? = nil) {
        self.isPartial = isPartial
        self.pin = pin
        verdict.isComplete = !isPartial
    }

    // MARK: Checkpoints

    package mutating func checkpoint(_ checkpoint: Checkpoint) {
        verdict.checkpoints += 1
        let id = checkpoint.content.id
        if !checkpoint.isSigned {
            report(.init(.badSignature, "checkpoint \(id) is not signed by the key that it names"))
        }
        checkOrder(checkpoint)
        for span in checkpoint.content.lanes { expect(span, by: checkpoint.hash) }
        newest = checkpoint
    }

    /// An exported line that says it is a checkpoint, and is none.
    package mutating func unreadableCheckpoint() {
        verdict.checkpoints += 1
        report(.init(.badCheckpoint, "the bytes of a checkpoint do not hold one"))
    }

    private mutating func checkOrder(_ checkpoint: Checkpoint) {
        let (id, number) = (checkpoint.content.id, checkpoint.content.number)
        guard let newest else {
            if !isPartial, number != 1 || checkpoint.content.previous != nil {
                report(.init(.badCheckpoint, "the checkpoints before \(id) are missing"))
            }
            return
        }
        if number != newest.content.number + 1 || checkpoint.content.previous != newest.hash {
            report(.init(.badCheckpoint, "checkpoint \(id) does not follow \(newest.content.id)"))
        }
        for old in newest.content.lanes {
            let new = checkpoint.content.lanes.first { $0.lane == old.lane }
            if let problem = Self.change(from: old, to: new, in: checkpoint) { report(problem) }
        }
    }

    /// What is wrong with how a lane went on: it only grows, and its beginning only leaves what was covered.
    private static func change(
        from old: Checkpoint.Span, to new: Checkpoint.Span?, in checkpoint: Checkpoint
    ) -> Verdict.Problem? {
        let id = checkpoint.content.id
        guard let new else {
            return .init(.laneMissing, lane: old.lane, "checkpoint \(id) leaves the lane out")
        }
        let (oldLast, newLast) = (old.last ?? 0, new.last ?? 0)
        if newLast < oldLast {
            return .init(
                .truncated, lane: old.lane, sequence: newLast + 1,
                "checkpoint \(id) ends before the one before")
        }
        if newLast == oldLast, new.hash != old.hash {
            return .init(
                .badCheckpoint, lane: old.lane, sequence: newLast,
                "checkpoint \(id) contradicts the one before")
        }
        if let first = new.first, first > oldLast + 1, first > 1 {
            return .init(
                .badCheckpoint, lane: old.lane, sequence: first,
                "checkpoint \(id) begins behind what was covered before")
        }
        return nil
    }

    private mutating func expect(_ span: Checkpoint.Span, by mark: Digest) {
        let last = span.last ?? 0
        if let index = expectations[span.lane].indices.last, expectations[span.lane][index].last == last {
            expectations[span.lane][index].mark = mark
        } else {
            expectations[span.lane].append(Expectation(last: last, hash: span.hash ?? .zero, mark: mark))
        }
    }

    // MARK: Entries

    /// - Parameter columnsAgree: false when the columns beside the bytes say something else.
    package mutating func entry(_ entry: ChainEntry, columnsAgree: Bool = true) {
        if lane?.lane != entry.lane {
            closeLane()
            guard (0..<AuditTrail.lanes).contains(entry.lane), seen.insert(entry.lane).inserted else {
                report(
                    .init(
                        .reordered, lane: entry.lane, sequence: entry.sequence,
                        "the lane stands in several places"))
                return
            }
            lane = LaneVerification(
                entry.lane, expectations: expectations[entry.lane], isPartial: isPartial,
                firstKept: firstKept(entry.lane))
        }
        lane?.entry(entry, columnsAgree: columnsAgree)
    }

    private func span(_ lane: Int) -> Checkpoint.Span? { newest?.content.lanes.first { $0.lane == lane } }

    private func firstKept(_ lane: Int) -> Int64 {
        guard let span = span(lane), let last = span.last else { return 1 }
        return span.first ?? last + 1
    }

    private mutating func closeLane() {
        guard var closed = lane else { return }
        lane = nil
        closed.close(coveredUpTo: span(closed.lane)?.last ?? 0)
        verdict.lanes.append(closed.summary)
        verdict.problemCount += closed.problemCount
        let room = Verdict.problemLimit - verdict.problems.count
        verdict.problems += closed.problems.sorted { ($0.sequence ?? 0) < ($1.sequence ?? 0) }.prefix(
            max(room, 0))
    }

    private mutating func report(_ problem: Verdict.Problem) {
        verdict.problemCount += 1
        if verdict.problems.count < Verdict.problemLimit { verdict.problems.append(problem) }
    }

    // MARK: The end

    package consuming func finish() -> Verdict {
        closeLane()
        for span in newest?.content.lanes ?? [] where span.count > 0 && !seen.contains(span.lane) {
            report(
                .init(.laneMissing, lane: span.lane, sequence: span.first, "none of its entries are there"))
        }
        if let pin, newest.map(pin.matches) != true {
            let signer = newest.map { "\($0.content.signedBy)" } ?? "nobody"
            report(
                .init(.badSignature, "the newest checkpoint is signed by \(signer), not by the pinned key"))
        }
        verdict.checkpoint = newest
        return verdict
    }
}
