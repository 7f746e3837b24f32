import Access
import EventLoop
import JSON
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Jobs

@Suite(.timeLimit(.minutes(2))) struct JobEndpointTests {
    private static func job(_ name: String) -> Job {
        Job(name, "Does \(name).", every: .hours(1)) { _ in JSONObject() }
    }

    private func withCaller(
        _ body: @Sendable (SchedulerBench, TestCaller, isolated Worker) async throws -> Void
    ) async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let bench = SchedulerBench(database, on: worker)
            let jobs = [Self.job("sweep"), Self.job("count")]
            let endpoints = JobEndpoints(jobs, book: bench.book, clock: bench.time.clock)
            try await body(bench, TestCaller(endpoints.operations), worker)
        }
    }

    @Test func `jobs are listed by name, with their schedules`() async throws {
        try await withCaller { _, caller, _ in
            let answer = try await caller.call("GET", "/v1/jobs", testContext())
            #expect(answer.status == 200)
            #expect(answer.json["data"]?.asArray?.map { $0["name"]?.asString } == ["count", "sweep"])
            let first = answer.json["data"]?[0]
            #expect(first?["schedule"] == ["every": "1h"])
            #expect(first?["timeout"] == "5m")
            #expect(first?["running"] == false)
            #expect(first?["last_run"] == .null)
            #expect(first?["next_run_at"] == "2026-01-05T08:00:00.000Z")
        }
    }

    @Test func `an unknown job is not found`() async throws {
        try await withCaller { _, caller, _ in
            for (method, path) in [
                ("GET", "/v1/jobs/x"), ("GET", "/v1/jobs/x/runs"), ("POST", "/v1/jobs/x/run"),
            ] {
                let answer = try await caller.call(method, path, testContext())
                #expect(answer.status == 404)
            }
        }
    }

    @Test func `a run by hand is begun once, done by a node, and recorded`() async throws {
        try await withCaller { bench, caller, worker in
            let context = testContext()
            let begun = try await caller.call("POST", "/v1/jobs/sweep/run", context)
            #expect(begun.status == 202)
            #expect(begun.json["trigger"] == "by_hand")
            #expect(begun.json["node"] == .null)
            #expect(begun.json["outcome"] == "running")
            #expect(begun.json["requested_by"]?.asString == context.actor.principal?.description)
            let again = try await caller.call("POST", "/v1/jobs/sweep/run", context)
            #expect(again.status == 409 && again.code == "conflict")
            let scheduler = bench.scheduler([Self.job("sweep")])
            scheduler.start(on: worker)
            try await bench.until { try await !bench.finishedRuns("sweep").isEmpty }
            await scheduler.stop()
            let job = try await caller.call("GET", "/v1/jobs/sweep", context)
            let runs = try await bench.runs("sweep")
            #expect(runs.contains { $0.trigger == .byHand && $0.outcome == .succeeded && $0.node != nil })
            #expect(job.json["running"] == false)
            #expect(job.json["last_run"]?["outcome"] == "succeeded")
            let audited = Statement("audited", "select resource from audit_item where action = 'jobs.run'")
            let rows = try await bench.database.query(audited)
            #expect(rows.map { $0.text(0) } == [begun.json["id"]?.asString])
        }
    }

    @Test func `runs are paged, newest first, and filtered by outcome`() async throws {
        try await withCaller { bench, caller, _ in
            let job = Self.job("count")
            try await bench.book.jobs.register([job], at: bench.time.now)
            for index in 0..<5 {
                let run = try #require(try await bench.book.claim(job, for: NodeID(UUID(high: 1, low: 1))))
                let ending: RunEnding = index == 2 ? .timedOut : .succeeded(JSONObject())
                try await bench.book.end("count", run.id, ending)
                bench.time.move(.hours(1))
            }
            var (seen, cursor): ([String], String?) = ([], nil)
            repeat {
                let suffix = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await caller.call("GET", "/v1/jobs/count/runs?limit=2\(suffix)", testContext())
                seen += page.json["data"]?.asArray?.compactMap { $0["started_at"]?.asString } ?? []
                cursor = page.json["next_cursor"]?.asString
            } while cursor != nil
            #expect(seen == seen.sorted(by: >) && seen.count == 5)
            let failed = try await caller.call("GET", "/v1/jobs/count/runs?outcome=timed_out", testContext())
            #expect(failed.json["data"]?.asArray?.count == 1)
            let wrong = try await caller.call("GET", "/v1/jobs/count/runs?cursor=MTp4", testContext())
            #expect(wrong.status == 400)
        }
    }
}
