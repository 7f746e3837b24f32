import Access
import Crypto
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

@Suite(.serialized) struct AccessTokenRotationTests {
    private nonisolated(nonsending) func issue(
        _ house: House, _ body: String, by caller: Context
    ) async throws -> JSONValue {
        try await house.caller.call("POST", "/v1/access-tokens", caller, body: body).json
    }

    private nonisolated(nonsending) func rotate(
        _ house: House, _ token: JSONValue, _ body: String = "", by caller: Context
    ) async throws -> TestAnswer {
        let path = "/v1/access-tokens/\(token["id"]?.asString ?? "")/rotate"
        return try await house.caller.call("POST", path, caller, body: body)
    }

    private nonisolated(nonsending) func works(
        _ house: House, _ token: JSONValue, after period: Period = .seconds(0)
    ) async throws -> Bool {
        if case .caller = try await house.outcome(AccessTokenSecret.of(token), at: .testStart + period) {
            return true
        }
        return false
    }

    @Test func `a rotated token has a successor like it, and dies when the overlap is over`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let key = try Ed25519.SigningKey().publicKey
            let old = try await issue(
                house,
                """
                {"name":"mm","scopes":["keys:read"],"cidrs":["10.0.0.0/8"],"idle_expires_after":"30d",
                "expires_at":"2027-01-01T00:00:00Z","public_key":"\(Base64.encode(key.bytes))"}
                """, by: owner)
            let epoch = try await house.epoch()
            let answer = try await rotate(house, old, #"{"overlap":"1h"}"#, by: owner)
            let new = answer.json
            #expect(answer.status == 201, "\(answer.text)")
            #expect(try await house.epoch() == epoch + 1)
            for name in [
                "name", "scopes", "cidrs", "idle_expires_after", "expires_at", "public_key", "principal_id",
            ] {
                #expect(new[name] == old[name], "\(name)")
            }
            #expect(new["id"] != old["id"] && new["token"] != old["token"] && new["token"] != nil)
            #expect(new["replaces"] == old["id"] && new["replaced_by"] == .null)
            let path = "/v1/access-tokens/\(old["id"]?.asString ?? "")"
            let record = try await house.caller.call("GET", path, owner).json
            #expect(record["replaced_by"] == new["id"])
            #expect(record["expires_at"]?.asString == "\(Timestamp.testStart + .hours(1))")
            #expect(try await works(house, old, after: .seconds(3_599)))
            #expect(try await !works(house, old, after: .seconds(3_600)))
            #expect(try await works(house, new, after: .seconds(3_600)))
            let told = try await house.events().last { $0.type == "access_token.rotated" }?.data
            #expect(told?["access_token_id"] == old["id"] && told?["successor_id"] == new["id"])
            #expect(try await house.actions().contains("access_tokens.rotate"))
        }
    }

    @Test func `without an overlap the old one ends at once, and no overlap makes it live longer`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let plain = try await issue(house, #"{"name":"a"}"#, by: owner)
            #expect(try await rotate(house, plain, by: owner).status == 201)
            #expect(try await !works(house, plain))
            let ending = try await issue(
                house, #"{"name":"a","expires_at":"\#(Timestamp.testStart + .hours(2))"}"#, by: owner)
            let new = try await rotate(house, ending, #"{"overlap":"7d"}"#, by: owner).json
            #expect(try await works(house, ending, after: .minutes(119)))
            for token in [ending, new] { #expect(try await !works(house, token, after: .hours(2))) }
            for overlap in ["8d", "0s", "1", "1y", "-1h"] {
                let answer = try await rotate(house, new, #"{"overlap":"\#(overlap)"}"#, by: owner)
                #expect(answer.pointers == ["/overlap"], "\(overlap)")
            }
        }
    }

    @Test func `what was rotated, revoked, is counted, or is nobody's business is not rotated`() async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let trader = try await house.join("trader", .trader, by: owner)
            let token = try await issue(house, #"{"name":"a"}"#, by: trader)
            #expect(
                try await rotate(house, token, by: try await house.join("b", .trader, by: owner)).status
                    == 404)
            // An owner sees it, and is not its user.
            #expect(try await rotate(house, token, by: owner).code == "forbidden")
            #expect(try await rotate(house, token, #"{"overlap":"1h"}"#, by: trader).status == 201)
            #expect(try await rotate(house, token, by: trader).code == "conflict")
            let counted = try await issue(house, #"{"name":"a","max_uses":3}"#, by: trader)
            #expect(try await rotate(house, counted, by: trader).code == "conflict")
            let revoked = try await issue(house, #"{"name":"a"}"#, by: trader)
            let path = "/v1/access-tokens/\(revoked["id"]?.asString ?? "")"
            #expect(try await house.caller.call("POST", path + "/revoke", trader).status == 200)
            #expect(try await rotate(house, revoked, by: trader).code == "conflict")
        }
    }

    @Test func `16 rotations at once make one successor`() async throws {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let token = try await issue(house, #"{"name":"a"}"#, by: owner)
            let answers = await worker.sideBySide(16) { _ in
                try await self.rotate(house, token, #"{"overlap":"1h"}"#, by: owner).status
            }
            let statuses = try answers.map { try $0.get() }
            #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 409 } == 15)
        }
    }
}
