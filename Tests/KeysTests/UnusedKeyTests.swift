import Access
import Events
import JSON
import Jobs
import Kernel
import Testing
import TestSupport

@testable import Keys

struct UnusedKeyTests {
    @Test func `a key that nobody uses is told once, and again when it was used and rests anew`() async throws
    {
        try await KeyDesk.run { desk in
            let idle = try await desk.register("idle")
            _ = try await desk.register("busy")
            let (first, second) = (try await desk.id("idle"), try await desk.id("busy"))
            var uses: [ExchangeKeyID: Timestamp] = [:]
            func told(after days: Int64) async throws -> Int {
                desk.time.move(.days(days))
                uses[second] = desk.time.now
                let job = UnusedKeys(book: desk.book, unusedAfter: .days(30)) { [uses] _, _ in uses }.job
                let context = Context.installation(now: desk.time.now, requestID: "job")
                _ = try await job.run(JobRun(id: desk.ledger.newID(), context: context))
                return try await desk.events().count { $0.type == "key.unused" }
            }
            #expect(try await told(after: 29) == 0)
            #expect(try await told(after: 2) == 1)
            #expect(try await told(after: 60) == 1)
            uses[first] = desk.time.now
            #expect(try await told(after: 29) == 1)
            #expect(try await told(after: 2) == 2)
            let last = try await desk.events().last { $0.type == "key.unused" }
            #expect(last?.data["label"] == "idle" && last?.data["days"] == 31)
            #expect(last?.data["last_used_at"]?.asString == (desk.time.now - .days(31)).description)
            let suspended = try await desk.call("POST", "\(idle)/suspend", #"{"reason": "r"}"#)
            #expect(suspended.status == 200, "\(suspended.text)")
            uses[first] = desk.time.now
            #expect(try await told(after: 40) == 2)
        }
    }
}

extension KeyDesk {
    fileprivate func id(_ label: String) async throws -> ExchangeKeyID {
        let page = try await call("GET", "/v1/keys").json["data"]?.asArray ?? []
        let id = page.first { $0["label"]?.asString == label }?["id"]?.asString
        return try #require(id.flatMap { ExchangeKeyID($0) })
    }
}
