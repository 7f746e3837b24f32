import Access
import Audit
import EventLoop
import Events
import JSON
import Jobs
import Kernel
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct RetentionTests {
    private static let january = Statement("january", "select ensure_partitions('2026-01-01', 2)")
    private static let usesOfJanuary = Statement(
        "uses_of_january", "select ensure_partition('usage_event', '2026-01-01')")
    private static let isDetached = Statement(
        "is_detached",
        "select not relispartition from pg_class where oid = to_regclass('usage_event_202601')")

    private func run(
        _ name: String, _ bench: AuditBench, at now: Timestamp, _ retention: AuditJobs.Retention = .init()
    ) async throws -> JSONObject {
        let clock = Clock(now: { now }, monotonicNanoseconds: Clock.system.monotonicNanoseconds)
        let jobs = AuditJobs(
            bench.database, checkpointer: bench.checkpointer, clock: clock, retention: retention)
        let job = try #require(jobs.jobs.first { $0.name == name })
        let id = RunID(UUID(at: now, entropy: .system))
        return try await job.run(JobRun(id: id, context: .installation(now: now, requestID: id.description)))
    }

    @Test func `partitions of months ahead are made once`() async throws {
        try await withAuditBench { bench, _ in
            let far = try #require(Timestamp("2031-05-20"))
            #expect(try await run("partitions", bench, at: far)["made"] == 12)
            #expect(try await run("partitions", bench, at: far)["made"] == 0)
        }
    }

    private static let far = Timestamp("2031-05-20")
    private static let others = Statement(
        "test_others",
        """
        select (select count(*) from event_other) + (select count(*) from audit_record_other)
            + (select count(*) from audit_item_other)
        """)

    private static let otherEvents = Statement(
        "test_other_events", "select count(*) from event_other where type = 'custom.audit.test'")

    /// Nobody ran for months: what wrote first found no table of its month.
    @Test func `a month's table is made beside rows that came before it, and takes them in`() async throws {
        try await withAuditBench { bench, _ in
            let far = try #require(Self.far)
            let type = try #require(EventType("custom.audit.test"))
            for day in [-60, -30, 0] {
                bench.now = far + .days(Int64(day))
                try await bench.append(5)
                try await bench.ledger.change(testContext(at: bench.now)) { change in
                    change.emit(NewEvent(type, subject: "a", data: JSONObject()))
                    change.audit("events.push", "a")
                }
            }
            let before = try await bench.database.query(Self.others).first?.int64(0)
            #expect((before ?? 0) >= 30)
            #expect(try await run("partitions", bench, at: far)["made"] == 16)
            // Events of months that are over wait for their end where they are.
            let left = try await bench.database.query(Self.others).first?.int64(0)
            #expect(try await bench.database.query(Self.otherEvents).first?.int64(0) == left)
            #expect(try await run("partitions", bench, at: far)["made"] == 0)
            _ = try await bench.checkpointer.take()
            let verdict = try await bench.verify()
            #expect(verdict.isIntact && verdict.entries == 18, "\(verdict.problems)")
            try await expectEnd(bench, at: far + .days(100))
        }
    }

    /// The trail goes by its months, and events from where they lie.
    private func expectEnd(_ bench: AuditBench, at later: Timestamp) async throws {
        _ = try await bench.export()
        let retention = AuditJobs.Retention(events: .days(60), audit: .days(60))
        let counts = try await run("retention", bench, at: later, retention)
        #expect((counts["audit_months"]?.asInt ?? 0) >= 3, "\(counts)")
        #expect((counts["other_events"]?.asInt ?? 0) >= 1 && (counts["event_months"]?.asInt ?? 0) >= 1)
        #expect(try await bench.database.query(Self.otherEvents).first?.int64(0) == 0)
        #expect(try await bench.verify().isIntact)
    }

    private static let hide = Statement("test_hide_event", "alter table event rename to event_away")
    private static let show = Statement("test_show_event", "alter table event_away rename to event")

    @Test func `a month that cannot be made keeps no other from being made`() async throws {
        try await withAuditBench { bench, _ in
            let far = try #require(Self.far)
            _ = try await bench.database.transaction { try await $0.query(Self.hide) }
            await #expect(throws: PostgresError.self) { _ = try await run("partitions", bench, at: far) }
            _ = try await bench.database.transaction { try await $0.query(Self.show) }
            #expect(try await run("partitions", bench, at: far)["made"] == 3)
        }
    }

    private static let waiting = Statement(
        "waiting",
        """
        select count(*) from pg_locks where not granted
            and database = (select oid from pg_database where datname = current_database())
        """)

    /// The event is written, the audit entry is not: where a change and the making of several tables at once
    /// waited for each other.
    @Test func `partitions are made beside a change that is under way`() async throws {
        try await withAuditBench { bench, worker in
            let far = try #require(Timestamp("2031-05-20"))
            var outcome: Result<JSONObject, any Error>?
            bench.ledger.react { _, _ in
                worker.spawn {
                    do {
                        outcome = .success(try await self.run("partitions", bench, at: far))
                    } catch {
                        outcome = .failure(error)
                    }
                }
                // No longer than until it waits: it has two seconds for a lock.
                for _ in 0..<50 {
                    if try await bench.database.query(Self.waiting).first?.int64(0) != 0 { break }
                    await worker.reactor.sleep(nanoseconds: 20_000_000)
                }
                return nil
            }
            let type = try #require(EventType("custom.audit.test"))
            try await bench.ledger.change(testContext()) { change in
                change.emit(NewEvent(type, subject: "a", data: JSONObject()))
                change.audit("events.push", "a")
            }
            while outcome == nil { await worker.reactor.sleep(nanoseconds: 5_000_000) }
            // Those of the month of the change itself, too.
            #expect((try outcome?.get()["made"]?.asInt ?? 0) >= 12)
        }
    }

    @Test func `a month of the trail goes only when an exported checkpoint covers it`() async throws {
        try await withAuditBench { bench, _ in
            try await bench.tamper(Self.january)
            try await bench.tamper(Self.usesOfJanuary)
            try await bench.append(20)
            let later = Timestamp.testStart + .days(200)
            let retention = AuditJobs.Retention(events: .days(90), audit: .days(90))
            _ = try await bench.checkpointer.take()
            let before = try await run("retention", bench, at: later, retention)
            #expect(before["audit_months"] == 0 && before["use_months"] == 0)
            _ = try await bench.export()
            let counts = try await run("retention", bench, at: later, retention)
            #expect((counts["audit_months"]?.asInt ?? 0) > 0)
            // They stay, to be archived.
            #expect(counts["use_months"] == 1)
            #expect(try await bench.database.query(Self.isDetached).first?.bool(0) == true)
            let verdict = try await bench.verify()
            #expect(verdict.isIntact, "\(verdict.problems)")
            #expect(verdict.entries == 0)
            bench.now = later
            try await bench.append(3)
            let after = try verifyExport(await bench.export(), pin: CheckpointPin(bench.key))
            #expect(after.exitCode == 0, "\(after.text)")
        }
    }

    @Test func `old keys and runs are removed, young ones stay`() async throws {
        try await withAuditBench { bench, _ in
            let old = Statement(
                "old",
                """
                insert into idempotency_key (principal, method, path, key, body_digest, created_at)
                select gen_random_uuid(), 'POST', '/', n::text, '',
                    '2026-01-01'::timestamptz + n * interval '1 hour'
                from generate_series(1, 2000) as n
                """)
            try await bench.tamper(old)
            let now = try #require(Timestamp("2026-01-01")) + .hours(2_000)
            let counts = try await run("retention", bench, at: now)
            #expect(counts["idempotency_keys"] == 1_975)
            let oldIDs = Statement(
                "old_ids",
                """
                insert into own_event_id (principal, id, digest, created_at)
                select gen_random_uuid(), n::text, '', '2026-01-01'::timestamptz + n * interval '1 hour'
                from generate_series(1, 2000) as n
                """)
            try await bench.tamper(oldIDs)
            let after = try await run("retention", bench, at: now)
            #expect(after["event_ids"] == 1_831)
        }
    }
}
