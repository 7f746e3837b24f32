import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Identity

@Suite(.serialized) struct PeopleTests {
    @Test func `users are listed, filtered, searched and paged`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            for name in ["anna", "bert", "Chloé"] { _ = try await house.join(name, .analyst, by: owner) }
            func names(_ query: String) async throws -> [String] {
                let page = try await house.caller.call("GET", "/v1/users?\(query)", owner).json
                return page["data"]?.asArray?.compactMap { $0["name"]?.asString } ?? []
            }
            #expect(try await names("sort=name") == ["anna", "bert", "Chloé", "First owner"])
            #expect(try await names("sort=-name&limit=1") == ["First owner"])
            #expect(try await names("q=CHLO%C3%89") == ["Chloé"])
            #expect(try await names("q=%25") == [])
            #expect(try await names("role=analyst&sort=name") == ["anna", "bert", "Chloé"])
            #expect(try await names("status=disabled") == [])
            for sort in PrincipalSort.allCases {
                var seen: [String] = []
                var cursor: String?
                repeat {
                    let target =
                        "/v1/users?limit=1&sort=\(sort.rawValue)" + (cursor.map { "&cursor=\($0)" } ?? "")
                    let page = try await house.caller.call("GET", target, owner).json
                    seen += page["data"]?.asArray?.compactMap { $0["name"]?.asString } ?? []
                    cursor = page["next_cursor"]?.asString
                } while cursor != nil
                #expect(seen.count == 4)
                #expect(Set(seen).count == 4)
            }
            let bad = Cursor(["name", "x", "y"]).text
            let answer = try await house.caller.call("GET", "/v1/users?cursor=\(bad)&sort=nam&rol=x", owner)
            #expect(Set(answer.pointers) == ["query:cursor", "query:sort", "query:rol"])
        }
    }

    @Test func `an email address is taken whatever its case, and no name hides another`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let answer = try await house.caller.call(
                "POST", "/v1/users", owner, body: #"{"name":"b","email":"OWNER@Desk.example"}"#)
            #expect(answer.code == "already_exists" && answer.pointers == ["/email"])
            // "First owner", for whoever looks at it.
            let unseen = try await house.caller.call(
                "POST", "/v1/users", owner,
                body: #"{"name":"First \u200bowner","email":"owner\u2060@desk.example"}"#)
            #expect(unseen.pointers == ["/name", "/email"], "\(unseen.text)")
            let joined = try await house.caller.call(
                "POST", "/v1/users", owner,
                body: #"{"name":"Zoë \ud83d\udc69\u200d\ud83d\udcbb","email":"z@desk.example"}"#)
            #expect(joined.status == 201, "\(joined.text)")
        }
    }

    @Test func `a change needs the revision that it is based on`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let user = try await house.join("anna", .analyst, by: owner)
            let path = "/v1/users/\(user.actor.principal?.description ?? "")"
            let read = try await house.caller.call("GET", path, owner)
            #expect(read.etag == "\"2\"")
            func change(_ body: String, _ tag: String?) async throws -> TestAnswer {
                try await house.caller.call(
                    "PATCH", path, owner, headers: tag.map { [("if-match", $0)] } ?? [], body: body)
            }
            #expect(try await change(#"{"name":"Anna"}"#, nil).status == 428)
            #expect(try await change(#"{"name":"Anna"}"#, "\"1\"").status == 412)
            #expect(try await change("{}", "\"2\"").status == 422)
            #expect(try await change(#"{"name":null}"#, "\"2\"").pointers == ["/name"])
            #expect(try await change(#"{"email":"owner@desk.example"}"#, "\"2\"").code == "already_exists")
            let done = try await change(#"{"name":"Anna"}"#, "\"2\"")
            #expect(done.status == 200)
            #expect(done.etag == "\"3\"")
            #expect(done.json["name"] == "Anna")
            #expect(try await house.events().last?.data["changed"] == ["name"])
            #expect(try await house.caller.call("GET", "/v1/users/usr_x", owner).status == 404)
        }
    }

    @Test func `disabling stops access at once, enabling brings it back`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let user = try await house.join("anna", .analyst, by: owner)
            let token = AccessTokenSecret.of(
                try await house.caller.call("POST", "/v1/access-tokens", user, body: #"{"name":"a"}"#).json)
            let path = "/v1/users/\(user.actor.principal?.description ?? "")"
            let epoch = try await house.epoch()
            let answer = try await house.caller.call(
                "POST", "\(path)/disable", owner, body: #"{"reason":"left the desk"}"#)
            #expect(answer.json["status"] == "disabled")
            #expect(answer.json["disable_reason"] == "left the desk")
            #expect(try await house.epoch() == epoch + 1)
            guard case .refused(let refusal) = try await house.outcome(token) else {
                Issue.record("a disabled user came in")
                return
            }
            #expect(refusal.reason == .principalDisabled)
            let again = try await house.caller.call("POST", "\(path)/disable", owner)
            #expect(again.etag == answer.etag)
            #expect(try await house.epoch() == epoch + 1)
            #expect(try await house.caller.call("POST", "\(path)/enable", owner).json["status"] == "active")
            guard case .caller = try await house.outcome(token) else {
                Issue.record("an enabled user is refused")
                return
            }
        }
    }

    @Test func `service accounts have an owner, a unique name and a role`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let made = try await house.caller.call(
                "POST", "/v1/service-accounts", owner,
                body: #"{"name":"mm-btc","purpose":"maker","role":"bot"}"#)
            #expect(made.status == 201)
            #expect(made.json["owner_id"]?.asString == owner.actor.principal?.description)
            #expect(made.json["roles"] == ["bot"])
            let path = "/v1/service-accounts/\(made.json["id"]?.asString ?? "")"
            #expect(made.response.head[.location] == path)
            let taken = try await house.caller.call(
                "POST", "/v1/service-accounts", owner, body: #"{"name":"MM-BTC","purpose":"a"}"#)
            #expect(taken.code == "already_exists" && taken.pointers == ["/name"])
            let nobody = UserID(UUID(high: 1, low: 1))
            let orphan = try await house.caller.call(
                "POST", "/v1/service-accounts", owner,
                body: #"{"name":"x","purpose":"a","owner_id":"\#(nobody)"}"#)
            #expect(orphan.pointers == ["/owner_id"])
            let told = try await house.caller.call(
                "PATCH", path, owner, headers: [("if-match", "\"1\"")], body: #"{"purpose":"taker"}"#)
            #expect(told.json["purpose"] == "taker")
            #expect(
                try await house.caller.call("POST", "\(path)/disable", owner).json["status"] == "disabled")
            #expect(try await house.caller.call("POST", "\(path)/enable", owner).json["status"] == "active")
            let id = owner.actor.principal?.description ?? ""
            let page = try await house.caller.call("GET", "/v1/service-accounts?owner_id=\(id)", owner).json
            #expect(page["data"]?.asArray?.count == 1)
        }
    }

    @Test func `roles and permissions are listed as they are`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let roles = try await house.caller.call("GET", "/v1/roles", owner).json
            #expect(roles["data"]?.asArray?.count == 7)
            let bot = try await house.caller.call("GET", "/v1/roles/bot", owner).json
            #expect(bot["permissions"]?.asArray?.count == BuiltInRole.bot.permissions.count)
            #expect(try await house.caller.call("GET", "/v1/roles/king", owner).status == 404)
            let permissions = try await house.caller.call("GET", "/v1/permissions", owner).json
            #expect(permissions["data"]?.asArray?.count == Permission.allCases.count)
        }
    }

    @Test func `one's own profile names principal, token and permissions with their grants`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            var user = try await house.join("anna", .bot, by: owner)
            let me = try await house.caller.call("GET", "/v1/me", user).json
            #expect(me["principal"]?["email"] == "anna@desk.example")
            #expect(me["access_token"]?["name"] == "first access token")
            #expect(me["roles"] == ["bot"])
            user.permissions = [.keysRead]
            let mine = try await house.caller.call("GET", "/v1/me/permissions", user).json
            #expect(mine["data"]?.asArray?.count == 1)
            #expect(mine["data"]?[0]?["permission"] == "keys:read")
            #expect(mine["data"]?[0]?["through"]?[0]?["role"] == "bot")
        }
    }
}
