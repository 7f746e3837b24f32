import Access
import Audit
import EventLoop
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct AuditDatabaseTests {
    @Test func `what PostgreSQL chains, we verify; checkpoints are taken up`() async throws {
        try await withAuditBench { bench, _ in
            #expect(try await bench.checkpointer.take() == nil)
            for _ in 0..<3 {
                try await bench.append(5)
                #expect(try await bench.checkpointer.take() != nil)
                // Nothing was appended since.
                #expect(try await bench.checkpointer.take() == nil)
            }
            try await bench.append(2)
            let verdict = try await bench.verify()
            #expect(verdict.isIntact, "\(verdict.problems)")
            #expect(verdict.entries == 17 && verdict.checkpoints == 3)
            let told = Statement(
                "told", "select data from event where type = 'audit.checkpointed' order by xid, id")
            let events = try await bench.database.query(told).map { try JSONValue.parse($0.json(0)) }
            #expect(events.map { $0["entries"]?.asInt } == [5, 10, 15])
            #expect(events.last?["signed_by"]?.asString == bench.key.id.description)
        }
    }

    @Test func `appends at once go on side by side and stay chained`() async throws {
        try await withAuditBench { bench, worker in
            let tasks = (0..<4).map { _ in
                Task {
                    _ = worker; try await bench.append(10)
                }
            }
            for _ in 0..<5 { _ = try await bench.checkpointer.take() }
            for task in tasks { try await task.value }
            _ = try await bench.checkpointer.take()
            let verdict = try await bench.verify()
            #expect(verdict.isIntact, "\(verdict.problems)")
            #expect(verdict.entries == 40)
        }
    }

    private static let tamperings: [(kind: Verdict.Problem.Kind, sequence: Int64?, statement: Statement)] = [
        (
            .tampered, 4,
            Statement("t1", "update audit_record set body = body || ' '::bytea where sequence = 4")
        ),
        (
            .tampered, 4,
            Statement("t2", "update audit_record set at = at + interval '1 us' where sequence = 4")
        ),
        (
            .tampered, 4,
            Statement("t3", "update audit_item set actor = 'usr_x' where sequence = 4 and item = 0")
        ),
        (.tampered, 4, Statement("t4", "delete from audit_item where sequence = 4")),
        (.missing, 4, Statement("t5", "delete from audit_record where sequence = 4")),
        (.truncated, 8, Statement("t6", "delete from audit_record where sequence >= 8")),
        (.laneMissing, 1, Statement("t7", "delete from audit_record where lane >= 0")),
        (
            .reordered, 4,
            Statement("t8", "update audit_record set sequence = 9 - sequence where sequence in (4, 5)")
        ),
        (
            .badSignature, nil,
            Statement("t9", "update audit_checkpoint set signature = decode(repeat('00', 64), 'hex')")
        ),
        (
            .badCheckpoint, nil,
            Statement("t10", "update audit_checkpoint set body = body || ' x'::bytea where number = 1")
        ),
        (.badCheckpoint, nil, Statement("t11", "delete from audit_checkpoint where number = 1")),
    ]

    @Test(arguments: 0..<11) func `tampering in the database is found`(_ index: Int) async throws {
        try await withAuditBench { bench, _ in
            for _ in 0..<2 {
                try await bench.append(5)
                _ = try await bench.checkpointer.take()
            }
            let (kind, sequence, statement) = Self.tamperings[index]
            try await bench.tamper(statement)
            let first = try await bench.verify().problems.first
            #expect(first?.kind == kind && first?.sequence == sequence, "\(String(describing: first))")
        }
    }

    @Test func `soon takes one checkpoint for all that ask`() async throws {
        try await withAuditBench { bench, worker in
            bench.checkpointer.start(on: worker)
            try await bench.append(1)
            for _ in 0..<10 { bench.checkpointer.soon() }
            while try await bench.verify().checkpoints == 0 {
                await worker.reactor.sleep(nanoseconds: 2_000_000)
            }
            bench.checkpointer.stop()
            #expect(try await bench.verify().checkpoints == 1)
        }
    }

    @Test func `an export verifies without the database, whole and in part`() async throws {
        try await withAuditBench { bench, _ in
            try await bench.append(700)
            #expect(try await !bench.checkpointer.store.hasExported())
            let bytes = try await bench.export()
            #expect(try await bench.checkpointer.store.hasExported())
            let report = try verifyExport(bytes, pin: CheckpointPin(bench.key))
            #expect(report.exitCode == 0, "\(report.text)")
            // The export itself is recorded, and covered by its own checkpoint.
            #expect(report.verdict.entries == 701 && report.verdict.checkpoints == 1)
            #expect(report.text.contains("chain intact") && report.text.contains("signed by kck_"))
            let from = (Timestamp.testStart + .milliseconds(300)).description
            let part = try verifyExport(await bench.export("?from=\(from)"), pin: nil)
            #expect(part.exitCode == 0, "\(part.text)")
            #expect(part.verdict.entries < 500 && !part.verdict.isComplete)
            let early = try verifyExport(await bench.export("?to=\(from)"), pin: nil)
            #expect(early.exitCode == 0, "\(early.text)")
        }
    }

    @Test func `an export that was cut, or is none, is refused`() async throws {
        try await withAuditBench { bench, _ in
            try await bench.append(50)
            let bytes = try await bench.export()
            #expect(throws: ExportVerification.Refusal.cutOff) {
                try verifyExport(Array(bytes.dropLast(10)), pin: nil)
            }
            #expect(throws: ExportVerification.Refusal.notAnExport) {
                try verifyExport(Array("{\"kind\":\"entry\"}\n".utf8), pin: nil)
            }
            #expect(throws: ExportVerification.Refusal.notAnExport) { try verifyExport([], pin: nil) }
        }
    }
}
