import Events
import JSON
import Jobs
import Kernel
import TestSupport
import Testing

@testable import Signals

struct FreshnessTests {
    private nonisolated(nonsending) func push(_ desk: Desk, _ count: Int64, every: Period) async throws {
        let newest = Interval.minute.open(at: desk.time.now) - .minutes(1)
        let rows = (0..<count).reversed().map { "A,1m,\(newest - every * Double($0)),1,2,1,1.5,1,true" }
        let head = "token,interval,open_time,open,high,low,close,volume,closed\n"
        let body = Array((head + rows.joined(separator: "\n")).utf8)
        #expect(try await desk.upload("source=x", body).json["refused"] == 0)
    }

    private nonisolated(nonsending) func judge(_ desk: Desk) async throws -> [String] {
        let jobs = SignalJobs(ledger: desk.ledger, analyst: desk.analyst).jobs
        let job = try #require(jobs.first { $0.name == "series-freshness" })
        let before = desk.events.count
        _ = try await job.run(.init(id: desk.ledger.newID(), context: testContext(at: desk.time.now)))
        return desk.events.dropFirst(before).map(\.type.name)
    }

    private nonisolated(nonsending) func shown(_ desk: Desk) async throws -> JSONValue? {
        try await desk.get("/v1/series").json["data"]?[0]
    }

    @Test func `a silence is told of once, and its end once`() async throws {
        try await Desk.with { _, desk in
            try await push(desk, 3, every: .minutes(1))
            #expect(try await judge(desk) == [])
            #expect(try await shown(desk)?["freshness"] == "live")
            desk.time.advance(.minutes(2))
            #expect(try await judge(desk) == [])
            desk.time.advance(.minutes(2))
            #expect(try await judge(desk) == ["series.stale"])
            #expect(try await judge(desk) == [])
            let stale = desk.events.last { $0.type == .seriesStale }
            #expect(try await shown(desk)?["freshness"] == "stale")
            #expect(try await shown(desk)?["stale_since"] == stale?.data["stale_since"])
            desk.time.advance(.minutes(10))
            try await push(desk, 1, every: .minutes(1))
            #expect(try await judge(desk) == ["series.resumed"])
            #expect(try await judge(desk) == [])
            let back = desk.events.last { $0.type == .seriesResumed }
            #expect(back?.data["stale_since"] == stale?.data["stale_since"])
            #expect((back?.data["silent_seconds"]?.asInt ?? 0) >= 600)
            #expect(try await shown(desk)?["stale_since"] == .null)
        }
    }

    @Test func `history that was uploaded at once is old, not late`() async throws {
        try await Desk.with { _, desk in
            let row = "A,1d,2024-01-01,1,2,1,1.5,1"
            let head = "token,interval,open_time,open,high,low,close,volume\n"
            _ = try await desk.upload("source=x", Array((head + row).utf8))
            #expect(try await judge(desk) == [])
            #expect(try await shown(desk)?["freshness"] == "history")
        }
    }
}
