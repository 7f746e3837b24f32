import Access
import Audit
import Crypto
package import EventLoop
package import Events
import JSON
package import Jobs
import Kernel
import Postgres

/// Moves everything sealed to the newest generation, in small committed steps, and then removes the older
/// ones with a proof that nothing hangs on them.
package struct Rewrap {
    package static let jobName = "rewrap"
    /// Rows of one transaction: a millisecond or two of row locks. With 200, reads beside it waited for it.
    static let stepRows = 20
    /// Between two steps, so that requests come first.
    private static let pause: Period = .milliseconds(10)
    /// Between two looks at nodes that have to load the generation.
    private static let wait: Period = .milliseconds(250)

    /// Rows that are told one by one; with more, somebody has to look before anything goes on.
    private static let blockedAtMost = 200

    private let ledger: Ledger
    private let custodian: Custodian
    private let states: KeyStates
    private let reactor: Reactor

    package init(ledger: Ledger, custodian: Custodian, states: KeyStates, reactor: Reactor) {
        (self.ledger, self.custodian, self.states, self.reactor) = (ledger, custodian, states, reactor)
    }

    package var job: Job {
        Job(
            Self.jobName, "Moves what is sealed to a new key-encryption key, while one is being rotated.",
            every: .minutes(1), timeout: .hours(12), run: run)
    }

    nonisolated(nonsending) func run(_ run: JobRun) async throws -> JSONObject {
        var total = 0
        var result = JSONObject()
        if let rekeying = try await Rekeying.newest(in: ledger.database), rekeying.isOpen {
            var blocked: [BlockedRow] = []
            while !run.isOver, custodian.seal.isOpen {
                let step = try await step(rekeying.generation, past: blocked)
                total += step?.moved ?? 0
                if let step, !step.blocked.isEmpty {
                    blocked += step.blocked
                    try await tell(blocked, rekeying.generation)
                    guard blocked.count < Self.blockedAtMost else {
                        throw BlockedRows(rows: blocked, isAllElseMoved: false)
                    }
                }
                if step?.isLast == true {
                    guard blocked.isEmpty else { throw BlockedRows(rows: blocked, isAllElseMoved: true) }
                    if try await finish(rekeying.generation) { break }
                }
                let isMoving = step?.moved ?? 0 > 0
                await reactor.sleep(nanoseconds: (isMoving ? Self.pause : Self.wait).nanoseconds)
            }
        }
        _ = result.append("rewrapped", .number(JSONNumber(total)))
        return result
    }

    /// nil: this node does not have the generation yet.
    nonisolated(nonsending) func step(
        _ generation: Int, past blocked: [BlockedRow] = []
    ) async throws -> RewrapStep? {
        let keyring = try custodian.seal.opened().keyring
        guard keyring.currentGeneration == generation else { return nil }
        return try await ledger.database.transaction { transaction in
            var step = RewrapStep()
            for column in SealedColumn.all where step.moved == 0 {
                let (moved, stuck) = try await column.rewrap(
                    by: keyring, limit: Self.stepRows, past: blocked.ids(in: column),
                    on: custodian.offLoop, in: transaction)
                step.moved = moved
                step.blocked += stuck.map { BlockedRow(column: column.name, id: $0) }
                if moved > 0, column.isConfiguration { try await Authority.configure(in: transaction) }
            }
            if step.moved == 0 { step.moved = try await states.retag(transaction, keyring, Self.stepRows) }
            if step.moved > 0 { try await Rekeying.advance(generation, by: step.moved, in: transaction) }
            return step
        }
    }

    /// Rows that cannot be moved, each once a rotation, whichever nodes meet it however often.
    private nonisolated(nonsending) func tell(_ blocked: [BlockedRow], _ generation: Int) async throws {
        let context = Context.installation(now: ledger.clock.now(), requestID: Self.jobName)
        try await ledger.change(context) { change in
            let told = try await Rekeying.lockBlocked(generation, in: change.transaction)
            let fresh = blocked.filter { !told.contains($0.description) }
            guard !fresh.isEmpty else { return }
            try await Rekeying.setBlocked(
                generation, told + fresh.map(\.description), in: change.transaction)
            for row in fresh {
                let data: JSONValue = ["found_in": .string(row.column), "row": .string(row.id)]
                change.audit("system.sealed_value_tampered", row.description, outcome: .denied, detail: data)
                change.emit(
                    NewEvent(
                        .sealedValueTampered, subject: nil as NodeID?, data: data.asObject ?? JSONObject()))
            }
        }
    }

    /// False: a node does not have the generation yet, or something came in under an older one.
    nonisolated(nonsending) func finish(_ generation: Int) async throws -> Bool {
        let now = ledger.clock.now()
        let context = Context.installation(now: now, requestID: Self.jobName)
        do {
            return try await ledger.change(context) { change in
                let transaction = change.transaction
                _ = try await KeyEncryptionKeys.lock(in: transaction)
                let counts = try await Rekeying.remaining(below: generation, in: transaction)
                let lagging = try await Rekeying.lagging(behind: generation, at: now, in: transaction)
                guard let rekeying = try await Rekeying.newest(in: transaction), rekeying.isOpen,
                    lagging.isEmpty, counts.allSatisfy({ $0.count == 0 })
                else { return false }
                try await Rekeying.finish(
                    generation, proof: Self.proof(counts), at: now, in: transaction)
                try await SealOrder.tell(in: transaction)
                tell(rekeying, change)
                return true
            }
        } catch PostgresError.server(let error) where error.sqlState == Self.foreignKeyViolation {
            return false
        }
    }

    /// Something was sealed under the old generation between counting and removing it.
    private static let foreignKeyViolation = "23503"

    private func tell(_ rekeying: Rekeying, _ change: Change) {
        let fields: [(String, JSONValue)] = [
            ("generation", .number(JSONNumber(rekeying.generation))),
            ("rewrapped", .number(JSONNumber(rekeying.rewrapped))),
        ]
        var data = JSONObject()
        for (name, value) in fields { _ = data.append(name, value) }
        change.audit("system.finish_key_encryption_key", nil as NodeID?, detail: .object(data))
        change.emit(NewEvent(.keyEncryptionKeyRotated, subject: nil as NodeID?, data: data))
    }

    private static func proof(_ counts: [(name: String, count: Int64)]) -> [UInt8] {
        var w = JSONWriter()
        w.object { w in for (name, count) in counts { w.field(name, count) } }
        return w.bytes
    }
}
