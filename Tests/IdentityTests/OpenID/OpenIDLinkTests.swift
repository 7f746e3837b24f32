import Access
import Events
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// Whoever is signed in links an account of the provider, and shows its factor again.
@Suite(.serialized) struct OpenIDLinkTests {
    private static let link = "/v1/me/openid-link"
    private static let stepUp = "/v1/step-up/openid"

    private func at(_ later: Period = .seconds(0)) -> JSONValue {
        .number(JSONNumber((Timestamp.testStart + later).seconds))
    }

    @Test func `a link is made while signed in, by whatever address, and takes back what it gave`()
        async throws
    {
        try await Lobby.open { _, lobby async throws in
            let ann = try await lobby.house.join("ann", .analyst, by: lobby.owner)
            let id = try #require(ann.actor.principal?.description)
            let browser = try await lobby.session(of: ann)
            #expect(try await lobby.caller.call("POST", Self.link, ann).code == "conflict")
            #expect(try await lobby.caller.call("GET", Self.link, browser).json["issuer"] == .null)
            let claims = Lobby.ann.with("email", "other@elsewhere.example").with("groups", ["traders"])
            let trip = try await lobby.leave(by: Self.link, as: claims.with("auth_time", at()), browser)
            let back = try await lobby.arrive(trip)
            #expect(back.status == 303 && back.response.head[.location] == "/#linked", "\(back.text)")
            #expect(back.response.head.fields.count { $0.name == .setCookie } == 1)
            let shown = try await lobby.caller.call("GET", Self.link, browser)
            #expect(shown.json["issuer"]?.asString == lobby.provider.issuer)
            #expect(try await lobby.caller.call("POST", Self.link, browser).code == "conflict")
            #expect(try await lobby.logIn(as: claims).json["id"]?.asString == id)
            #expect(try await lobby.user(id)["roles"] == ["trader", "analyst"])
            let other = try #require(try await lobby.session(of: ann).actor.session)
            #expect(try await lobby.caller.call("DELETE", Self.link, browser).status == 204)
            let database = lobby.house.ledger.database
            #expect(try await SessionStore.holder(of: other, at: .testStart, in: database) == nil)
            let own = try #require(browser.actor.session)
            #expect(try await SessionStore.holder(of: own, at: .testStart, in: database) == ann.actor.user)
            #expect(try await lobby.user(id)["roles"] == ["analyst"])
            #expect(try await lobby.caller.call("DELETE", Self.link, browser).code == "not_found")
            #expect(try await lobby.logIn(as: claims).status == 401)
        }
    }

    @Test func `a visit links nobody but who began it, once, while the session lasts`() async throws {
        try await Lobby.open { _, lobby async throws in
            let (ann, bob) = (
                try await lobby.session(of: lobby.join("ann", .analyst)),
                try await lobby.session(of: lobby.house.join("bob", .trader, by: lobby.owner))
            )
            let claims = Lobby.ann.with("auth_time", at())
            // The account is Ann's already.
            let taken = try await lobby.leave(by: Self.link, as: claims, bob)
            #expect(try await lobby.arrive(taken).status == 401)
            // Whoever was signed in at the provider before, on the same machine.
            let bobs = claims.with("sub", "bob-1")
            let stale = try await lobby.leave(
                by: Self.link, as: bobs.with("auth_time", at(.minutes(-2))), bob)
            #expect(try await lobby.arrive(stale).status == 401)
            // Another browser brings the answer.
            let (one, two) = (
                try await lobby.leave(by: Self.link, as: bobs, bob), try await lobby.leave(as: bobs)
            )
            #expect(try await lobby.arrive(Lobby.Trip(cookie: two.cookie, query: one.query)).status == 401)
            let late = try await lobby.leave(by: Self.link, as: bobs, bob)
            let path = "/v1/sessions/\(bob.actor.session?.description ?? "")"
            #expect(try await lobby.house.caller.call("DELETE", path, bob).status == 204)
            #expect(try await lobby.arrive(late).status == 401)
            let database = lobby.house.ledger.database
            let user = try #require(bob.actor.user)
            #expect(try await OpenIDLinkStore.find(of: user, in: database) == nil)
            #expect(try await lobby.caller.call("GET", Self.link, ann).json["linked_at"] != .null)
        }
    }

    @Test func `a step-up counts by a log-in that was made for it, of that very person`() async throws {
        try await Lobby.open({ $0.factorValues = ["otp"] }) { _, lobby async throws in
            let ann = try await lobby.session(of: lobby.join("ann", .analyst))
            let strong = Lobby.ann.with("amr", ["otp"])
            let began = try await lobby.caller.call("POST", Self.stepUp, ann)
            let url = began.json["url"]?.asString ?? ""
            #expect(url.contains("&max_age=0") && url.contains("&prompt=login"), "\(began.text)")
            let wrong = [
                strong, strong.with("auth_time", at(.seconds(-61))),
                strong.with("auth_time", at()).with("sub", "eve-1"), Lobby.ann.with("auth_time", at()),
            ]
            for claims in wrong {
                let trip = try await lobby.leave(by: Self.stepUp, as: claims, ann)
                #expect(try await lobby.arrive(trip).status == 401)
            }
            let id = try #require(ann.actor.session)
            let database = lobby.house.ledger.database
            #expect(try await SessionStore.find(id, in: database)?.factorAt == nil)
            let before = try await lobby.house.epoch()
            let trip = try await lobby.leave(by: Self.stepUp, as: strong.with("auth_time", at()), ann)
            let back = try await lobby.arrive(trip)
            #expect(back.response.head[.location] == "/#fresh", "\(back.text)")
            let session = try await SessionStore.find(id, in: database)
            #expect(session?.factorAt == .testStart && session?.factor == "openid")
            #expect(session?.via == .password)
            #expect(try await lobby.house.epoch() > before)
        }
    }

    @Test func `whoever has nothing of ours yet sets the first by a fresh log-in at the provider`()
        async throws
    {
        try await Lobby.open { _, lobby async throws in
            let ann = try await lobby.session(of: lobby.join("ann", .analyst))
            let check = StepUpCheck(database: lobby.house.ledger.database)
            let action = StepUpAction(operation: "beginTOTP", method: "POST", path: "/v1/me/factors/totp")
            let caller = Caller(actor: ann.actor, rights: ann.rights, mfaDueAt: .testStart + .days(7))
            let headers = try testRequest("POST", "/v1/me/factors/totp").head.headers
            func begins(after wait: Period) async throws -> Bool {
                do {
                    try await check.check(
                        .forOwnFactors, of: action, by: caller, headers, at: .testStart + wait)
                    return true
                } catch let problem as Problem {
                    #expect(problem.code == .stepUpRequired, "\(problem)")
                    return false
                }
            }
            #expect(try await !begins(after: .seconds(0)))
            let trip = try await lobby.leave(
                by: Self.stepUp, as: Lobby.ann.with("auth_time", at()), ann)
            #expect(try await lobby.arrive(trip).response.head[.location] == "/#fresh")
            #expect(try await begins(after: .minutes(4)))
            #expect(try await !begins(after: .minutes(5)))
        }
    }

    @Test func `where the provider's word is one factor, it is none to show`() async throws {
        try await Lobby.open { _, lobby async throws in
            let ann = try await lobby.join("ann", .analyst)
            let browser = try await lobby.session(of: ann)
            try await lobby.setPassword(of: ann)
            #expect(try await lobby.caller.call("POST", Self.stepUp, browser).code == "conflict")
        }
        try await Lobby.open({ $0.factorValues = ["otp"] }) { _, lobby async throws in
            let bob = try await lobby.house.join("bob", .trader, by: lobby.owner)
            #expect(try await lobby.caller.call("POST", Self.stepUp, bob).code == "conflict")
            let browser = try await lobby.session(of: bob)
            #expect(try await lobby.caller.call("POST", Self.stepUp, browser).code == "conflict")
        }
    }
}
