import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Identity

@Suite(.serialized) struct AccessTokenTests {
    private nonisolated(nonsending) func names(
        _ house: House, _ query: String, _ reader: Context
    ) async throws -> [String] {
        let answer = try await house.caller.call("GET", "/v1/access-tokens?\(query)", reader)
        return answer.json["data"]?.asArray?.compactMap { $0["name"]?.asString } ?? []
    }

    @Test func `a token is issued with scopes, networks and an end, and shown once`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let issued = try await house.caller.call(
                "POST", "/v1/access-tokens", owner,
                body: """
                    {"name":"mm-btc","scopes":["candles:write","events:write"],
                    "cidrs":["10.1.0.0/16","10.0.0.1/32"],"expires_at":"2027-04-05T00:00:00Z"}
                    """)
            #expect(issued.status == 201)
            #expect(issued.json["shown_once"] == true)
            #expect(issued.json["cidrs"] == ["10.1.0.0/16", "10.0.0.1"])
            #expect(issued.json["expires_at"] == "2027-04-05T00:00:00.000Z")
            let token = AccessTokenSecret.of(issued.json)
            #expect(issued.json["hint"]?.asString == String(token.prefix(8)))
            guard case .caller(let caller) = try await house.outcome(token) else {
                Issue.record("refused")
                return
            }
            #expect(caller.permissions == [.candlesWrite, .eventsWrite])
            let path = issued.response.head[.location] ?? ""
            let record = try await house.caller.call("GET", path, owner)
            #expect(record.json["status"] == "active")
            #expect(record.json["token"] == nil)
            #expect(!record.text.contains(token))
        }
    }

    @Test func `every mistake is told`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            func create(_ body: String) async throws -> TestAnswer {
                try await house.caller.call("POST", "/v1/access-tokens", owner, body: body)
            }
            let wrong = try await create(
                """
                {"name":"","scopes":["keys:reed"],"cidrs":["10.1.2.3/16","x"],
                "expires_at":"2020-01-01T00:00:00Z","principal_id":"key_1"}
                """)
            #expect(wrong.status == 422)
            #expect(
                Set(wrong.pointers) == [
                    "/name", "/scopes/0", "/cidrs/0", "/cidrs/1", "/expires_at", "/principal_id",
                ])
            let twice = #"{"name":"a","scopes":["keys:read","keys:read"],"cidrs":["::1","0:0::1"]}"#
            #expect(Set(try await create(twice).pointers) == ["/scopes", "/cidrs"])
            let limits = #"{"name":"a","idle_expires_after":"1m","max_uses":0,"public_key":"kbt_"}"#
            #expect(
                Set(try await create(limits).pointers) == ["/idle_expires_after", "/max_uses", "/public_key"])
            let nobody = UserID(UUID(high: 1, low: 1))
            #expect(
                try await create(#"{"name":"a","principal_id":"\#(nobody)"}"#).pointers == ["/principal_id"])
        }
    }

    @Test func `one issues for oneself and one's own bots, for others never or with permission`() async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let (trader, admin) = (
                try await house.join("trader", .trader, by: owner),
                try await house.join("admin", .admin, by: owner)
            )
            func bot(_ name: String, ownedBy user: Context) async throws -> String {
                let id = user.actor.principal?.description ?? ""
                let made = try await house.caller.call(
                    "POST", "/v1/service-accounts", owner,
                    body: #"{"name":"\#(name)","purpose":"a","owner_id":"\#(id)"}"#)
                return made.json["id"]?.asString ?? ""
            }
            let (mine, theirs) = (
                try await bot("mine", ownedBy: trader), try await bot("theirs", ownedBy: owner)
            )
            func issue(_ principal: String, by caller: Context) async throws -> TestAnswer {
                try await house.caller.call(
                    "POST", "/v1/access-tokens", caller, body: #"{"name":"a","principal_id":"\#(principal)"}"#
                )
            }
            let traderID = trader.actor.principal?.description ?? ""
            #expect(try await issue(traderID, by: trader).status == 201)
            #expect(try await issue(mine, by: trader).status == 201)
            #expect(
                try await issue(theirs, by: trader).json["missing_permission"] == "service_accounts:write")
            #expect(try await issue(theirs, by: admin).status == 201)
            #expect(try await issue(traderID, by: owner).code == "forbidden")
            _ = try await house.caller.call("POST", "/v1/service-accounts/\(mine)/disable", owner)
            #expect(try await issue(mine, by: trader).code == "conflict")
        }
    }

    @Test func `a narrowed token issues none that is wider`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            var owner = try await house.owner()
            func issue(_ scopes: String) async throws -> TestAnswer {
                try await house.caller.call(
                    "POST", "/v1/access-tokens", owner, body: #"{"name":"a","scopes":\#(scopes)}"#)
            }
            let narrow = try await issue(#"["access_tokens:write","owners:write","keys:read"]"#)
            owner.actor.accessToken = narrow.json["id"]?.asString.flatMap { AccessTokenID($0) }
            owner.permissions = [.accessTokensWrite, .ownersWrite, .keysRead]
            #expect(try await issue("null").json["missing_permission"] == "access_tokens:manage")
            #expect(try await issue(#"["keys:write"]"#).json["missing_permission"] == "keys:write")
            #expect(try await issue(#"["keys:read"]"#).status == 201)
        }
    }

    @Test func `revoking holds at once, and again it changes nothing`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let trader = try await house.join("trader", .trader, by: owner)
            let issued = try await house.caller.call(
                "POST", "/v1/access-tokens", trader, body: #"{"name":"a"}"#)
            let path = "/v1/access-tokens/\(issued.json["id"]?.asString ?? "")"
            let other = try await house.join("other", .trader, by: owner)
            #expect(try await house.caller.call("POST", "\(path)/revoke", other).status == 404)
            var auditor = other
            auditor.permissions = BuiltInRole.auditor.permissions
            let forbidden = try await house.caller.call("POST", "\(path)/revoke", auditor)
            #expect(forbidden.json["missing_permission"] == "access_tokens:manage")
            let epoch = try await house.epoch()
            let revoked = try await house.caller.call(
                "POST", "\(path)/revoke", owner, body: #"{"reason":"leaked"}"#)
            #expect(revoked.json["status"] == "revoked")
            #expect(revoked.json["revoke_reason"] == "leaked")
            #expect(try await house.epoch() == epoch + 1)
            let again = try await house.caller.call("POST", "\(path)/revoke", trader)
            // The same, but for what only the owner may know.
            #expect(again.json["revoked_at"] == revoked.json["revoked_at"] && again.json["decoy"] == nil)
            #expect(again.json["revoke_reason"] == "leaked")
            #expect(try await house.epoch() == epoch + 1)
            guard case .refused(let refusal) = try await house.outcome(AccessTokenSecret.of(issued.json))
            else {
                Issue.record("a revoked token came in")
                return
            }
            #expect(refusal.reason == .revoked)
            let actions = try await house.actions()
            #expect(
                actions.isSuperset(of: ["bootstrap", "users.invite", "users.join", "access_tokens.create"]))
            #expect(actions.contains("access_tokens.revoke"))
        }
    }

    @Test func `lists show what the caller may know of, in every order`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let trader = try await house.join("trader", .trader, by: owner)
            let ends = ["null", "\"2027-01-01\"", "\"2026-06-01\""]
            for (index, end) in ends.enumerated() {
                _ = try await house.caller.call(
                    "POST", "/v1/access-tokens", trader, body: #"{"name":"t\#(index)","expires_at":\#(end)}"#)
            }
            #expect(try await names(house, "", trader).count == 4)
            #expect(try await names(house, "", owner).count == 5)
            let id = trader.actor.principal?.description ?? ""
            #expect(
                try await names(house, "sort=expires_at&principal_id=\(id)", owner).prefix(2) == ["t2", "t1"])
            #expect(try await names(house, "expiring_before=2026-12-01T00:00:00Z", owner) == ["t2"])
            #expect(try await names(house, "status=revoked", owner) == [])
            for sort in AccessTokenSort.allCases {
                var (seen, cursor): ([String], String?) = ([], nil)
                repeat {
                    let target =
                        "/v1/access-tokens?limit=2&sort=\(sort.rawValue)"
                        + (cursor.map { "&cursor=\($0)" } ?? "")
                    let page = try await house.caller.call("GET", target, owner).json
                    seen += page["data"]?.asArray?.compactMap { $0["id"]?.asString } ?? []
                    cursor = page["next_cursor"]?.asString
                } while cursor != nil
                #expect(seen.count == 5)
                #expect(Set(seen).count == 5)
            }
        }
    }

    @Test func `hostile texts are stored and searched as they are`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let hostile = "'; drop table principal; -- \\ %_ \u{1F511}"
            var w = JSONWriter()
            w.object { w in
                w.field("name", hostile)
                w.field("purpose", hostile)
            }
            let made = try await house.caller.call("POST", "/v1/service-accounts", owner, body: w.text)
            #expect(made.json["name"]?.asString == hostile)
            let found = try await house.caller.call("GET", "/v1/service-accounts?q=%27%3B%20DROP", owner).json
            #expect(found["data"]?.asArray?.count == 1)
        }
    }
}
