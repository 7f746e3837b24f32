import Access
import Events
import HTTPServer
import JSON
import Jobs
import Kernel
import TestSupport
import Testing

@testable import Identity

struct GrantJobTests {
    @Test func `what lapsed is listed for 30 days, and then it is gone`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let user = try await house.join("anna", nil, by: owner).actor.principal?.description ?? ""
            try await house.grant(user, "bot", until: owner.now + .hours(1), by: owner)
            try await house.grant(user, "trader", until: owner.now + .days(5), by: owner)
            try await house.grant(user, "auditor", by: owner)
            let job = try #require(GrantJobs(ledger: house.ledger).jobs.first)
            for (after, roles) in [
                (Period.days(20), ["auditor", "trader", "bot"]), (.days(31), ["auditor", "trader"]),
                (.days(36), ["auditor"]),
            ] {
                let now = owner.now + after
                let run = JobRun(
                    id: house.ledger.newID(), context: .installation(now: now, requestID: "job"))
                _ = try await job.run(run)
                let list = try await house.caller.call("GET", "/v1/grants?principal_id=\(user)", owner).json
                let left = list["data"]?.asArray?.compactMap { $0["role"]?.asString }
                #expect(Set(left ?? []) == Set(roles), "\(after)")
            }
        }
    }
}
