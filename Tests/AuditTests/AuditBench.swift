import Access
import Audit
import Crypto
import EventLoop
import Events
import HTTPServer
import JSON
import Jobs
import Kernel
import Postgres
import TestSupport
import Testing

/// A ledger, a checkpointer and the endpoints on a database.
final class AuditBench {
    let database: Database
    let key: CheckpointKey
    let ledger: Ledger
    let checkpointer: Checkpointer
    let caller: TestCaller
    var now = Timestamp.testStart

    init(_ database: Database, on worker: isolated Worker) throws {
        self.database = database
        key = CheckpointKey(try Ed25519.SigningKey())
        ledger = Ledger(database: database, clock: .system, entropy: .system)
        checkpointer = Checkpointer(
            database, books: ledger, key: { [key] in key }, clock: .system, entropy: .system,
            reactor: worker.reactor,
            log: .silent)
        let endpoints = AuditEndpoints(
            database, books: ledger, checkpointer: checkpointer, key: { [key] in key }, clock: .system)
        caller = TestCaller(endpoints.operations)
    }

    /// Appends entries one by one, a microsecond and more apart.
    func append(_ count: Int, action: String = "keys.revoke", resource: String? = "key_1") async throws {
        for index in 0..<count {
            now = now + Period(microseconds: 1_001)
            try await ledger.change(testContext(at: now)) { change in
                change.audit(action, resource, detail: ["index": .number(JSONNumber(index))])
                if index % 3 == 0 { change.audit("keys.seen", nil as String?, outcome: .denied) }
            }
        }
    }

    /// What somebody with the database's password might do.
    func tamper(_ statement: Statement) async throws {
        let changed = try await database.transaction { try await $0.query(statement).affected }
        #expect(changed > 0)
    }

    func verify() async throws -> Verdict {
        try await DatabaseVerification(database).run(pin: CheckpointPin(key))
    }

    /// The bytes of an export.
    func export(_ query: String = "") async throws -> [UInt8] {
        let answer = try await caller.call("GET", "/v1/audit/export\(query)", testContext())
        guard answer.status == 200, case .stream(let write) = answer.response.body else {
            Issue.record("no export: \(answer.text)")
            return []
        }
        let sink = Sink()
        try await write(sink)
        return sink.bytes
    }

    private final class Sink: BodyWriter {
        var bytes: [UInt8] = []
        let isDraining = false

        nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(BodyError) { self.bytes += bytes }
        func onEnd(_ action: @escaping () -> Void) {}
    }
}

/// Runs `body` on a fresh migrated database.
func withAuditBench(_ body: @Sendable (AuditBench, isolated Worker) async throws -> Void) async throws {
    let scratch = try await ScratchDatabase.make()
    try await scratch.withDatabase { worker, database in
        try await body(AuditBench(database, on: worker), worker)
    }
}

func verifyExport(_ bytes: [UInt8], pin: CheckpointPin?, step: Int = 1_000) throws -> AuditReport {
    var rest = bytes[...]
    return try AuditVerifyCommand.verify(pin: pin) {
        let part = Array(rest.prefix(step))
        rest = rest.dropFirst(step)
        return part.isEmpty ? nil : part
    }
}
