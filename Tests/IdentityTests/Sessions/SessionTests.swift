import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

@Suite(.serialized) struct SessionTests {
    private nonisolated(nonsending) func isIn(
        _ entrance: Entrance, _ answer: TestAnswer, at now: Timestamp = .testStart
    ) async throws -> Bool {
        if case .caller = try await entrance.outcome(answer, at: now) { true } else { false }
    }

    @Test func `sessions are listed, and end one by one or all at once`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let caller = entrance.house.caller
            _ = try await entrance.join("ann")
            var answers: [TestAnswer] = []
            for index in 0..<4 {
                let later = Timestamp.testStart + .seconds(Int64(index))
                answers.append(try await entrance.logIn("ann@desk.example", at: later))
            }
            let own = try await entrance.context(of: answers[3])
            let page = try await caller.call("GET", "/v1/sessions?limit=3", own)
            let ids = answers.map { $0.json["session"]?["id"]?.asString ?? "" }
            let listed = page.json["data"]?.asArray?.compactMap { $0["id"]?.asString }
            #expect(listed == Array(ids.reversed().prefix(3)), "\(page.text)")
            #expect(page.json["data"]?[0]?["current"] == true && page.json["data"]?[1]?["current"] == false)
            let cursor = page.json["next_cursor"]?.asString ?? ""
            let rest = try await caller.call("GET", "/v1/sessions?limit=3&cursor=\(cursor)", own)
            #expect(rest.json["data"]?.asArray?.count == 1)

            #expect(try await caller.call("DELETE", "/v1/sessions/\(ids[0])", own).status == 204)
            #expect(try await !isIn(entrance, answers[0]))
            #expect(try await isIn(entrance, answers[1]))
            let left = try await caller.call("DELETE", "/v1/sessions/current", own)
            #expect(left.status == 204 && left.response.head.fields.count { $0.name == .setCookie } == 2)
            #expect(try await !isIn(entrance, answers[3]))
            let other = try await entrance.context(of: answers[1])
            #expect(try await caller.call("DELETE", "/v1/sessions", other).status == 204)
            for answer in answers { #expect(try await !isIn(entrance, answer)) }
            let ended = try await entrance.house.events().filter { $0.type == "session.ended" }
            #expect(ended.map { $0.data["reason"] } == ["ended", "logged_out", "ended", "ended"])
        }
    }

    @Test func `one session more than a user may have ends the one that has rested longest`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            var answers: [TestAnswer] = []
            for index in 0...Session.perUser {
                let later = Timestamp.testStart + .seconds(Int64(index))
                answers.append(try await entrance.logIn("ann@desk.example", at: later))
            }
            #expect(try await !isIn(entrance, answers[0]))
            for answer in answers.dropFirst() { #expect(try await isIn(entrance, answer)) }
            let ended = try await entrance.house.events().filter { $0.type == "session.ended" }
            #expect(ended.map { $0.data["reason"] } == ["too_many"])
        }
    }

    @Test func `other people's sessions are an admin's business, and an owner's an owner's`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let (house, caller) = (entrance.house, entrance.house.caller)
            let ann = try await entrance.join("ann")
            let ben = try await entrance.join("ben")
            let admin = try await house.join("admin", .admin, by: entrance.owner)
            let session = try await entrance.logIn("ann@desk.example")
            let (id, user) = (
                session.json["session"]?["id"]?.asString ?? "", ann.actor.principal?.description ?? ""
            )
            #expect(try await caller.call("DELETE", "/v1/sessions/\(id)", ben).status == 404)
            #expect(try await caller.call("DELETE", "/v1/sessions?user_id=\(user)", ben).code == "forbidden")
            #expect(try await caller.call("GET", "/v1/sessions?user_id=\(user)", ben).code == "forbidden")
            #expect(try await caller.call("GET", "/v1/sessions", ben).json["data"] == [])
            let seen = try await caller.call("GET", "/v1/sessions?user_id=\(user)", admin)
            #expect(seen.json["data"]?[0]?["id"]?.asString == id)
            #expect(try await caller.call("DELETE", "/v1/sessions/\(id)", admin).status == 204)
            #expect(try await !isIn(entrance, session))
            let owner = entrance.owner.actor.principal?.description ?? ""
            #expect(
                try await caller.call("DELETE", "/v1/sessions?user_id=\(owner)", admin).code == "forbidden")
            #expect(try await caller.call("DELETE", "/v1/sessions/current", ann).status == 404)
        }
    }

    @Test func `a session lapses by rest and by age, as the settings stand`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            let session = try await entrance.logIn("ann@desk.example")
            let start = Timestamp.testStart
            #expect(try await isIn(entrance, session, at: start + .hours(8) - .seconds(1)))
            #expect(try await !isIn(entrance, session, at: start + .hours(8)))
            // Used every seven hours, it ends by age.
            let authenticator = Authenticator(
                ledger: entrance.house.ledger, refusals: entrance.house.refusals)
            for index in 1...23 {
                let now = start + .hours(Int64(7 * index))
                let attempt = try await authenticator.begin(session.credential, from: nil, now: now)
                let fresh = try await authenticator.settle(attempt, from: nil, now: now)
                guard case .caller = (fresh ?? attempt).outcome else {
                    Issue.record("the session ended after \(7 * index) hours")
                    return
                }
                try await authenticator.flush(now: now)
            }
            #expect(try await !isIn(entrance, session, at: start + .days(7)))
            // Nobody is suspicious for having been away.
            #expect(try await entrance.house.events().allSatisfy { $0.type != "access_token.refused" })
        }
    }

    @Test func `settings are an owner's, by revision, and hold at once`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let caller = entrance.house.caller
            _ = try await entrance.join("ann")
            let session = try await entrance.logIn("ann@desk.example")
            let path = "/v1/settings/sign-in"
            let read = try await caller.call("GET", path, entrance.owner)
            #expect(read.json["mfa_grace"] == "7d" && read.json["session_idle"] == "8h")
            #expect(read.json["session_lifetime"] == "7d" && read.etag == "\"1\"")
            let body = #"{"mfa_grace":"3d","session_idle":"5m","session_lifetime":"36h"}"#
            func put(_ body: String, _ tag: String?) async throws -> TestAnswer {
                try await caller.call(
                    "PUT", path, entrance.owner, headers: tag.map { [(name: "if-match", value: $0)] } ?? [],
                    body: body)
            }
            #expect(try await put(body, nil).status == 428)
            #expect(try await put(body, "\"2\"").status == 412)
            let epoch = try await entrance.house.epoch()
            let changed = try await put(body, "\"1\"")
            #expect(changed.json["session_lifetime"] == "36h" && changed.etag == "\"2\"", "\(changed.text)")
            #expect(try await entrance.house.epoch() == epoch + 1)
            #expect(try await put(body, "\"2\"").etag == "\"2\"")
            #expect(try await isIn(entrance, session, at: .testStart + .minutes(4)))
            #expect(try await !isIn(entrance, session, at: .testStart + .minutes(5)))
            let wrong = try await put(
                #"{"mfa_grace":"0d","session_idle":"2d","session_lifetime":"1d"}"#, "\"2\"")
            #expect(Set(wrong.pointers) == ["/mfa_grace", "/session_idle"])
            #expect(try await entrance.house.events().count { $0.type == "sign_in.changed" } == 1)
        }
    }

    @Test func `whoever is disabled is out, and enabling brings no session back`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let ann = try await entrance.join("ann")
            let session = try await entrance.logIn("ann@desk.example")
            let path = "/v1/users/\(ann.actor.principal?.description ?? "")"
            for what in ["disable", "enable"] {
                let answer = try await entrance.house.caller.call("POST", "\(path)/\(what)", entrance.owner)
                #expect(answer.status == 200)
                #expect(try await !isIn(entrance, session))
            }
            #expect(try await entrance.logIn("ann@desk.example").status == 201)
        }
    }

    @Test func `a session that is kept in memory ends with the epoch`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            let session = try await entrance.logIn("ann@desk.example")
            let authenticator = Authenticator(
                ledger: entrance.house.ledger, refusals: entrance.house.refusals)
            _ = try await authenticator.begin(session.credential, from: nil, now: .testStart)
            let own = try await entrance.context(of: session)
            #expect(try await entrance.house.caller.call("DELETE", "/v1/sessions", own).status == 204)
            let attempt = try await authenticator.begin(session.credential, from: nil, now: .testStart)
            guard case .caller = attempt.outcome else {
                Issue.record("it was not kept")
                return
            }
            let settled = try await authenticator.settle(attempt, from: nil, now: .testStart)
            #expect(settled?.outcome == .anonymous)
        }
    }

    @Test func `whoever stays longer than a request is told when a session or a token has ended`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let ann = try await entrance.join("ann")
            let own = try await entrance.context(of: try await entrance.logIn("ann@desk.example"))
            let later = Timestamp.testStart + .hours(8)
            let endless = try await Bearing.term(of: ann.actor, at: .testStart, in: database)
            #expect(endless == Bearing.Term(end: nil))
            let term = try await Bearing.term(of: own.actor, at: .testStart, in: database)
            #expect(term == Bearing.Term(end: later), "unless it is used until then")
            #expect(try await Bearing.term(of: own.actor, at: later, in: database) == nil)
            let token = ann.actor.accessToken?.description ?? ""
            let revoked = try await entrance.house.caller.call(
                "POST", "/v1/access-tokens/\(token)/revoke", entrance.owner)
            #expect(revoked.status == 200, "\(revoked.text)")
            #expect(try await Bearing.term(of: ann.actor, at: .testStart, in: database) == nil)
            #expect(try await entrance.house.caller.call("DELETE", "/v1/sessions", own).status == 204)
            #expect(try await Bearing.term(of: own.actor, at: .testStart, in: database) == nil)
        }
    }

    @Test func `a cookie that is none, and one that nobody has, are refused`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let authenticator = Authenticator(
                ledger: entrance.house.ledger, refusals: entrance.house.refusals)
            let unknown = Credential.session(AccessTokenSecret(.session, .system).hash)
            let attempt = try await authenticator.begin(unknown, from: nil, now: .testStart)
            guard case .refused(let refusal) = attempt.outcome else {
                Issue.record("a session was made up")
                return
            }
            #expect(refusal.reason == .unknown)
            // A token's hash opens no session, and the other way round.
            _ = try await entrance.join("ann")
            let session = try await entrance.logIn("ann@desk.example")
            let hash = try #require(session.credential.hash)
            let crossed = try await authenticator.begin(.presented(hash), from: nil, now: .testStart)
            guard case .refused = crossed.outcome else {
                Issue.record("a session's cookie passes as an access token")
                return
            }
        }
    }
}
