import Access
import EventLoop
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Identity

@Suite(.serialized) struct GrantTests {
    private let trader = PrincipalID(.user, UUID(high: 7, low: 7))

    private func verdict(
        _ role: BuiltInRole, by caller: BuiltInRole, to target: PrincipalID? = nil,
        ownedBy owner: UserID? = nil
    ) -> String? {
        do throws(Problem) {
            let context = testContext(caller.permissions, principal: trader)
            try GrantRules.check(
                granting: role, to: target ?? PrincipalID(.user, UUID(high: 8, low: 8)), ownedBy: owner,
                by: context)
            return nil
        } catch {
            return error.members.first { $0.name == "missing_permission" }?.value.asString
        }
    }

    @Test func `an owner grants every role, to themselves and to their service accounts too`() {
        let bot = PrincipalID(.serviceAccount, UUID(high: 9, low: 9))
        for role in BuiltInRole.allCases {
            #expect(verdict(role, by: .owner) == nil)
            #expect(verdict(role, by: .owner, to: trader) == nil)
            #expect(verdict(role, by: .owner, to: bot, ownedBy: UserID(trader.uuid)) == nil)
        }
    }

    @Test func `nobody grants what they lack, and nobody but an owner grants to themselves`() {
        #expect(verdict(.owner, by: .admin) == "owners:write")
        #expect(verdict(.admin, by: .admin) == nil)
        #expect(verdict(.admin, by: .admin, to: trader) == "owners:write")
        let bot = PrincipalID(.serviceAccount, UUID(high: 9, low: 9))
        #expect(verdict(.admin, by: .admin, to: bot, ownedBy: UserID(trader.uuid)) == "owners:write")
        #expect(verdict(.trader, by: .admin) == "alerts:write")
        for role in [BuiltInRole.security, .trader, .analyst, .auditor, .bot] {
            #expect(verdict(.bot, by: role) == "grants:write")
        }
    }

    @Test func `grants are made once, listed, and taken back`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let user = try await house.join("anna", nil, by: owner)
            let id = user.actor.principal?.description ?? ""
            let body =
                #"{"principal_id":"\#(id)","role":"auditor","effect":"allow","on":{},"expires_at":null}"#
            let epoch = try await house.epoch()
            let made = try await house.caller.call("POST", "/v1/grants", owner, body: body)
            #expect(made.status == 201)
            #expect(made.json["on"] == [:])
            #expect(made.json["created_by"]?.asString == owner.actor.principal?.description)
            #expect(try await house.epoch() == epoch + 1)
            let twice = try await house.caller.call("POST", "/v1/grants", owner, body: body)
            #expect(twice.code == "already_exists" && twice.pointers == ["/role"])
            let path = "/v1/grants/\(made.json["id"]?.asString ?? "")"
            #expect(try await house.caller.call("GET", path, owner).json == made.json)
            let list = try await house.caller.call("GET", "/v1/grants?principal_id=\(id)&role=auditor", owner)
                .json
            #expect(list["data"]?.asArray == [made.json])
            #expect(try await house.caller.call("DELETE", path, owner).status == 204)
            #expect(try await house.epoch() == epoch + 2)
            #expect(try await house.caller.call("DELETE", path, owner).status == 404)
            let changes = try await house.events().compactMap { $0.data["change"]?.asString }
            #expect(changes == ["created", "created", "deleted"])
        }
    }

    @Test func `every mistake is told at its place`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let id = owner.actor.principal?.description ?? ""
            func answer(_ extra: String) async throws -> TestAnswer {
                try await house.caller.call(
                    "POST", "/v1/grants", owner, body: #"{"principal_id":"\#(id)",\#(extra)}"#)
            }
            let wrong = try await answer(#""role":"Bott","effect":"alow","on":7,"expires_at":5"#)
            #expect(wrong.code == "validation_failed")
            #expect(wrong.pointers == ["/role", "/effect", "/on", "/expires_at"])
            let past = try await answer(
                #""role":"bot","on":{"tags":["a","A"]},"expires_at":"2020-01-01T00:00:00Z""#)
            #expect(past.pointers == ["/on/tags/1", "/expires_at"])
            for unsaid in ["", #","on":null"#] {
                let widest = try await answer(#""role":"bot"\#(unsaid)"#)
                #expect(widest.status == 422 && widest.pointers == ["/on"], "\(widest.text)")
            }
            let unknown = try await answer(#""role":"nobodys","on":{}"#)
            #expect(unknown.pointers == ["/role"])
            let nowhere = try await answer(
                #""role":"bot","on":{"resource":"key_00000000000000000000000001"}"#)
            #expect(nowhere.pointers == ["/on/resource"])
            let all = try await house.caller.call(
                "POST", "/v1/grants", owner,
                body: #"""
                    {"principal_id":"usr_00000000000000000000000001","role":"nobodys",
                    "on":{"resource":"key_00000000000000000000000001"}}
                    """#)
            #expect(all.pointers == ["/principal_id", "/role", "/on/resource"], "\(all.text)")
            let nulls = try await answer(#""role":"bot","effect":null,"on":{},"expires_at":null"#)
            #expect(nulls.status == 201, "\(nulls.text)")
        }
    }

    @Test func `a grant on some keys, denied or for a while, is told as it is`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let user = try await house.join("anna", nil, by: owner)
            let id = user.actor.principal?.description ?? ""
            let soon = owner.now + .hours(1)
            let grant = try await house.grant(
                id, "trader", on: #"{"tags":["b","a"],"environment":"live"}"#, until: soon, by: owner)
            let shown = try await house.caller.call("GET", "/v1/grants/\(grant)", owner).json
            #expect(shown["on"] == ["environment": "live", "tags": ["a", "b"]], "\(shown)")
            #expect(shown["expires_at"]?.asString == soon.description && shown["expired"] == false)
            let rights = try await house.rights(of: user)
            #expect(rights.everywhere == [] && rights.somewhere.contains(.keysSign))
            #expect(rights.lapsesAt == soon)
            #expect(try await house.rights(of: user, at: soon) == .none)
            var later = owner
            later.now = soon
            let lapsed = try await house.caller.call("GET", "/v1/grants?principal_id=\(id)", later).json
            #expect(lapsed["data"]?[0]?["expired"] == true)
            // What lapsed makes room for its like, and goes after 30 days.
            let again = try await house.caller.call(
                "POST", "/v1/grants", later,
                body:
                    #"{"principal_id":"\#(id)","role":"trader","on":{"tags":["a","b"],"environment":"live"}}"#
            )
            #expect(again.status == 201, "\(again.text)")
            let twice = try await house.caller.call(
                "POST", "/v1/grants", later,
                body:
                    #"{"principal_id":"\#(id)","role":"trader","on":{"environment":"live","tags":["b","a"]}}"#
            )
            #expect(twice.code == "already_exists")
        }
    }

    @Test func `nobody grants longer than they have it themselves`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            var admin = try await house.join("admin", .admin, by: owner)
            let soon = owner.now + .hours(1)
            admin.rights = Rights(
                [
                    GrantedRole(
                        id: house.ledger.newID(), role: "admin", permissions: BuiltInRole.admin.permissions,
                        expiresAt: soon)
                ], at: owner.now)
            let user = try await house.join("anna", nil, by: owner).actor.principal?.description ?? ""
            let body = { (end: String) in
                #"{"principal_id":"\#(user)","role":"admin","on":{},"expires_at":\#(end)}"#
            }
            let longer = try await house.caller.call("POST", "/v1/grants", admin, body: body("null"))
            #expect(longer.code == "forbidden")
            let same = try await house.caller.call("POST", "/v1/grants", admin, body: body("\"\(soon)\""))
            #expect(same.status == 201, "\(same.text)")
        }
    }

    @Test func `the last owner stays, by whichever way they would go`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let id = owner.actor.principal?.description ?? ""
            let grants = try await house.caller.call("GET", "/v1/grants?role=owner", owner).json
            let grant = grants["data"]?[0]?["id"]?.asString ?? ""
            #expect(
                try await house.caller.call("POST", "/v1/users/\(id)/disable", owner).code == "last_owner")
            #expect(try await house.caller.call("DELETE", "/v1/grants/\(grant)", owner).code == "last_owner")
            // An owner who was invited, and has not come, is none yet.
            _ = try await house.caller.call(
                "POST", "/v1/users", owner, body: #"{"name":"b","email":"b@desk.example","role":"owner"}"#)
            #expect(
                try await house.caller.call("POST", "/v1/users/\(id)/disable", owner).code == "last_owner")
            _ = try await house.join("second", .owner, by: owner)
            #expect(try await house.caller.call("POST", "/v1/users/\(id)/disable", owner).status == 200)
        }
    }

    @Test func `an owner who cannot come in is no last owner, where somebody can`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let first = try await house.owner()
            let second = try await house.join("second", .owner, by: first)
            let id = second.actor.principal?.description ?? ""
            let set = try await house.caller.call(
                "PUT", "/v1/password", second, body: #"{"password":"four candles of a week"}"#)
            #expect(set.status == 204, "\(set.text)")
            // The first has nothing but an access token, which ends some day.
            let refused = try await house.caller.call("POST", "/v1/users/\(id)/disable", first)
            #expect(refused.code == "last_owner", "\(refused.text)")
            let own = try await house.caller.call(
                "PUT", "/v1/password", first, body: #"{"password":"five candles of a week"}"#)
            #expect(own.status == 204, "\(own.text)")
            #expect(try await house.caller.call("POST", "/v1/users/\(id)/disable", first).status == 200)
        }
    }

    @Test func `two owners who disable each other at once leave one`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database async throws in
            let house = House(database)
            let first = try await house.owner()
            for round in 0..<5 {
                let second = try await house.join("second\(round)", .owner, by: first)
                let pair = [(first, second), (second, first)]
                let tasks = pair.map { actor, target in
                    Task {
                        _ = worker
                        let id = target.actor.principal?.description ?? ""
                        return try await House(database).caller.call("POST", "/v1/users/\(id)/disable", actor)
                            .status
                    }
                }
                var statuses: [Int] = []
                for task in tasks { statuses.append(try await task.value) }
                #expect(statuses.sorted() == [200, 409])
                for person in [first, second] {
                    let id = person.actor.principal?.description ?? ""
                    _ = try await house.caller.call("POST", "/v1/users/\(id)/enable", first)
                }
                let id = second.actor.principal?.description ?? ""
                #expect(try await house.caller.call("POST", "/v1/users/\(id)/disable", first).status == 200)
            }
        }
    }

    @Test func `owners are touched by owners only`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let admin = try await house.join("admin", .admin, by: owner)
            let path = "/v1/users/\(owner.actor.principal?.description ?? "")"
            let change = try await house.caller.call(
                "PATCH", path, admin, headers: [("if-match", "\"1\"")],
                body: #"{"email":"mine@desk.example"}"#)
            for answer in [
                change, try await house.caller.call("POST", "\(path)/disable", admin),
                try await house.caller.call("POST", "\(path)/enable", admin),
                try await house.caller.call(
                    "POST", "/v1/users", admin, body: #"{"name":"x","email":"x@desk.example","role":"owner"}"#
                ),
            ] {
                #expect(answer.json["missing_permission"] == "owners:write")
            }
        }
    }
}
