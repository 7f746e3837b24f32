import Access
import EventLoop
import JSON
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Jobs

/// Somebody fails on purpose.
private struct Mishap: Error, CustomStringConvertible {
    var description: String { "the disk is full" }
}

@Suite(.timeLimit(.minutes(2))) struct SchedulerTests {
    /// Runs `body` on a fresh migrated database.
    private func withBench(
        _ body: @Sendable (SchedulerBench, isolated Worker) async throws -> Void
    ) async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            try await body(SchedulerBench(database, on: worker), worker)
        }
    }

    @Test func `a due job runs, and its run says what it did`() async throws {
        try await withBench { bench, worker in
            let job = Job("count", "Counts.", every: .minutes(5)) { _ in
                var result = JSONObject()
                _ = result.append("sheep", 3)
                return result
            }
            let scheduler = bench.scheduler([job])
            scheduler.start(on: worker)
            try await bench.until { try await bench.finishedRuns("count").count == 1 }
            await scheduler.stop()
            let run = try await bench.runs("count")[0]
            #expect(run.outcome == .succeeded && run.trigger == .schedule && run.node != nil)
            #expect(String(decoding: run.result, as: UTF8.self).contains("3"))
            let state = try await bench.book.jobs.states(["count"])["count"]
            #expect(state == JobState(phase: .idle, nextRunAt: .testStart + .minutes(5)))
            #expect(try await bench.failures().isEmpty)
        }
    }

    @Test func `runs that were missed run once`() async throws {
        try await withBench { bench, worker in
            let scheduler = bench.scheduler([Job("tick", "Ticks.", every: .minutes(1)) { _ in JSONObject() }])
            scheduler.start(on: worker)
            try await bench.until { try await bench.finishedRuns("tick").count == 1 }
            bench.time.move(.minutes(30))
            scheduler.wake()
            try await bench.until { try await bench.finishedRuns("tick").count == 2 }
            scheduler.wake()
            await scheduler.stop()
            #expect(try await bench.runs("tick").count == 2)
        }
    }

    @Test func `while it is paused nothing is taken, and what runs is told to return; then it goes on`()
        async throws
    {
        try await withBench { bench, worker in
            nonisolated final class Switch { var (isPaused, returned) = (false, 0) }
            let state = Switch()
            let long = Job("long", "Runs until it is told to return.", every: .minutes(5)) { run in
                while !run.isOver { await bench.reactor.sleep(nanoseconds: 2_000_000) }
                state.returned += 1
                return JSONObject()
            }
            let scheduler = bench.scheduler([long], isPaused: { state.isPaused })
            scheduler.start(on: worker)
            try await bench.until { try await bench.runs("long").count == 1 }
            state.isPaused = true
            scheduler.wake()
            try await bench.until { state.returned == 1 }
            try await bench.until { try await bench.finishedRuns("long").count == 1 }
            bench.time.move(.minutes(30))
            for _ in 0..<20 {
                scheduler.wake()
                await bench.reactor.sleep(nanoseconds: 5_000_000)
            }
            #expect(try await bench.runs("long").count == 1)
            state.isPaused = false
            scheduler.wake()
            try await bench.until { try await bench.runs("long").count == 2 }
            await scheduler.stop()
            #expect(state.returned == 2)
            #expect(try await bench.failures().isEmpty)
        }
    }

    @Test func `two schedulers never run a job at the same time, nor twice`() async throws {
        try await withBench { bench, worker in
            nonisolated final class Tally { var (running, most, total) = (0, 0, 0) }
            let tally = Tally()
            let job = Job("alone", "Must be alone.", every: .seconds(1)) { _ in
                tally.running += 1
                tally.total += 1
                tally.most = max(tally.most, tally.running)
                await bench.reactor.sleep(nanoseconds: 3_000_000)
                tally.running -= 1
                return JSONObject()
            }
            let schedulers = [bench.scheduler([job], node: 1), bench.scheduler([job], node: 2)]
            for scheduler in schedulers { scheduler.start(on: worker) }
            for round in 1...20 {
                try await bench.until { try await bench.finishedRuns("alone").count == round }
                bench.time.move(.seconds(1))
                for scheduler in schedulers { scheduler.wake() }
            }
            try await bench.until { try await bench.finishedRuns("alone").count == 21 }
            for scheduler in schedulers { await scheduler.stop() }
            #expect(tally.most == 1)
            #expect(tally.total == 21)
            #expect(try await bench.runs("alone").count == 21)
        }
    }

    @Test func `a killed node's run is abandoned, told, and made up for`() async throws {
        try await withBench { bench, worker in
            let job = Job("daily", "Once a day.", every: .days(1)) { _ in JSONObject() }
            try await bench.book.jobs.register([job], at: bench.time.now)
            // The node that takes it is never heard of again.
            let lost = try await bench.book.claim(job, for: NodeID(UUID(high: 9, low: 9)))
            #expect(lost != nil)
            let scheduler = bench.scheduler([job])
            scheduler.start(on: worker)
            bench.time.move(RunBook.leaseLength)
            scheduler.wake()
            try await bench.until { try await bench.finishedRuns("daily").count == 2 }
            await scheduler.stop()
            #expect(try await bench.runs("daily").map(\.outcome) == [.succeeded, .abandoned])
            let failure = try await bench.failures()[0]
            #expect(failure["outcome"] == "abandoned")
            #expect(failure["run_id"]?.asString == lost?.id.description)
            #expect(failure["milliseconds"]?.asInt == 30_000)
        }
    }

    @Test func `what a lost node reports later changes nothing`() async throws {
        try await withBench { bench, _ in
            let job = Job("late", "Comes late.", every: .days(1)) { _ in JSONObject() }
            try await bench.book.jobs.register([job], at: bench.time.now)
            let first = try await bench.book.claim(job, for: NodeID(UUID(high: 9, low: 9)))
            bench.time.move(RunBook.leaseLength)
            let nobody = try await bench.book.claim(job, for: NodeID(UUID(high: 8, low: 8)))
            #expect(nobody == nil)
            let second = try await bench.book.claim(job, for: NodeID(UUID(high: 8, low: 8)))
            try await bench.book.end("late", #require(first).id, .succeeded(JSONObject()))
            #expect(try await bench.runs("late").map(\.outcome) == [.running, .abandoned])
            let state = try await bench.book.jobs.states(["late"])["late"]
            #expect(state?.run == second?.id)
        }
    }

    @Test func `a lease is renewed while its run goes on`() async throws {
        try await withBench { bench, worker in
            let gate = Wakeup()
            let job = Job("long", "Takes long.", every: .days(1), timeout: .hours(1)) { _ in
                await gate.wait()
                return JSONObject()
            }
            let owner = bench.scheduler([job], node: 1)
            owner.start(on: worker)
            try await bench.until { try await bench.runs("long").count == 1 }
            for _ in 0..<4 {
                bench.time.move(.seconds(15))
                let now = bench.time.now
                owner.wake()
                try await bench.until {
                    try await bench.book.jobs.states(["long"])["long"].map {
                        $0.dueAt(now) > now + .seconds(20)
                    } == true
                }
                let rival = try await bench.book.claim(job, for: NodeID(UUID(high: 2, low: 2)))
                #expect(rival == nil)
            }
            gate.wake()
            await owner.stop()
            #expect(try await bench.runs("long").map(\.outcome) == [.succeeded])
        }
    }

    @Test func `failures are counted in a row and told as events`() async throws {
        try await withBench { bench, worker in
            let scheduler = bench.scheduler([
                Job("fail", "Fails.", every: .minutes(1)) { _ in throw Mishap() }
            ])
            scheduler.start(on: worker)
            try await bench.until { try await bench.finishedRuns("fail").count == 1 }
            bench.time.move(.minutes(1))
            scheduler.wake()
            try await bench.until { try await bench.finishedRuns("fail").count == 2 }
            await scheduler.stop()
            let failures = try await bench.failures()
            #expect(failures.map { $0["failures"]?.asInt } == [1, 2])
            #expect(failures[0]["error"] == "the disk is full")
            #expect(failures[0]["outcome"] == "failed")
            #expect(try await bench.runs("fail")[0].error == "the disk is full")
        }
    }

    @Test func `a run that takes too long is told to return, and recorded as timed out`() async throws {
        try await withBench { bench, worker in
            let job = Job("slow", "Too slow.", every: .days(1), timeout: .milliseconds(20)) { run in
                while !run.isOver { await bench.reactor.sleep(nanoseconds: 1_000_000) }
                return JSONObject()
            }
            let scheduler = bench.scheduler([job])
            scheduler.start(on: worker)
            try await bench.until { try await bench.finishedRuns("slow").count == 1 }
            await scheduler.stop()
            #expect(try await bench.runs("slow").map(\.outcome) == [.timedOut])
            #expect(try await bench.failures().map { $0["outcome"]?.asString } == ["timed_out"])
        }
    }

    @Test func `stopping tells runs to return and waits for their end`() async throws {
        try await withBench { bench, worker in
            let job = Job("steps", "Goes step by step.", every: .days(1)) { run in
                while !run.isOver { await bench.reactor.sleep(nanoseconds: 1_000_000) }
                return JSONObject()
            }
            let scheduler = bench.scheduler([job])
            scheduler.start(on: worker)
            try await bench.until { try await bench.runs("steps").count == 1 }
            await scheduler.stop()
            #expect(try await bench.runs("steps").map(\.outcome) == [.succeeded])
        }
    }
}
