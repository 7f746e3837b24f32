import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

@Suite(.serialized) struct PasswordTests {
    private static let next = "a walk along the northern pier"

    private nonisolated(nonsending) func change(
        _ entrance: Entrance, _ context: Context, old: String?, to new: String = PasswordTests.next
    ) async throws -> TestAnswer {
        let given = old.map { #""old_password":"\#($0)","# } ?? ""
        return try await entrance.house.caller.call(
            "PUT", "/v1/password", context, body: #"{\#(given)"password":"\#(new)"}"#)
    }

    @Test func `a change needs the old password, and ends every other session`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            let sessions = [
                try await entrance.logIn("ann@desk.example"), try await entrance.logIn("ann@desk.example"),
            ]
            let own = try await entrance.context(of: sessions[0])
            #expect(try await change(entrance, own, old: nil).pointers == ["/old_password"])
            #expect(try await change(entrance, own, old: "wrong").pointers == ["/old_password"])
            #expect(
                try await change(entrance, own, old: Entrance.password, to: "too short").pointers == [
                    "/password"
                ])
            #expect(
                try await change(entrance, own, old: Entrance.password, to: "ann at the desk").pointers == [])
            _ = try await entrance.context(of: sessions[0])
            guard case .anonymous = try await entrance.outcome(sessions[1]) else {
                Issue.record("the other session goes on")
                return
            }
            #expect(try await entrance.logIn("ann@desk.example").status == 401)
            #expect(try await entrance.logIn("ann@desk.example", "ann at the desk").status == 201)
        }
    }

    @Test func `guessing the old password is counted as log-ins are, apart from them`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let ann = try await entrance.join("ann")
            for _ in 0..<5 { #expect(try await change(entrance, ann, old: "wrong").status == 422) }
            #expect(try await change(entrance, ann, old: Entrance.password).status == 429)
            #expect(try await entrance.logIn("ann@desk.example").status == 201)
        }
    }

    @Test func `the first password needs no old one, and no narrowed token or service account sets any`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let (house, owner) = (entrance.house, entrance.owner)
            for narrowing in [#""scopes":["keys:read"]"#, #""cidrs":["10.0.0.0/8"]"#] {
                let made = try await house.caller.call(
                    "POST", "/v1/access-tokens", owner, body: #"{"name":"narrow",\#(narrowing)}"#)
                var narrow = owner
                narrow.actor.accessToken = made.json["id"]?.asString.flatMap { AccessTokenID($0) }
                #expect(try await change(entrance, narrow, old: nil).code == "forbidden", "\(made.text)")
            }
            var bot = owner
            bot.actor.principal = PrincipalID(.serviceAccount, UUID(at: .testStart, entropy: .system))
            #expect(try await change(entrance, bot, old: nil).code == "forbidden")
            #expect(try await change(entrance, owner, old: "some").pointers == ["/old_password"])
            #expect(try await change(entrance, owner, old: nil).status == 204)
            #expect(try await change(entrance, owner, old: nil).pointers == ["/old_password"])
            #expect(try await entrance.logIn("owner@desk.example", Self.next).status == 201)
        }
    }

    private nonisolated(nonsending) func link(
        _ entrance: Entrance, _ user: Context, by admin: Context
    ) async throws -> TestAnswer {
        try await entrance.house.caller.call(
            "POST", "/v1/users/\(user.actor.principal?.description ?? "")/password-reset", admin)
    }

    private nonisolated(nonsending) func reset(
        _ entrance: Entrance, _ token: String, to new: String = PasswordTests.next,
        at now: Timestamp = .testStart
    ) async throws -> TestAnswer {
        let body: JSONValue = ["token": .string(token), "password": .string(new)]
        return try await entrance.house.caller.call(
            "POST", "/v1/password/reset", House.stranger(at: now),
            body: String(decoding: body.bytes, as: UTF8.self))
    }

    @Test func `T13: 64 uses of a link, in every spelling, set one password`() async throws {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let entrance = try await Entrance(database)
            let ann = try await entrance.join("ann")
            let session = try await entrance.logIn("ann@desk.example")
            let made = try await link(entrance, ann, by: entrance.owner)
            #expect(made.status == 201, "\(made.text)")
            let token = made.json["token"]?.asString ?? ""
            #expect(made.json["url"]?.asString == "http://127.0.0.1:8720/password#\(token)")
            let variants = [token, " \(token)", "\(token)\n", token.uppercased(), "\(token)\u{200B}", token]
            var statuses: [Int] = []
            let tasks = (0..<32).map { index in
                Task {
                    _ = worker
                    return try await self.reset(
                        entrance, variants[index % variants.count], to: "phrase of the try \(index)"
                    ).status
                }
            }
            for task in tasks { statuses.append(try await task.value) }
            #expect(statuses.count { $0 == 204 } == 1, "\(statuses)")
            #expect(statuses.allSatisfy { [204, 401, 422, 503].contains($0) })
            guard case .anonymous = try await entrance.outcome(session) else {
                Issue.record("the session goes on")
                return
            }
            #expect(try await reset(entrance, token).status == 401)
            #expect(
                try await entrance.house.events().count {
                    $0.type == "password.changed" && $0.data["via"] == "reset"
                } == 1)
        }
    }

    @Test func `unknown, used, lapsed and replaced links look alike, and hash nothing`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let ann = try await entrance.join("ann")
            let replaced = try await link(entrance, ann, by: entrance.owner).json["token"]?.asString ?? ""
            let lapsed = try await link(entrance, ann, by: entrance.owner).json["token"]?.asString ?? ""
            let before = scratchHasher.count
            let answers = [
                try await reset(entrance, AccessTokenSecret(.passwordReset, .system).text),
                try await reset(entrance, "kbr_00000000"), try await reset(entrance, replaced),
                try await reset(entrance, lapsed, at: .testStart + .hours(24)),
            ]
            #expect(Set(answers.map(\.text)).count == 1)
            #expect(answers.allSatisfy { $0.status == 401 })
            #expect(scratchHasher.count == before)
            // What is wrong with the password does not spend the link.
            #expect(try await reset(entrance, lapsed, to: "short").status == 422)
            #expect(try await reset(entrance, lapsed).status == 204)
        }
    }

    @Test func `a link leads to what its user may, so making one needs as much`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let house = entrance.house
            let admin = try await house.join("admin", .admin, by: entrance.owner)
            let security = try await house.join("security", .security, by: entrance.owner)
            let auditor = try await house.join("auditor", nil, by: entrance.owner)
            #expect(try await link(entrance, entrance.owner, by: admin).code == "forbidden")
            #expect(try await link(entrance, security, by: admin).code == "forbidden")
            #expect(try await link(entrance, auditor, by: admin).status == 201)
            let invited = try await house.caller.call(
                "POST", "/v1/users", entrance.owner, body: #"{"name":"b","email":"b@desk.example"}"#)
            let path = "/v1/users/\(invited.json["id"]?.asString ?? "")/password-reset"
            #expect(try await house.caller.call("POST", path, entrance.owner).code == "conflict")
        }
    }

    @Test func `a link leads nowhere once its user has set a password`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let ann = try await entrance.join("ann")
            let token = try await link(entrance, ann, by: entrance.owner).json["token"]?.asString ?? ""
            let set = try await change(entrance, ann, old: Entrance.password, to: "a phrase of her own")
            #expect(set.status == 204, "\(set.text)")
            #expect(try await reset(entrance, token).status == 401)
            #expect(try await entrance.logIn("ann@desk.example", "a phrase of her own").status == 201)
        }
    }

    @Test func `an unfit password does not spend the invitation`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let house = entrance.house
            let invited = try await house.caller.call(
                "POST", "/v1/users", entrance.owner, body: #"{"name":"Annabel","email":"ab@desk.example"}"#)
            let token = invited.json["invitation"]?["token"]?.asString ?? ""
            for (password, status) in [("short", 422), ("annabel in the rain", 422), (Self.next, 201)] {
                let answer = try await house.caller.call(
                    "POST", "/v1/invitations/accept", House.stranger(),
                    body: #"{"token":"\#(token)","password":"\#(password)"}"#)
                #expect(answer.status == status, "\(answer.text)")
                if status == 422 { #expect(answer.pointers == ["/password"]) }
            }
            #expect(try await entrance.logIn("ab@desk.example", Self.next).status == 201)
        }
    }
}
