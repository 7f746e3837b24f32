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

/// Log-in by a provider as it should go: there, back, and in.
@Suite(.serialized) struct OpenIDLoginTests {
    private func with(
        _ algorithm: TokenAlgorithm = .es256, _ change: @Sendable (inout OpenIDSettings) -> Void = { _ in },
        _ body: @Sendable (isolated Worker, Lobby) async throws -> Void
    ) async throws {
        try await Lobby.open(algorithm: algorithm, change, body)
    }

    @Test func `the browser is sent to the provider with all that binds the log-in to it`() async throws {
        try await with { _, lobby async throws in
            let answer = try await lobby.begin()
            #expect(answer.status == 303)
            #expect(answer.response.head[.cacheControl] == "no-store")
            #expect(answer.response.head[.referrerPolicy] == "no-referrer")
            let cookie = try #require(answer.response.head[.setCookie])
            #expect(cookie.hasPrefix("__Host-keybell_oidc="))
            for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=600"] {
                #expect(cookie.contains("; \(attribute)"), "\(attribute)")
            }
            let location = try #require(answer.response.head[.location])
            let query = try Form(String(location.drop { $0 != "?" }.dropFirst()))
            #expect(query["redirect_uri"] == "https://keybell.example/v1/oidc/callback")
            #expect(query["scope"] == "openid email profile")
            let values = [query["state"], query["nonce"], query["code_challenge"]].compactMap { $0 }
            #expect(Set(values).count == 3 && values.allSatisfy { $0.utf8.count == 43 })
            for value in values { #expect(!cookie.contains(value)) }
            let again = try await lobby.begin()
            #expect(again.response.head[.location] != location)
        }
    }

    @Test(arguments: TokenAlgorithm.allCases)
    func `an invited user joins by the verified address, and comes back by the link`(
        algorithm: TokenAlgorithm
    ) async throws {
        try await with(algorithm) { _, lobby async throws in
            let invited = try await lobby.invite("ann")
            let answer = try await lobby.logIn()
            #expect(answer.status == 200, "\(answer.text)")
            let id = try #require(answer.json["id"]?.asString)
            #expect(id == invited["id"]?.asString)
            let user = try await lobby.user(id)
            #expect(user["status"] == "active")
            #expect(user["role"] == .null)
            #expect(try await lobby.house.events().last?.data["via"] == "openid")
            #expect(try await lobby.house.actions().isSuperset(of: ["users.link", "users.join"]))
            // The invitation leads nowhere any more.
            let token = invited["invitation"]?["token"]?.asString ?? ""
            let late = try await lobby.house.caller.call(
                "POST", "/v1/invitations/accept", House.stranger(), body: #"{"token":"\#(token)"}"#)
            #expect(late.status == 401)
            // Another address, verified or not, changes nothing: the link counts.
            let moved = Lobby.ann.with("email", "ann@elsewhere.example").with("email_verified", false)
            let again = try await lobby.logIn(as: moved)
            #expect(again.json["id"]?.asString == id, "\(again.text)")
        }
    }

    @Test func `an address finds the invited one in any spelling, and nobody who has joined`() async throws {
        try await with { _, lobby async throws in
            let invited = try await lobby.invite("ann")
            _ = try await lobby.house.join("bob", .analyst, by: lobby.owner)
            let bob = Lobby.ann.with("sub", "bob-1").with("email", "bob@desk.example")
            #expect(try await lobby.logIn(as: bob).status == 401)
            let answer = try await lobby.logIn(as: Lobby.ann.with("email", "ANN@Desk.Example"))
            #expect(answer.json["id"] == invited["id"], "\(answer.text)")
        }
        try await with(.es256, { $0.linksInvited = false }) { _, lobby async throws in
            _ = try await lobby.invite("ann")
            #expect(try await lobby.logIn().status == 401)
        }
    }

    @Test func `an invitation that has lapsed leads nobody in`() async throws {
        try await with { _, lobby async throws in
            _ = try await lobby.invite("ann")
            let late = Timestamp.testStart + .days(7)
            let found = try await OpenIDLinkStore.user(
                by: "ann@desk.example", at: late, in: lobby.house.ledger.database)
            #expect(found?.isInvited == false)
        }
    }

    @Test func `nobody is made a user unless a setting says so, and then only by a group`() async throws {
        try await with { _, lobby async throws in
            #expect(try await lobby.logIn(as: Lobby.ann.with("groups", ["traders"])).status == 401)
        }
        try await with(.es256, { $0.createsUsers = true }) { _, lobby async throws in
            #expect(try await lobby.logIn().status == 401)
            let claims = Lobby.ann.with("groups", ["traders"]).with("name", "A\u{7}nn\n")
            let answer = try await lobby.logIn(as: claims)
            let id = try #require(answer.json["id"]?.asString, "\(answer.text)")
            let user = try await lobby.user(id)
            #expect(user["name"] == "Ann")
            #expect(user["email"] == "Ann@desk.example")
            #expect(user["role"] == "trader")
            #expect(user["status"] == "active")
        }
    }

    @Test func `groups become grants, which go when the group goes, and others are left alone`() async throws
    {
        try await with { _, lobby async throws in
            let ann = try await lobby.join("ann", .analyst)
            let id = ann.actor.principal?.description ?? ""
            let epoch = try await lobby.house.epoch()
            _ = try await lobby.logIn(as: Lobby.ann.with("groups", ["traders", "desk-admins", "others"]))
            #expect(try await lobby.user(id)["roles"] == ["admin", "trader", "analyst"])
            #expect(try await lobby.house.epoch() > epoch)
            let unchanged = try await lobby.house.epoch()
            _ = try await lobby.logIn(as: Lobby.ann.with("groups", ["desk-admins", "traders"]))
            #expect(try await lobby.house.epoch() == unchanged)
            _ = try await lobby.logIn(as: Lobby.ann.with("groups", ["traders"]))
            #expect(try await lobby.user(id)["roles"] == ["trader", "analyst"])
            #expect(try await lobby.house.events().last?.type == "grant.changed")
            _ = try await lobby.logIn()
            #expect(try await lobby.user(id)["roles"] == ["analyst"])
        }
    }

    @Test func `a role that somebody granted by hand is nobody's to take`() async throws {
        try await with { _, lobby async throws in
            let ann = try await lobby.join("ann", .trader)
            let id = ann.actor.principal?.description ?? ""
            _ = try await lobby.logIn(as: Lobby.ann.with("groups", ["traders"]))
            _ = try await lobby.logIn()
            #expect(try await lobby.user(id)["roles"] == ["trader"])
        }
    }

    @Test func `an owner by group stops being one when the group goes, unless nobody else is`() async throws {
        try await with { _, lobby async throws in
            let first = try #require(lobby.owner.actor.principal)
            _ = try await lobby.join("ann", nil)
            let ann = try await lobby.logIn(as: Lobby.ann.with("groups", ["chiefs"])).json["id"]?.asString
            #expect(try await lobby.user(ann ?? "")["roles"] == ["owner"])
            // The first owner steps back: Ann is the last one.
            let grants = try await lobby.house.caller.call(
                "GET", "/v1/grants?principal_id=\(first)", lobby.owner)
            let grant = grants.json["data"]?[0]?["id"]?.asString ?? ""
            let gone = try await lobby.house.caller.call("DELETE", "/v1/grants/\(grant)", lobby.owner)
            #expect(gone.status == 204)
            let stays = try await lobby.logIn()
            #expect(stays.status == 200, "\(stays.text)")
            #expect(try await lobby.user(ann ?? "")["roles"] == ["owner"])
            let back = try await lobby.house.caller.call(
                "POST", "/v1/grants", lobby.owner,
                body: #"{"principal_id":"\#(first)","role":"owner","on":{}}"#)
            #expect(back.status == 201, "\(back.text)")
            // Only by an access token the first does not come in for long.
            _ = try await lobby.logIn()
            #expect(try await lobby.user(ann ?? "")["roles"] == ["owner"])
            try await lobby.setPassword(of: lobby.owner)
            _ = try await lobby.logIn()
            #expect(try await lobby.user(ann ?? "")["roles"] == [])
        }
    }

    @Test func `the provider's second factor counts where an operator says by which word`() async throws {
        try await with(.es256, { $0.factorValues = ["otp"] }) { _, lobby async throws in
            _ = try await lobby.invite("ann")
            let now = JSONValue.number(JSONNumber(Timestamp.testStart.seconds))
            let ann = Lobby.ann.with("auth_time", now)
            #expect(try await lobby.logIn(as: ann.with("amr", ["pwd"])).json["strong"] == false)
            #expect(try await lobby.logIn(as: ann.with("amr", ["pwd", "otp"])).json["strong"] == true)
            // Without the hour nobody knows whether it was this morning.
            let silent = Lobby.ann.with("amr", ["pwd", "otp"])
            #expect(try await lobby.logIn(as: silent).json["strong"] == false)
            #expect(try await lobby.begin().response.head[.location]?.contains("&max_age=86400") == true)
        }
    }

    @Test func `a secret goes by the way that the provider takes, or there is none`() async throws {
        try await with { _, lobby async throws in
            _ = try await lobby.invite("ann")
            lobby.provider.behave { manner in
                manner.metadata = { $0.with("token_endpoint_auth_methods_supported", ["client_secret_post"]) }
            }
            #expect(try await lobby.logIn().status == 200)
        }
        try await with { _, lobby async throws in
            _ = try await lobby.invite("ann")
            lobby.provider.behave { $0.secret = nil }
            #expect(try await lobby.logIn().status == 200)
        }
    }
}
