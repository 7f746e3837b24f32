import Access
import Audit
import EventLoop
import Events
import JSON
import Kernel
import Keys
import Postgres

/// Brings journals into the trail: uses, what they were charged, what became of them, and events for rules.
/// Each step is one transaction that also says how far the journal has come: cut anywhere and begun again, no
/// use is missing, and none is there twice.
struct AwayMerge {
    /// Uses of one transaction, which holds the readers of events back for as long as it is open.
    static let stepUses = 200
    /// Above what `AwayTally.usesAtMost` uses take.
    private static let bytesAtMost = 1 << 30

    let ledger: Ledger
    private let book: KeyBook
    private let folder: AwayFolder
    private let offLoop: OffLoop
    private let log: Log

    var entropy: Entropy { ledger.entropy }

    init(ledger: Ledger, book: KeyBook, folder: AwayFolder, offLoop: OffLoop, log: Log) {
        (self.ledger, self.book, self.folder) = (ledger, book, folder)
        (self.offLoop, self.log) = (offLoop, log)
    }

    /// Everything that lies in the folder, but for what somebody still writes to.
    nonisolated(nonsending) func run() async throws {
        var failure: (any Error)?
        for id in try await offLoop.run({ [folder] in folder.journals(.journal) }) {
            do {
                try await run(id)
            } catch {
                // One that does not get in must not keep the others out.
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private nonisolated(nonsending) func run(_ id: AwayJournalID) async throws {
        // Held until it has its new name, so that nobody else merges it meanwhile.
        guard let file = try await offLoop.run({ [folder] in try folder.take(id) }) else { return }
        let chain = try book.chain(of: id)
        let read = try await offLoop.run { try Self.read(file, of: id, chain) }
        let fate: AwayFolder.Fate
        switch read {
        case .success(let reading):
            fate = .merged
            try await merge(reading)
        case .failure(let fault):
            fate = .refused
            try await refuse(id, fault)
        }
        try await offLoop.run { [folder] in
            try folder.mark(id, fate)
            withExtendedLifetime(file) {}
        }
    }

    private static func read(
        _ file: DurableFile, of id: AwayJournalID, _ chain: AwayChain
    ) throws -> Result<AwayReading, AwayReading.Fault> {
        guard let bytes = try file.contents(atMost: bytesAtMost) else {
            return .failure(AwayReading.Fault(line: 0, reason: "it is longer than any journal is"))
        }
        return Result { () throws(AwayReading.Fault) in try AwayReading(bytes, of: id, chain) }
    }

    private var context: Context { .installation(now: ledger.clock.now(), requestID: "away-mode") }
}

// MARK: Merging

extension AwayMerge {
    private static let open = Statement(
        "away_journal_open",
        """
        insert into away_journal (id, node, began_at, ended_at, state, uses)
        values ($1, $2, $3, $4, 'merging', $5::integer) on conflict (id) do nothing
        """)
    private static let lock = Statement(
        "away_journal_lock", "select state, merged from away_journal where id = $1 for update")
    private static let advance = Statement(
        "away_journal_advance",
        """
        update away_journal set merged = $2::integer, state = $3,
            finished_at = case when $3 = 'merging' then null else $4::timestamptz end
        where id = $1
        """)

    private nonisolated(nonsending) func merge(_ reading: AwayReading) async throws {
        // Without a whole first line, nothing can have left.
        guard let beginning = reading.beginning else { return }
        while try await !step(reading, beginning) {}
        log.info(
            "a journal of away mode is in the trail",
            ["journal": .text("\(beginning.journal)"), "uses": .int(Int64(reading.uses.count))])
    }

    /// The next uses of a journal; true when all are in the trail.
    private nonisolated(nonsending) func step(
        _ reading: AwayReading, _ beginning: AwayBeginning
    ) async throws -> Bool {
        try await ledger.change(context) { change in
            let id = beginning.journal
            try await change.transaction.query(
                Self.open, .id(id), .id(beginning.node), .timestamp(beginning.at),
                .timestamp(reading.ending?.at), .int(reading.uses.count))
            guard let row = try await change.transaction.query(Self.lock, .id(id)).first,
                row.text(0) == "merging"
            else { return true }
            let merged = row.int(1)
            let part = Array(reading.uses.dropFirst(merged).prefix(Self.stepUses))
            let isDone = merged + part.count >= reading.uses.count
            if merged == 0 { change.emit(beginning.event) }
            try await AwayStore(change: change, ledger: ledger, journal: id).write(part, reading.outcomes)
            if isDone { finish(reading, beginning, change) }
            try await change.transaction.query(
                Self.advance, .id(id), .int(merged + part.count), .text(isDone ? "merged" : "merging"),
                .timestamp(change.context.now))
            return isDone
        }
    }

    private func finish(_ reading: AwayReading, _ beginning: AwayBeginning, _ change: Change) {
        let uses: JSONValue = .number(JSONNumber(Int64(reading.uses.count)))
        change.emit(beginning.ended(reading.ending, uses: uses))
        change.audit(
            "away.merge", beginning.journal,
            detail: [
                "node": .string(beginning.node.description), "began_at": .string(beginning.at.description),
                "ended_at": reading.ending.map { .string($0.at.description) } ?? .null, "uses": uses,
            ])
    }
}

// MARK: Refusing

extension AwayMerge {
    private static let refused = Statement(
        "away_journal_refuse",
        """
        insert into away_journal (id, state, uses, finished_at) values ($1, 'refused', 0, $2)
        on conflict (id) do nothing returning true
        """)

    /// Told once; the file stays as it is, for people.
    private nonisolated(nonsending) func refuse(
        _ id: AwayJournalID, _ fault: AwayReading.Fault
    ) async throws {
        log.error(
            "a journal of away mode was changed: it is not merged",
            [
                "journal": .text("\(id)"), "line": .int(Int64(fault.line)),
                "reason": .text(fault.reason),
            ])
        try await ledger.change(context) { change in
            let rows = try await change.transaction.query(
                Self.refused, .id(id), .timestamp(change.context.now))
            guard !rows.isEmpty else { return }
            let (line, reason): (JSONValue, JSONValue) = (
                .number(JSONNumber(Int64(fault.line))), .string(fault.reason)
            )
            change.audit("away.merge", id, outcome: .denied, detail: ["line": line, "reason": reason])
            change.emit(
                NewEvent(
                    .awayJournalRefused, subject: id,
                    ["journal": .string(id.description), "line": line, "reason": reason]))
        }
    }
}

// MARK: Events

extension AwayBeginning {
    fileprivate var event: NewEvent {
        NewEvent(
            .awayBegan, subject: journal,
            [
                "journal": .string(journal.description), "node_id": .string(node.description),
                "began_at": .string(at.description), "keys": .number(JSONNumber(Int64(keys))),
            ])
    }

    /// - Parameter ending: nil when the node died before it wrote one.
    fileprivate func ended(_ ending: AwayEnding?, uses: JSONValue) -> NewEvent {
        NewEvent(
            .awayEnded, subject: journal,
            [
                "journal": .string(journal.description), "node_id": .string(node.description),
                "began_at": .string(at.description),
                "ended_at": ending.map { .string($0.at.description) } ?? .null,
                "reason": .string(ending?.reason ?? "node_ended"), "uses": uses,
            ])
    }
}
