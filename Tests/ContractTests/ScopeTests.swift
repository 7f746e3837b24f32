import Access
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// T19 in scope and out of scope: whoever was granted something on some keys is let in there, and elsewhere
/// finds what is not there.
struct ScopeTests {
    @Test func `T19: a key out of scope is like one that does not exist, whatever is asked of it`()
        async throws
    {
        try await Premises.open(isRunning: true) { _, premises in
            let desk = try await ScopedDesk(premises)
            let nothing = "key_00000000000000000000000001"
            for operation in premises.operations {
                // Uses of keys read what is asked for first: UseSightTests, ScopeMatrixTests.
                let isUse = operation.settlesItself || operation.id.hasPrefix("try")
                guard case .scoped = operation.requires, operation.path.contains("{key_id}"), !isUse
                else { continue }
                let theirs = try await desk.knock(operation, on: desk.theirs)
                let none = try await desk.knock(operation, on: nothing)
                #expect(theirs.status == 404 && theirs.code == "not_found", "\(operation.id) \(theirs.text)")
                #expect(none.status == theirs.status, "\(operation.id) \(none.text)")
                #expect(none.json["detail"] == theirs.json["detail"], "\(operation.id)")
                let mine = try await desk.knock(operation, on: desk.mine)
                #expect(mine.status != 403 && mine.json["detail"] != theirs.json["detail"], "\(mine.text)")
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `T19: lists show what is in scope, and pages are whole`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let desk = try await ScopedDesk(premises)
            for index in 0..<5 {
                _ = try await desk.register("extra \(index)", tags: index % 2 == 0 ? "mm" : "x")
            }
            let first = try await desk.call("GET", "/v1/keys?limit=2")
            #expect(first.json["data"]?.asArray?.count == 2, "\(first.text)")
            var seen = first.json["data"]?.asArray ?? []
            var next = first.json["next_cursor"]?.asString
            while let cursor = next {
                let page = try await desk.call("GET", "/v1/keys?limit=2&cursor=\(cursor)")
                seen += page.json["data"]?.asArray ?? []
                next = page.json["next_cursor"]?.asString
            }
            #expect(seen.count == 4)
            #expect(seen.allSatisfy { $0["tags"] == ["mm"] })
            #expect(try await desk.call("GET", "/v1/accounts").json["data"] == [], "they have no tags")
            for list in ["rotations", "key-deletions"] {
                let page = try await desk.call("GET", "/v1/\(list)")
                #expect(page.status == 200, "\(page.text)")
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `T19: an account out of scope is like one that does not exist, whatever is asked of it`()
        async throws
    {
        try await Premises.open(isRunning: true) { _, premises in
            let desk = try await ScopedDesk(premises)
            let other = try await premises.join("cleo", nil, by: desk.owner)
            try await desk.grant(other.id, "everything", on: #"{"exchange":"kraken"}"#)
            let accounts = try await premises.call("GET", "/v1/accounts", as: desk.owner.token)
            let theirs = try #require(accounts.json["data"]?[0]?["id"]?.asString, "\(accounts.text)")
            let draft = #"{"exchange":"kraken","environment":"live","name":"mine","parent_id":null}"#
            let made = try await premises.call("POST", "/v1/accounts", as: other.token, body: draft)
            let mine = try #require(made.json["id"]?.asString, "\(made.text)")
            let mode = #"{"mode":"suspended","reason":"a","expect_count":0}"#
            let calls = [
                ("GET", "", "", 200), ("PATCH", "", #"{"holder":"a"}"#, 200), ("POST", "/mode", mode, 200),
            ]
            for (method, rest, body, status) in calls {
                let headers = method == "PATCH" ? [(name: "if-match", value: "*")] : []
                var answers: [TestAnswer] = []
                for id in [theirs, "acc_00000000000000000000000001", mine] {
                    answers.append(
                        try await premises.call(
                            method, "/v1/accounts/\(id)\(rest)", as: other.token, headers: headers, body: body
                        ))
                }
                #expect(answers[0].status == 404 && answers[1].status == 404, "\(method) \(answers[0].text)")
                #expect(answers[0].json["detail"] == answers[1].json["detail"])
                #expect(answers[2].status == status, "\(method) \(answers[2].text)")
            }
            let foreign = #"{"exchange":"okx","environment":"live","name":"new"}"#
            let refused = try await premises.call("POST", "/v1/accounts", as: other.token, body: foreign)
            #expect(refused.json["missing_permission"] == "accounts:write", "\(refused.text)")
            let page = try await premises.call("GET", "/v1/accounts", as: other.token)
            #expect(page.json["data"]?.asArray?.compactMap { $0["id"]?.asString } == [mine])
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a key is registered and moved only within what one has`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let desk = try await ScopedDesk(premises)
            let other = try await desk.call("POST", "/v1/keys", desk.draft("new", tags: "x"))
            #expect(other.json["missing_permission"] == "keys:write", "\(other.text)")
            let made = try await desk.call("POST", "/v1/keys", desk.draft("new", tags: "mm"))
            #expect(made.status == 201, "\(made.text)")
            let path = "/v1/keys/\(made.json["id"]?.asString ?? "")"
            let away = try await desk.call("PATCH", path, #"{"tags":[]}"#, ifMatch: true)
            #expect(away.json["missing_permission"] == "keys:write", "\(away.text)")
            let more = try await desk.call("PATCH", path, #"{"tags":["mm","x"]}"#, ifMatch: true)
            #expect(more.status == 200, "\(more.text)")
        }
    }

    @Test func `moving a key gives nobody what the mover lacks`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let desk = try await ScopedDesk(premises)
            // Writes every key, and signs by those with the tag: no tag makes a key one of those.
            let keeper = try await premises.join("keeper", nil, by: desk.owner)
            try await desk.role("keeping", ["keys:read", "keys:write"])
            try await desk.role("signing", ["keys:sign"])
            try await desk.grant(keeper.id, "keeping")
            try await desk.grant(keeper.id, "signing", on: #"{"tags":["mm"]}"#)
            let path = "/v1/keys/\(desk.theirs)"
            let headers = [(name: "if-match", value: "*")]
            let own = try await premises.call(
                "PATCH", path, as: keeper.token, headers: headers, body: #"{"tags":["mm"]}"#)
            #expect(own.json["missing_permission"] == "keys:sign", "\(own.text)")
            let bot = try await premises.join("other", nil, by: desk.owner)
            try await desk.grant(bot.id, "signing", on: #"{"tags":["y"]}"#)
            let others = try await premises.call(
                "PATCH", path, as: keeper.token, headers: headers, body: #"{"tags":["y"]}"#)
            #expect(others.json["missing_permission"] == "keys:sign", "\(others.text)")
            let free = try await premises.call(
                "PATCH", path, as: keeper.token, headers: headers, body: #"{"tags":["z"]}"#)
            #expect(free.status == 200, "\(free.text)")
        }
    }

    @Test func `a sweep touches what one may, and counts that`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let desk = try await ScopedDesk(premises)
            let mode =
                #"{"selector":{"environment":"live"},"mode":"suspended","reason":"a","expect_count":1}"#
            let lasting = try await desk.call("POST", "/v1/keys/mode", mode)
            #expect(lasting.json["missing_permission"] == "keys:suspend", "\(lasting.text)")
            let ids =
                """
                {"selector":{"ids":["\(desk.mine)","\(desk.theirs)"]},"mode":"suspended","reason":"a",\
                "expect_count":1}
                """
            let named = try await desk.call("POST", "/v1/keys/mode", ids)
            #expect(named.json["changed"] == 1 && named.json["matched"] == 1, "\(named.text)")
            let revoke = #"{"selector":{"environment":"live"},"reason":"a","expect_count":1}"#
            let revoked = try await desk.call("POST", "/v1/keys/revoke", revoke)
            #expect(revoked.json["keys"] == [.string(desk.mine)], "\(revoked.text)")
            let spared = try await premises.call("GET", "/v1/keys/\(desk.theirs)", as: desk.owner.token)
            #expect(spared.json["status"] == "active")
        }
    }

    @Test func `an account and its keys are one scope`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let desk = try await ScopedDesk(premises)
            let accounts = try await premises.call("GET", "/v1/accounts", as: desk.owner.token)
            let main = try #require(accounts.json["data"]?[0]?["id"]?.asString, "\(accounts.text)")
            let person = try await premises.join("cleo", nil, by: desk.owner)
            try await desk.grant(person.id, "everything", on: #"{"resource":"\#(main)"}"#)
            let keys = try await premises.call("GET", "/v1/keys", as: person.token)
            #expect(keys.json["data"]?.asArray?.count == 2, "\(keys.text)")
            let seen = try await premises.call("GET", "/v1/accounts", as: person.token)
            #expect(seen.json["data"]?[0]?["keys"]?["active"] == 2, "\(seen.text)")
            try await desk.grant(person.id, "everything", on: #"{"tags":["mm"]}"#, effect: "deny")
            let fewer = try await premises.call("GET", "/v1/accounts", as: person.token)
            #expect(fewer.json["data"]?[0]?["keys"]?["active"] == 1, "\(fewer.text)")
            let denied = try await premises.call("GET", "/v1/keys/\(desk.mine)", as: person.token)
            #expect(denied.status == 404)
            let why = try await premises.call(
                "POST", "/v1/authorization/explain", as: desk.owner.token,
                body: #"{"principal_id":"\#(person.id)","permission":"keys:read","resource":"\#(desk.mine)"}"#
            )
            #expect(why.json["verdict"] == "denied", "\(why.text)")
            #expect(
                why.json["grants"]?.asArray?.compactMap { $0["weight"]?.asString } == ["allows", "denies"])
            let holders = try await premises.call(
                "GET", "/v1/authorization/holders?permission=keys:read&resource=\(desk.mine)",
                as: desk.owner.token)
            let names = holders.json["data"]?.asArray?.compactMap { $0["name"]?.asString } ?? []
            #expect(Set(names) == ["First owner", "trader"], "\(holders.text)")
            let unknown = try await premises.call(
                "GET", "/v1/authorization/holders?permission=keys:read&resource=key_1", as: desk.owner.token)
            #expect(unknown.code == "invalid_parameter", "\(unknown.text)")
            let hidden = try await premises.call(
                "POST", "/v1/authorization/explain", as: person.token,
                body: #"{"permission":"keys:read","resource":"\#(desk.mine)"}"#)
            #expect(hidden.code == "validation_failed" && hidden.pointers == ["/resource"], "\(hidden.text)")
            #expect(premises.mistakes == [])
        }
    }
}

/// A desk with two keys, and somebody who may do everything with one of them.
private struct ScopedDesk {
    let premises: Premises
    let owner: Person
    let trader: Person
    private(set) var mine = ""
    private(set) var theirs = ""

    init(_ premises: Premises) async throws {
        self.premises = premises
        owner = try await premises.owner()
        trader = try await premises.join("trader", nil, by: owner)
        try await role("everything", Permission.allCases.filter(\.takesScope).map(\.rawValue))
        try await grant(trader.id, "everything", on: #"{"tags":["mm"]}"#)
        mine = try await register("mine", tags: "mm")
        theirs = try await register("theirs", tags: "x")
    }

    func draft(_ label: String, tags: String) -> String {
        """
        {"exchange":"okx","account":"main","label":"\(label)","environment":"live","tags":["\(tags)"]}
        """
    }

    func register(_ label: String, tags: String) async throws -> String {
        let made = try await premises.call(
            "POST", "/v1/keys", as: owner.token, body: draft(label, tags: tags))
        return try #require(made.json["id"]?.asString, "\(made.text)")
    }

    func role(_ name: String, _ permissions: [String]) async throws {
        let list = permissions.map { "\"\($0)\"" }.joined(separator: ",")
        let made = try await premises.call(
            "POST", "/v1/roles", as: owner.token,
            body: #"{"name":"\#(name)","description":"a","permissions":[\#(list)]}"#)
        try #require(made.status == 201, "\(made.text)")
    }

    func grant(_ id: String, _ role: String, on scope: String = "{}", effect: String = "allow") async throws {
        let made = try await premises.call(
            "POST", "/v1/grants", as: owner.token,
            body: #"{"principal_id":"\#(id)","role":"\#(role)","on":\#(scope),"effect":"\#(effect)"}"#)
        try #require(made.status == 201, "\(made.text)")
    }

    func call(
        _ method: String, _ path: String, _ body: String = "", ifMatch: Bool = false
    ) async throws -> TestAnswer {
        try await premises.call(
            method, path, as: trader.token, headers: ifMatch ? [(name: "if-match", value: "*")] : [],
            body: body)
    }

    /// Without a body: nothing is done where it is let in.
    func knock(_ operation: Operation, on key: String) async throws -> TestAnswer {
        let path = operation.path.split(separator: "/").map { part in
            if part == "{key_id}" { return key }
            return part == "{version}" ? "7" : part.hasPrefix("{") ? "none" : String(part)
        }
        return try await premises.insist(
            operation.method.name, "/" + path.joined(separator: "/"), as: trader.token)
    }
}
