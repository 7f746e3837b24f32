import Kernel
package import Postgres

/// Reads a trail from the database in the order that verification wants, a page at a time.
struct TrailReading {
    /// The part of the trail that is read.
    struct Part: Sendable {
        /// Numbers of checkpoints; nil when there is none.
        let checkpoints: ClosedRange<Int64>?
        let lanes: [(lane: Int, sequences: ClosedRange<Int64>)]
        /// Older entries or checkpoints are left out.
        let isPartial: Bool
    }

    private static let checkpointPage = 50
    private static let entryPage = 500

    let checkpoints: CheckpointStore
    let lanes: LaneStore

    init(_ database: Database) {
        checkpoints = CheckpointStore(database)
        lanes = LaneStore(database)
    }

    /// All that is kept, or the newest `entries` and `checkpoints` of it. Lanes are read before checkpoints,
    /// so that every checkpoint which an entry may hold is among those read.
    nonisolated(nonsending) func part(newest limit: Int, checkpoints most: Int) async throws -> Part {
        let before = try await lanes.spans()
        let numbers = try await checkpoints.numbers()
        let covered = try await spans(of: numbers.last)
        let share = Self.share(of: limit, among: before.map(\.count))
        let ranges = before.compactMap { span -> (lane: Int, sequences: ClosedRange<Int64>)? in
            guard let first = span.first, let last = span.last else { return nil }
            let end = max(last, covered[span.lane] ?? 0)
            return (span.lane, max(first, end - share + 1)...end)
        }
        let firstNumber = max(1, numbers.last - Int64(most) + 1)
        let isPartial = firstNumber > 1 || before.contains { $0.count > share }
        return Part(
            checkpoints: numbers.last > 0 ? firstNumber...numbers.last : nil, lanes: ranges,
            isPartial: isPartial)
    }

    /// What was written from one time to another, and enough around it that each lane's covered end is in it.
    nonisolated(nonsending) func part(from: Timestamp?, to: Timestamp?) async throws -> Part {
        let before = try await lanes.spans()
        let bounds = from == nil && to == nil ? [:] : try await lanes.bounds(from: from, to: to)
        let numbers = try await checkpoints.numbers(from: from, to: to)
        let covered = try await spans(of: numbers.last)
        let ranges = before.compactMap { span -> (lane: Int, sequences: ClosedRange<Int64>)? in
            guard let kept = span.first, let last = span.last else { return nil }
            let (bound, signed) = (bounds[span.lane], covered[span.lane] ?? 0)
            let end = to == nil ? max(last, signed) : max(bound?.upperBound ?? 0, signed)
            let start = from == nil ? kept : min(bound?.lowerBound ?? end, max(signed, 1))
            return end >= max(start, kept) ? (span.lane, max(start, kept)...end) : nil
        }
        let isPartial = from != nil || to != nil
        return Part(
            checkpoints: numbers.last > 0 ? (from != nil ? numbers.first : 1)...numbers.last : nil,
            lanes: ranges,
            isPartial: isPartial)
    }

    /// The last sequence of each lane by the checkpoint of that number.
    private nonisolated(nonsending) func spans(of number: Int64) async throws -> [Int: Int64] {
        let newest = try await checkpoints.page(after: number - 1, through: number, limit: 1).first?
            .checkpoint
        let spans = newest?.content.lanes.compactMap { span in span.last.map { (span.lane, $0) } }
        return Dictionary(spans ?? [], uniquingKeysWith: max)
    }

    /// The most entries a lane that keep all lanes together within `limit`.
    static func share(of limit: Int, among counts: [Int64]) -> Int64 {
        var (low, high) = (Int64(0), counts.max() ?? 0)
        while low < high {
            let middle = low + (high - low + 1) / 2
            if counts.reduce(0, { $0 + min($1, middle) }) <= limit { low = middle } else { high = middle - 1 }
        }
        return low
    }

    nonisolated(nonsending) func eachCheckpoint(
        _ part: Part, _ body: nonisolated(nonsending) ([Checkpoint?]) async throws -> Void
    ) async throws {
        guard let numbers = part.checkpoints else { return }
        var last = numbers.lowerBound - 1
        while last < numbers.upperBound {
            let page = try await checkpoints.page(
                after: last, through: numbers.upperBound, limit: Self.checkpointPage)
            guard let end = page.last?.number else { return }
            try await body(page.map(\.checkpoint))
            last = end
        }
    }

    nonisolated(nonsending) func eachEntry(
        _ part: Part, _ body: nonisolated(nonsending) ([ChainEntry]) async throws -> Void
    ) async throws {
        for (lane, sequences) in part.lanes {
            var rest: ClosedRange<Int64>? = sequences
            while let range = rest {
                let page = try await lanes.page(lane, range, limit: Self.entryPage)
                try await body(page)
                rest = Self.rest(of: range, after: page.last?.sequence, isLast: page.count < Self.entryPage)
            }
        }
    }

    nonisolated(nonsending) func eachEntryWithColumns(
        _ part: Part, _ body: ((entry: ChainEntry, columns: AuditColumns)) -> Void
    ) async throws {
        for (lane, sequences) in part.lanes {
            var rest: ClosedRange<Int64>? = sequences
            while let range = rest {
                let page = try await lanes.pageWithColumns(lane, range, limit: Self.entryPage)
                for row in page { body(row) }
                rest = Self.rest(
                    of: range, after: page.last?.entry.sequence, isLast: page.count < Self.entryPage)
            }
        }
    }

    private static func rest(
        of range: ClosedRange<Int64>, after last: Int64?, isLast: Bool
    ) -> ClosedRange<Int64>? {
        guard let last, !isLast, last < range.upperBound else { return nil }
        return last + 1...range.upperBound
    }
}

/// Verifies a trail where it is kept, columns included.
package struct DatabaseVerification {
    private let reading: TrailReading

    package init(_ database: Database) { reading = TrailReading(database) }

    /// - Parameters:
    ///   - entries: at most that many, the newest of each lane.
    ///   - checkpoints: at most that many, the newest.
    package nonisolated(nonsending) func run(
        entries: Int = .max, checkpoints: Int = .max, pin: CheckpointPin?
    ) async throws -> Verdict {
        let part = try await reading.part(newest: entries, checkpoints: checkpoints)
        var verification = Verification(isPartial: part.isPartial, pin: pin)
        try await reading.eachCheckpoint(part) { page in
            for checkpoint in page { verification.add(checkpoint) }
        }
        try await reading.eachEntryWithColumns(part) { entry, columns in
            verification.entry(entry, columnsAgree: columns.agree(with: entry.body))
        }
        return verification.finish()
    }
}

extension Verification {
    mutating func add(_ checkpoint: Checkpoint?) {
        if let checkpoint { self.checkpoint(checkpoint) } else { unreadableCheckpoint() }
    }
}
