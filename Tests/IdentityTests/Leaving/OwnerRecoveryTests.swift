import Access
import JSON
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Identity

@Suite(.serialized) struct OwnerRecoveryTests {
    private func accept(_ house: House, _ secret: AccessTokenSecret, at now: Timestamp = .testStart)
        async throws -> TestAnswer
    {
        try await house.caller.call(
            "POST", "/v1/invitations/accept", House.stranger(at: now), body: #"{"token":"\#(secret.text)"}"#)
    }

    @Test func `a user who joined becomes an owner, loses old tokens, and comes in by the link once`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let user = try await house.join("anna", .analyst, by: owner)
            let old = AccessTokenSecret.of(
                try await house.caller.call("POST", "/v1/access-tokens", user, body: #"{"name":"a"}"#).json)
            let path = "/v1/users/\(user.actor.principal?.description ?? "")"
            _ = try await house.caller.call("POST", "\(path)/disable", owner)
            let recovery = OwnerRecovery(ledger: house.ledger)
            let outcome = try await recovery.carryOut(email: "ANNA@desk.example", name: nil)
            #expect(!outcome.isNew && outcome.expiresAt == .testStart + .hours(1))
            let read = try await house.caller.call("GET", path, owner).json
            #expect(read["status"] == "active" && read["roles"] == ["owner", "analyst"])
            guard case .refused = try await house.outcome(old) else {
                Issue.record("an old token counts again")
                return
            }
            #expect(try await accept(house, outcome.secret, at: .testStart + .hours(1)).status == 401)
            let welcome = try await accept(house, outcome.secret)
            #expect(welcome.status == 201, "\(welcome.text)")
            #expect(try await accept(house, outcome.secret).status == 401)
            let told = try #require(try await house.events().last { $0.type == "owner.recovered" })
            #expect(told.data["severity"] == "critical")
            #expect(try await house.actions().contains("owners.recover"))
        }
    }

    @Test func `whoever is not there is invited as an owner`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let outcome = try await OwnerRecovery(ledger: house.ledger)
                .carryOut(email: "new@desk.example", name: "New owner")
            #expect(outcome.isNew)
            let welcome = try await accept(house, outcome.secret)
            #expect(welcome.json["user"]?["role"] == "owner", "\(welcome.text)")
            #expect(welcome.json["user"]?["name"] == "New owner")
        }
    }

    @Test func `a later link takes the place of an earlier one`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let recovery = OwnerRecovery(ledger: house.ledger)
            let first = try await recovery.carryOut(email: "new@desk.example", name: nil)
            let second = try await recovery.carryOut(email: "new@desk.example", name: nil)
            #expect(first.user == second.user)
            #expect(try await accept(house, first.secret).status == 401)
            #expect(try await accept(house, second.secret).status == 201)
        }
    }
}
