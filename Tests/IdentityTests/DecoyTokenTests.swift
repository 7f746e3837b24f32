import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

@Suite(.serialized) struct DecoyTokenTests {
    private static let type = "access_token.decoy.touched"

    private nonisolated(nonsending) func touches(_ house: House) async throws -> [JSONValue] {
        try await house.events().filter { $0.type == Self.type }.map(\.data)
    }

    @Test func `a decoy token opens nothing, and every use of it is told, once a minute`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let issued = try await house.caller.call(
                "POST", "/v1/access-tokens", owner, body: #"{"name":"ci deploy","decoy":true}"#)
            #expect(issued.status == 201 && issued.json["decoy"] == true, "\(issued.text)")
            let token = AccessTokenSecret.of(issued.json)
            let secret = try #require(AccessTokenSecret(.accessToken, parsing: token.utf8))
            let authenticator = Authenticator(ledger: house.ledger, refusals: house.refusals)
            #expect(try await touches(house).isEmpty)
            for second in [0, 1, 30, 59, 60, 61] {
                let attempt = try await authenticator.begin(
                    .presented(secret.hash), from: IPAddress("10.0.0.1"),
                    now: .testStart + .seconds(Int64(second)))
                guard case .caller(let caller) = attempt.outcome else {
                    Issue.record("refused: \(attempt.outcome)")
                    return
                }
                // The owner's own grants are none of its.
                #expect(caller.permissions.isEmpty)
            }
            let told = try await touches(house)
            #expect(told.count == 2)
            #expect(told.first?["access_token_id"] == issued.json["id"])
            #expect(told.first?["name"] == "ci deploy")
        }
    }

    @Test func `a decoy token sees itself as one of a principal without grants`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let issued = try await house.caller.call(
                "POST", "/v1/access-tokens", owner, body: #"{"name":"ci deploy","decoy":true}"#)
            var thief = owner
            thief.permissions = []
            thief.actor.accessToken = try #require(AccessTokenID(issued.json["id"]?.asString ?? ""))
            let me = try await house.caller.call("GET", "/v1/me", thief)
            #expect(me.status == 200 && me.json["roles"] == [] && !me.text.contains("decoy"), "\(me.text)")
            let real = try await house.caller.call("GET", "/v1/me", owner)
            #expect(real.json["roles"] == ["owner"])
            let may = try await house.caller.call("GET", "/v1/me/permissions", thief)
            #expect(may.json["data"] == [])
        }
    }

    @Test func `which token is a decoy is shown to whoever may know, and planted by them only`() async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let body = #"{"name":"ci deploy","decoy":true}"#
            var blind = owner
            blind.permissions.subtract([.decoysRead, .decoysWrite])
            let refused = try await house.caller.call("POST", "/v1/access-tokens", blind, body: body)
            #expect(refused.json["missing_permission"] == "decoys:write", "\(refused.text)")
            _ = try await house.caller.call("POST", "/v1/access-tokens", owner, body: body)
            let seen = try await house.caller.call("GET", "/v1/access-tokens", owner)
            #expect(seen.json["data"]?.asArray?.filter { $0["decoy"] == true }.count == 1)
            let unseen = try await house.caller.call("GET", "/v1/access-tokens", blind)
            #expect(unseen.json["data"]?.asArray?.count == seen.json["data"]?.asArray?.count)
            #expect(!unseen.text.contains("decoy"))
            #expect(!blind.may(EventType.accessTokenDecoyTouched.permission))
        }
    }
}
