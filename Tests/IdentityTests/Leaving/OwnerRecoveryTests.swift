import Access
import Events
import Exchanges
import HTTPServer
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

    @Test(arguments: ["\u{43E}wner@desk.example", "\u{FF4F}wner@desk.example", "owner@d\u{435}sk.example"])
    func `an address that looks like another makes no owner, unless a user has it`(email: String) async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let recovery = OwnerRecovery(ledger: house.ledger)
            await #expect {
                try await recovery.carryOut(email: email, name: nil)
            } throws: { "\($0)".hasPrefix("the address must not ") }
            let user = try await house.join("anna", .analyst, by: owner)
            let give = Statement(
                "test_give_address", "update principal set email = $2, email_folded = $2 where id = $1")
            _ = try await database.transaction { transaction in
                try await transaction.query(give, .uuid(user.actor.principal?.uuid), .text(email))
            }
            #expect(try await recovery.carryOut(email: email, name: nil).isNew == false)
        }
    }

    /// What there was of it: lapsed, for a while yet, or of some things only.
    @Test func `whoever was an owner for a while, or of something, is one of everything for good`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let live = Scope.selector(Scope.Selector(environment: .live))
            for (name, scope, until) in [
                ("anna", Scope.everything, Timestamp.testStart + .minutes(-1)),
                ("bert", .everything, .testStart + .hours(1)), ("cleo", live, nil),
            ] as [(String, Scope, Timestamp?)] {
                let user = try #require(try await house.join(name, nil, by: owner).actor.principal)
                let grant = Grant(
                    id: house.ledger.newID(), grantee: .principal(user), role: "owner", scope: scope,
                    expiresAt: until, createdAt: .testStart, createdBy: nil)
                try await house.ledger.change(owner) { change in try await change.add(grant) }
                let outcome = try await OwnerRecovery(ledger: house.ledger)
                    .carryOut(email: "\(name)@desk.example", name: nil)
                let welcome = try await accept(house, outcome.secret).json["access_token"] ?? .null
                let later = Timestamp.testStart + .hours(2)
                guard
                    case .caller(let caller) = try await house.outcome(
                        AccessTokenSecret.of(welcome), at: later)
                else {
                    Issue.record("\(name) is not let in")
                    continue
                }
                #expect(caller.rights.everywhere == Set(Permission.allCases), "\(name)")
            }
        }
    }

    private func deny(_ role: String, to grantee: Grantee, _ house: House, _ owner: Context) async throws {
        let denial = Grant(
            id: house.ledger.newID(), grantee: grantee, role: role, effect: .deny, createdAt: .testStart,
            createdBy: nil)
        try await house.ledger.change(owner) { change in try await change.add(denial) }
    }

    @Test func `what an owner was denied is over; what comes by a group is named, and nothing is done`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let recovery = OwnerRecovery(ledger: house.ledger)
            let anna = try #require(try await house.join("anna", nil, by: owner).actor.principal)
            try await deny("trader", to: .principal(anna), house, owner)
            let outcome = try await recovery.carryOut(email: "anna@desk.example", name: nil)
            #expect(outcome.denials == ["trader"])
            let welcome = try await accept(house, outcome.secret).json["access_token"] ?? .null
            guard case .caller(let caller) = try await house.outcome(AccessTokenSecret.of(welcome)) else {
                Issue.record("anna is not let in")
                return
            }
            #expect(caller.rights.everywhere == Set(Permission.allCases))

            let bert = try #require(try await house.join("bert", .analyst, by: owner).actor.principal)
            let made = try await house.caller.call(
                "POST", "/v1/groups", owner, body: #"{"name":"guests"}"#)
            let group = try #require(made.json["id"]?.asString.flatMap { GroupID($0) }, "\(made.text)")
            try await deny("trader", to: .group(group), house, owner)
            let added = try await house.caller.call(
                "POST", "/v1/groups/\(group)/members", owner, body: #"{"principal_id":"\#(bert)"}"#)
            #expect(added.status < 300, "\(added.text)")
            let problem = try await #require(throws: Problem.self) {
                _ = try await recovery.carryOut(email: "bert@desk.example", name: nil)
            }
            #expect(problem.detail.contains("guests"), "\(problem.detail)")
            let read = try await house.caller.call("GET", "/v1/users/\(bert)", owner).json
            #expect(read["roles"] == ["analyst"])
        }
    }

    @Test func `what led to whoever lost everything leads nowhere any more`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let (house, owner) = (desk.house, desk.owner)
            _ = try await desk.addApp()
            let password = try await house.caller.call(
                "PUT", "/v1/password", owner, body: #"{"password":"\#(Entrance.password)"}"#)
            #expect(password.status == 204, "\(password.text)")
            let issuer = "https://id.example"
            let isLinked = try await house.ledger.change(owner) { change in
                try await OpenIDLinkStore.link(
                    desk.user, to: "sub-1", of: issuer, at: .testStart, in: change.transaction)
            }
            #expect(isLinked)
            let reset = try await house.caller.call(
                "POST", "/v1/users/\(desk.user)/password-reset", owner)
            #expect(reset.status == 201, "\(reset.text)")

            _ = try await OwnerRecovery(ledger: house.ledger)
                .carryOut(email: "owner@desk.example", name: nil)
            let link = AccessTokenSecret.of(reset.json)
            let used = try await house.caller.call(
                "POST", "/v1/password/reset", House.stranger(),
                body: #"{"token":"\#(link)","password":"a walk along the northern pier"}"#)
            #expect(used.status == 401, "\(used.text)")
            #expect(try await PasswordStore.find(of: desk.user, in: database) == nil)
            #expect(try await FactorStore.list(of: desk.user, in: database).isEmpty)
            #expect(try await OpenIDLinkStore.linked(to: "sub-1", of: issuer, in: database) == nil)
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
