import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Identity

@Suite(.serialized) struct ServiceAccountDateTests {
    private static let end = Timestamp.testStart + .days(30)

    private func run(_ name: String, _ house: House, at now: Timestamp) async throws {
        let dates = ServiceAccountDates(ledger: house.ledger, unusedAfter: .days(30))
        let job = try #require(dates.jobs.first { $0.name == name })
        let context = Context.installation(now: now, requestID: "run_test")
        _ = try await job.run(JobRun(id: house.ledger.newID(), context: context))
    }

    private func stages(_ house: House) async throws -> [String] {
        try await house.events().filter { $0.type == "service_account.expiring" }
            .compactMap { $0.data["stage"]?.asString }
    }

    @Test func `one with an end is spoken of in time, refused from then on, and disabled`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let made = try await house.caller.call(
                "POST", "/v1/service-accounts", owner,
                body: #"{"name":"mm","purpose":"a","role":"bot","expires_at":"\#(Self.end)"}"#)
            #expect(made.json["expires_at"]?.asString == Self.end.description, "\(made.text)")
            let id = made.json["id"]?.asString ?? ""
            let token = AccessTokenSecret.of(
                try await house.caller.call(
                    "POST", "/v1/access-tokens", owner, body: #"{"name":"a","principal_id":"\#(id)"}"#
                ).json)
            for (left, said) in [(20, []), (14, ["14d"]), (13, ["14d"]), (2, ["14d", "3d"])] {
                try await run("service-account-expiry", house, at: Self.end - .days(Int64(left)))
                #expect(try await stages(house) == said, "\(left)")
            }
            guard case .caller = try await house.outcome(token, at: Self.end - .seconds(1)),
                case .refused(let refusal) = try await house.outcome(token, at: Self.end)
            else {
                Issue.record("its end is not where it should be")
                return
            }
            #expect(refusal.reason == .principalDisabled)
            for _ in 0..<2 { try await run("service-account-expiry", house, at: Self.end + .minutes(1)) }
            #expect(try await stages(house) == ["14d", "3d", "expired"])
            let path = "/v1/service-accounts/\(id)"
            let gone = try await house.caller.call("GET", path, owner)
            #expect(gone.json["status"] == "disabled" && gone.json["disable_reason"] == "it has lapsed")
            var after = owner
            after.now = Self.end + .hours(1)
            let again = try await house.caller.call("POST", "\(path)/enable", after)
            let year = (after.now + .days(365)).description
            #expect(again.json["expires_at"]?.asString == year, "\(again.text)")
            let later = Self.end + .days(60)
            let moved = try await house.caller.call(
                "PATCH", path, owner, headers: [("if-match", "*")], body: #"{"expires_at":"\#(later)"}"#)
            #expect(moved.json["expires_at"]?.asString == later.description, "\(moved.text)")
            let past = try await house.caller.call(
                "PATCH", path, owner, headers: [("if-match", "*")],
                body: #"{"expires_at":"2020-01-01T00:00:00Z"}"#)
            #expect(past.pointers == ["/expires_at"])
        }
    }

    @Test func `one says what it is for, and ends after a year unless it is said otherwise`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            func make(_ name: String, _ more: String) async throws -> TestAnswer {
                try await house.caller.call(
                    "POST", "/v1/service-accounts", owner, body: #"{"name":"\#(name)"\#(more)}"#)
            }
            for (more, wrong) in [
                ("", "/purpose"), (#","purpose":null"#, "/purpose"), (#","purpose":"  ""#, "/purpose"),
                (#","purpose":"a","expires_at":"soon""#, "/expires_at"),
            ] {
                let refused = try await make("no", more)
                #expect(refused.status == 422 && refused.pointers == [wrong], "\(refused.text)")
            }
            let end = (Timestamp.testStart + .days(365)).description
            for more in ["", #","expires_at":null"#] {
                let made = try await make("a\(more.count)", #","purpose":"a"\#(more)"#)
                #expect(made.json["expires_at"]?.asString == end, "\(made.text)")
            }
            let made = try await make("for good", #","purpose":"a","expires_at":"never""#)
            #expect(made.status == 201 && made.json["expires_at"] == .null, "\(made.text)")
            let path = "/v1/service-accounts/\(made.json["id"]?.asString ?? "")"
            func change(_ body: String) async throws -> TestAnswer {
                try await house.caller.call(
                    "PATCH", path, owner, headers: [("if-match", "*")], body: body)
            }
            let ended = try await change(#"{"expires_at":"\#(Self.end)"}"#)
            #expect(ended.json["expires_at"]?.asString == Self.end.description, "\(ended.text)")
            #expect(try await change(#"{"expires_at":"never"}"#).json["expires_at"] == .null)
            #expect(try await change(#"{"purpose":null}"#).pointers == ["/purpose"])
            #expect(try await change(#"{"purpose":""}"#).pointers == ["/purpose"])
        }
    }

    @Test func `one that nobody uses is told once, and found by a filter`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            _ = try await house.caller.call(
                "POST", "/v1/service-accounts", owner,
                body: #"{"name":"idle","purpose":"a","role":"bot"}"#)
            func told() async throws -> Int {
                try await house.events().count { $0.type == "service_account.unused" }
            }
            try await run("service-account-unused", house, at: .testStart + .days(29))
            #expect(try await told() == 0)
            for day in [31, 32, 90] {
                try await run("service-account-unused", house, at: .testStart + .days(Int64(day)))
            }
            #expect(try await told() == 1)
            func found(_ query: String) async throws -> Int? {
                let page = try await house.caller.call("GET", "/v1/service-accounts?\(query)", owner)
                return page.json["data"]?.asArray?.count
            }
            #expect(try await found("unused_since=\(Timestamp.testStart + .days(1))") == 1)
            #expect(try await found("unused_since=\(Timestamp.testStart)") == 0)
        }
    }

    @Test func `one whose owner is gone is found by a filter`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let other = try await house.join("other", .admin, by: owner)
            let id = other.actor.principal?.description ?? ""
            _ = try await house.caller.call(
                "POST", "/v1/service-accounts", owner,
                body: #"{"name":"orphan","purpose":"a","owner_id":"\#(id)"}"#)
            func orphans() async throws -> Int? {
                let page = try await house.caller.call("GET", "/v1/service-accounts?orphaned=true", owner)
                return page.json["data"]?.asArray?.count
            }
            #expect(try await orphans() == 0)
            _ = try await house.caller.call("POST", "/v1/users/\(id)/disable", owner)
            #expect(try await orphans() == 1)
        }
    }
}
