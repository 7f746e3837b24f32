import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Identity

@Suite(.serialized) struct WelcomeTests {
    private let body = #"{"name":"First owner","email":"owner@desk.example"}"#

    @Test func `the bootstrap token makes the first owner, whose access token works`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let answer = try await house.bootstrap()
            #expect(answer.status == 201)
            let user = answer.json["user"]
            #expect(user?["role"] == "owner")
            #expect(user?["status"] == "active")
            #expect(user?["created_at"] == "2026-01-05T08:00:00.000Z")
            let token = try #require(answer.json["access_token"])
            #expect(token["shown_once"] == true)
            #expect(token["principal_id"] == user?["id"])
            #expect(token["created_by"] == user?["id"])
            guard case .caller(let caller) = try await house.outcome(AccessTokenSecret.of(token)) else {
                Issue.record("the first access token is refused")
                return
            }
            #expect(caller.permissions == Set(Permission.allCases))
            let types = try await house.events().map(\.type)
            #expect(types == ["grant.changed", "user.joined", "access_token.created"])
        }
    }

    @Test func `a link that leads nowhere is told of, and what was done already is not`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let invited = try await house.caller.call(
                "POST", "/v1/users", owner, body: #"{"name":"ann","email":"ann@desk.example"}"#)
            let link = invited.json["invitation"]?["token"]?.asString ?? ""
            let unknown = AccessTokenSecret(.invitation, .system).text
            let reset = AccessTokenSecret(.passwordReset, .system).text
            func accept(_ token: String) async throws -> Int {
                try await house.caller.call(
                    "POST", "/v1/invitations/accept", House.stranger(), body: #"{"token":"\#(token)"}"#
                ).status
            }
            #expect(try await accept(link) == 201)
            for token in [link, unknown, "kbi_00000000"] { #expect(try await accept(token) == 401) }
            for token in [reset, "kbr_00000000"] {
                let refused = try await house.caller.call(
                    "POST", "/v1/password/reset", House.stranger(),
                    body: #"{"token":"\#(token)","password":"\#(Entrance.password)"}"#)
                #expect(refused.status == 401, "\(refused.text)")
            }
            let told = try await house.events().filter { $0.type == "access_token.refused" }
            let routes = told.compactMap { $0.data["route"]?.asString }
            #expect(routes.count { $0 == "/v1/invitations/accept" } == 3, "\(routes)")
            #expect(routes.count { $0 == "/v1/password/reset" } == 2)
            #expect(try await house.actions().contains("access_tokens.refuse"))
        }
    }

    @Test func `64 calls at once make one owner, the others are told that it is done`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database async throws in
            let house = House(database)
            let secret = try #require(
                try await House.bootstrapToken(in: database).secret)
            let tasks = (0..<64).map { index in
                Task {
                    _ = worker
                    return try await House(database).caller.call(
                        "POST", "/v1/bootstrap", House.stranger(),
                        headers: [("authorization", "Bearer \(secret.text)")],
                        body: #"{"name":"Owner \#(index)","email":"owner\#(index)@desk.example"}"#
                    ).status
                }
            }
            var statuses: [Int] = []
            for task in tasks { statuses.append(try await task.value) }
            #expect(statuses.count { $0 == 201 } == 1)
            #expect(statuses.count { $0 == 409 } == 63)
            #expect(try await house.events().count { $0.type == "user.joined" } == 1)
        }
    }

    @Test func `after that even the right token is told that it is done, and no new one is made`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            _ = try await house.bootstrap()
            let again = try await house.bootstrap(AccessTokenSecret(.bootstrap, .system))
            #expect(again.code == "bootstrap_done")
            guard case .spent = try await House.bootstrapToken(in: database) else {
                Issue.record("a token was made")
                return
            }
            #expect(try await BootstrapToken.isDone(in: database))
        }
    }

    @Test func `it lapses after a day, and a new one is made then`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let first = try #require(try await House.bootstrapToken(in: database).secret)
            let later = Timestamp.testStart + .hours(24)
            let refused = try await house.caller.call(
                "POST", "/v1/bootstrap", House.stranger(at: later),
                headers: [("authorization", "Bearer \(first.text)")],
                body: body)
            #expect(refused.status == 401)
            // Whoever starts then makes it.
            let second = try await House.bootstrapToken(in: database, at: "there", now: later)
            #expect(second.secret != nil)
        }
    }

    @Test func `a pending token is replaced only by the node that keeps it and lost it`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let first = try #require(try await House.bootstrapToken(in: database).secret)
            guard case .kept = try await House.bootstrapToken(in: database, holding: first) else {
                Issue.record("a restart replaced the token")
                return
            }
            let stale = AccessTokenSecret(.bootstrap, .system)
            guard
                case .elsewhere("here", .testStart, Timestamp.testStart + .hours(24)) =
                    try await House.bootstrapToken(in: database, at: "there", holding: stale)
            else {
                Issue.record("another node replaced the token")
                return
            }
            // A shared folder looks different from each host.
            guard case .kept = try await House.bootstrapToken(in: database, at: "there", holding: first)
            else {
                Issue.record("a node with the token's text did not know it")
                return
            }
            let second = try #require(try await House.bootstrapToken(in: database, holding: stale).secret)
            let house = House(database)
            #expect(try await house.bootstrap(first).status == 401)
            #expect(try await house.bootstrap(second).status == 201)
        }
    }

    @Test func `whoever has no token is refused before the body is read, and reported`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            _ = try await House.bootstrapToken(in: database)
            let wrong = AccessTokenSecret(.bootstrap, .system).text
            for authorization in ["Bearer \(wrong)", "Bearer x", "Basic \(wrong)", wrong] {
                let answer = try await house.caller.call(
                    "POST", "/v1/bootstrap", House.stranger(), headers: [("authorization", authorization)],
                    body: "{}")
                #expect(answer.status == 401)
                #expect(answer.response.head[.wwwAuthenticate] == "Bearer realm=\"keybell\"")
                #expect(answer.json["detail"]?.asString?.contains("bootstrap token") == true)
            }
            let reasons = try await house.events().map { $0.data["reason"]?.asString ?? "" }
            #expect(reasons == ["unknown", "malformed", "malformed", "malformed"])
        }
    }

    @Test func `every mistake of the body is told`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let secret = try #require(try await House.bootstrapToken(in: database).secret)
            let answer = try await house.caller.call(
                "POST", "/v1/bootstrap", House.stranger(),
                headers: [("authorization", "Bearer \(secret.text)")],
                body: #"{"name":" ","email":"nobody","role":"owner"}"#)
            #expect(answer.status == 422)
            #expect(Set(answer.pointers) == ["/name", "/email", "/role"])
            #expect(try await house.bootstrap(secret).status == 201)
        }
    }

    @Test func `an invitation makes its user active, once`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let invited = try await house.caller.call(
                "POST", "/v1/users", owner,
                body: #"{"name":"A trader","email":"Trader@desk.example","role":"trader"}"#)
            #expect(invited.status == 201)
            #expect(invited.json["status"] == "invited")
            let token = try #require(invited.json["invitation"]?["token"]?.asString)
            #expect(
                invited.json["invitation"]?["url"]?.asString == "http://127.0.0.1:8720/invitations#\(token)")
            #expect(invited.json["invitation"]?["expires_at"] == "2026-01-12T08:00:00.000Z")
            let body = #"{"token":"\#(token)","name":"A. Trader"}"#
            let welcome = try await house.caller.call(
                "POST", "/v1/invitations/accept", House.stranger(), body: body)
            #expect(welcome.status == 201)
            #expect(welcome.json["user"]?["name"] == "A. Trader")
            #expect(welcome.json["user"]?["status"] == "active")
            let again = try await house.caller.call(
                "POST", "/v1/invitations/accept", House.stranger(), body: body)
            #expect(again.status == 401)
            guard
                case .caller(let caller) = try await house.outcome(
                    AccessTokenSecret.of(try #require(welcome.json["access_token"])))
            else {
                Issue.record("the access token is refused")
                return
            }
            #expect(caller.permissions == BuiltInRole.trader.permissions)
        }
    }

    @Test func `unknown, malformed, used, lapsed and disabled invitations look alike`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            func invite(_ name: String) async throws -> (id: String, token: String) {
                let json = try await house.caller.call(
                    "POST", "/v1/users", owner, body: #"{"name":"\#(name)","email":"\#(name)@desk.example"}"#
                ).json
                return (json["id"]?.asString ?? "", json["invitation"]?["token"]?.asString ?? "")
            }
            let (used, lapsed, disabled) = (
                try await invite("a"), try await invite("b"), try await invite("c")
            )
            func accept(_ token: String, at now: Timestamp = .testStart) async throws -> TestAnswer {
                try await house.caller.call(
                    "POST", "/v1/invitations/accept", House.stranger(at: now), body: #"{"token":"\#(token)"}"#
                )
            }
            #expect(try await accept(used.token).status == 201)
            _ = try await house.caller.call("POST", "/v1/users/\(disabled.id)/disable", owner)
            let answers = [
                try await accept(AccessTokenSecret(.invitation, .system).text),
                try await accept("kbi_00000000"),
                try await accept(used.token), try await accept(lapsed.token, at: .testStart + .days(7)),
                try await accept(disabled.token),
            ]
            #expect(Set(answers.map(\.text)).count == 1)
            #expect(answers.allSatisfy { $0.status == 401 })
            #expect(answers[0].json["detail"]?.asString?.contains("invitation") == true)
            _ = try await house.caller.call("POST", "/v1/users/\(disabled.id)/enable", owner)
            #expect(try await accept(disabled.token).status == 201)
        }
    }

    @Test func `who has not come is invited again, and the first invitation is void`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let first = try await house.caller.call(
                "POST", "/v1/users", owner,
                body: #"{"name":"a","email":"a@desk.example","role":"security"}"#
            ).json
            let path = "/v1/users/\(first["id"]?.asString ?? "")/invite"
            // An invitation is a way in: who could not grant the role cannot have one made.
            let admin = try await house.join("admin", .admin, by: owner)
            let refused = try await house.caller.call("POST", path, admin)
            #expect(refused.status == 403, "\(refused.text)")
            let again = try await house.caller.call("POST", path, owner)
            #expect(again.status == 201, "\(again.text)")
            func accept(_ answer: JSONValue) async throws -> TestAnswer {
                let token = answer["invitation"]?["token"]?.asString ?? ""
                return try await house.caller.call(
                    "POST", "/v1/invitations/accept", House.stranger(), body: #"{"token":"\#(token)"}"#)
            }
            #expect(try await accept(first).status == 401)
            #expect(try await accept(again.json).status == 201)
            #expect(try await house.caller.call("POST", path, owner).code == "conflict")
            let events = try await house.events().filter { $0.type == "user.invited" }
            #expect(events.filter { $0.data["role"]?.asString == "security" }.count == 2)
        }
    }

    @Test func `a repeat under the same key is told that it was done`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let invited = try await house.caller.call(
                "POST", "/v1/users", owner, body: #"{"name":"a","email":"a@desk.example"}"#)
            let token = invited.json["invitation"]?["token"]?.asString ?? ""
            func accept(_ key: String, _ digest: UInt8) async throws -> TestAnswer {
                var stranger = House.stranger()
                stranger.idempotency = IdempotencyClaim(
                    method: "POST", path: "/v1/invitations/accept", key: key, bodyDigest: [digest])
                return try await house.caller.call(
                    "POST", "/v1/invitations/accept", stranger, body: #"{"token":"\#(token)"}"#)
            }
            #expect(try await accept("one", 1).status == 201)
            #expect(try await accept("one", 1).code == "already_done")
            #expect(try await accept("one", 2).code == "idempotency_key_reused")
            #expect(try await accept("two", 1).code == "unauthenticated")
        }
    }
}
