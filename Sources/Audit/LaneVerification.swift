import Kernel

/// One lane's entries in their order against their chain and what checkpoints say of it. Pure.
struct LaneVerification {
    let lane: Int
    private(set) var problems: [Verdict.Problem] = []
    private(set) var problemCount = 0
    private(set) var summary: Verdict.Lane

    private let expectations: [Verification.Expectation]
    private var nextExpectation = 0
    private let isPartial: Bool
    private let firstKept: Int64
    /// The sequence that comes next; nil before the first entry.
    private var next: Int64?
    private var lastHash = Digest.zero
    /// The last entry was reported already, or is not the neighbour of the next one.
    private var lastIsSuspect = false
    /// Left out so far: some may still come, in the wrong place.
    private var gaps: [ClosedRange<Int64>] = []

    /// More gaps than that in one lane are reported as one.
    private static let gapLimit = 1_000

    init(_ lane: Int, expectations: [Verification.Expectation], isPartial: Bool, firstKept: Int64) {
        self.lane = lane
        self.expectations = expectations
        self.isPartial = isPartial
        self.firstKept = firstKept
        summary = Verdict.Lane(lane: lane)
    }

    mutating func entry(_ entry: ChainEntry, columnsAgree: Bool) {
        summary.entries += 1
        let isFirst = next == nil
        if isFirst { begin(with: entry) }
        guard let expected = next, entry.sequence >= expected else { return stray(entry) }
        if entry.sequence > expected { leaveOut(expected...entry.sequence - 1) }
        let isIntact = checkItself(entry, columnsAgree: columnsAgree)
        if isFirst && isIntact { checkBeginning(entry) }
        checkLink(entry, isIntact: isIntact)
        checkMark(entry)
        lastIsSuspect = !isIntact
        checkExpectation(entry)
        lastHash = entry.hash
        next = entry.sequence + 1
        summary.last = entry.sequence
    }

    /// The lane's end.
    mutating func close(coveredUpTo covered: Int64) {
        for gap in gaps {
            let what = gap.count == 1 ? "the entry is" : "the entries to \(gap.upperBound) are"
            report(.missing, gap.lowerBound, "\(what) not there")
        }
        if let next, next <= covered {
            report(.truncated, next, "a checkpoint covers the lane up to \(covered)")
        }
        summary.isIntact = problemCount == 0
    }

    private mutating func begin(with entry: ChainEntry) {
        let first = isPartial ? entry.sequence : min(firstKept, entry.sequence)
        summary.first = entry.sequence
        next = first
        lastIsSuspect = entry.sequence > 1
        skipExpectations(below: first - 1)
    }

    /// What is no longer kept, or not exported, is still bound by its hash.
    private mutating func checkBeginning(_ entry: ChainEntry) {
        guard let known = expectation(at: entry.sequence - 1), known.hash != entry.previous else { return }
        report(.tampered, entry.sequence, "it does not follow what a checkpoint signed")
        lastIsSuspect = true
    }

    private mutating func leaveOut(_ range: ClosedRange<Int64>) {
        if gaps.count < Self.gapLimit { gaps.append(range) }
        lastIsSuspect = true
    }

    /// An entry behind its place.
    private mutating func stray(_ entry: ChainEntry) {
        if let index = gaps.firstIndex(where: { $0.contains(entry.sequence) }) {
            let gap = gaps.remove(at: index)
            if gap.lowerBound < entry.sequence { gaps.append(gap.lowerBound...entry.sequence - 1) }
            if entry.sequence < gap.upperBound { gaps.append(entry.sequence + 1...gap.upperBound) }
            report(.reordered, entry.sequence, "the entry stands behind a later one")
        } else {
            report(.reordered, entry.sequence, "there are two entries of this number")
        }
        _ = checkItself(entry, columnsAgree: true)
    }

    private mutating func checkItself(_ entry: ChainEntry, columnsAgree: Bool) -> Bool {
        if !entry.isIntact {
            if entry.isOfNeighbour {
                report(.reordered, entry.sequence, "the entry stands in its neighbour's place")
            } else {
                report(.tampered, entry.sequence, "the hash is not that of the entry")
            }
            return false
        }
        if !columnsAgree {
            report(.tampered, entry.sequence, "the columns beside the entry say something else")
        }
        return columnsAgree
    }

    /// A sound entry that names another hash than its predecessor has: the predecessor was written anew.
    private mutating func checkLink(_ entry: ChainEntry, isIntact: Bool) {
        guard isIntact, !lastIsSuspect, entry.previous != lastHash else { return }
        let suspect = max(entry.sequence - 1, 1)
        report(.tampered, suspect, "entry \(entry.sequence) follows another hash than this entry has")
    }

    private mutating func checkMark(_ entry: ChainEntry) {
        skipExpectations(below: entry.sequence - 1)
        let due = expectation(at: entry.sequence - 1)?.mark
        guard entry.checkpoint != due, due != nil || !isPartial else { return }
        report(.badCheckpoint, entry.sequence, "the entry does not hold the checkpoint before it")
    }

    private mutating func checkExpectation(_ entry: ChainEntry) {
        skipExpectations(below: entry.sequence)
        guard let known = expectation(at: entry.sequence), known.hash != entry.hash, !lastIsSuspect else {
            return
        }
        report(.tampered, entry.sequence, "a checkpoint signed another hash of this entry")
        lastIsSuspect = true
    }

    private mutating func skipExpectations(below sequence: Int64) {
        while nextExpectation < expectations.count, expectations[nextExpectation].last < sequence {
            nextExpectation += 1
        }
    }

    /// Expectations ascend, and are asked for at the place reached or one before.
    private func expectation(at sequence: Int64) -> Verification.Expectation? {
        for index in [nextExpectation, nextExpectation - 1] where expectations.indices.contains(index) {
            if expectations[index].last == sequence { return expectations[index] }
        }
        return nil
    }

    private mutating func report(_ kind: Verdict.Problem.Kind, _ sequence: Int64, _ message: String) {
        problemCount += 1
        guard problems.count < Verdict.problemLimit else { return }
        problems.append(Verdict.Problem(kind, lane: lane, sequence: sequence, message))
    }
}
