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

/// What the provider's groups lead to beyond built-in roles, and where else it tells them.
@Suite(.serialized) struct OpenIDGroupTests {
    private nonisolated(nonsending) func make(
        _ path: String, _ body: String, _ lobby: Lobby
    ) async throws -> JSONValue {
        let answer = try await lobby.house.caller.call("POST", path, lobby.owner, body: body)
        #expect(answer.status == 201, "\(answer.text)")
        return answer.json
    }

    private nonisolated(nonsending) func grants(of id: String, _ lobby: Lobby) async throws -> [String] {
        let list = try await lobby.house.caller.call("GET", "/v1/grants?principal_id=\(id)", lobby.owner)
        return list.json["data"]?.asArray?.compactMap { $0["role"]?.asString }.sorted() ?? []
    }

    @Test func `own roles and groups come with a group and go with it, and what is by hand stays`()
        async throws
    {
        let (desk, pit) = (GroupID(UUID(high: 7, low: 1)), GroupID(UUID(high: 7, low: 2)))
        let wanted = ["night=night-desk", "night=nobodys-role", "night=\(desk)", "pit=\(pit)", "pit=trader"]
        try await Lobby.open({ $0.mappings = wanted.compactMap { GroupMapping($0) } }) {
            _, lobby async throws in
            let ann = try await lobby.join("ann", .analyst)
            let id = try #require(ann.actor.principal?.description)
            let role = #"{"name":"night-desk","description":"of a test","permissions":["keys:read"]}"#
            _ = try await make("/v1/roles", role, lobby)
            try await lobby.make(group: desk, "desk")
            try await lobby.make(group: pit, "pit")
            let added = try await lobby.house.caller.call(
                "POST", "/v1/groups/\(pit)/members", lobby.owner, body: #"{"principal_id":"\#(id)"}"#)
            #expect((200..<300).contains(added.status), "\(added.text)")
            // A role for an hour is by hand, too, and no reason to refuse anybody.
            _ = try await make(
                "/v1/grants",
                #"{"principal_id":"\#(id)","role":"trader","on":{},"expires_at":"2026-01-05T09:00:00Z"}"#,
                lobby)
            let all = try await lobby.logIn(as: Lobby.ann.with("groups", ["night", "pit"]))
            #expect(all.status == 200, "\(all.text)")
            #expect(try await grants(of: id, lobby) == ["analyst", "night-desk", "trader"])
            #expect(try await lobby.members(of: id) == [desk, pit])
            let epoch = try await lobby.house.epoch()
            _ = try await lobby.logIn(as: Lobby.ann.with("groups", ["pit", "night"]))
            #expect(try await lobby.house.epoch() == epoch)
            _ = try await lobby.logIn(as: Lobby.ann.with("groups", []))
            #expect(try await grants(of: id, lobby) == ["analyst", "trader"])
            #expect(try await lobby.members(of: id) == [pit])
            let told = try await lobby.house.events().last { $0.type == "group.changed" }
            #expect(told?.data["change"] == "member_removed")
        }
    }

    @Test func `who unlinks leaves what their groups gave, and not what those deny them`() async throws {
        let (desk, barred) = (GroupID(UUID(high: 7, low: 1)), GroupID(UUID(high: 7, low: 2)))
        let wanted = ["night=\(desk)", "night=\(barred)", "night=analyst"]
        try await Lobby.open({ $0.mappings = wanted.compactMap { GroupMapping($0) } }) {
            _, lobby async throws in
            let ann = try await lobby.join("ann", .trader)
            let id = try #require(ann.actor.principal?.description)
            try await lobby.setPassword(of: lobby.owner)
            try await lobby.make(group: desk, "desk")
            try await lobby.make(group: barred, "barred")
            for (group, effect) in [(desk, "allow"), (barred, "deny")] {
                let body = """
                    {"principal_id":"\(group)","role":"bot","effect":"\(effect)","on":{}}
                    """
                _ = try await make("/v1/grants", body, lobby)
            }
            let there = Lobby.ann.with("groups", ["night"])
            #expect(try await lobby.logIn(as: there).status == 200)
            #expect(try await lobby.members(of: id) == [desk, barred])
            let left = try await lobby.caller.call("DELETE", "/v1/me/openid-link", ann)
            #expect(left.status == 204, "\(left.text)")
            #expect(try await lobby.members(of: id) == [barred])
            #expect(try await grants(of: id, lobby) == ["trader"])
            // Nor by being somebody there again whose groups are others.
            _ = try await lobby.house.ledger.database.transaction { transaction in
                try await OpenIDLinkStore.link(
                    #require(ann.actor.user), to: "ann-1", of: lobby.provider.issuer, at: .testStart,
                    in: transaction)
            }
            #expect(try await lobby.logIn(as: Lobby.ann.with("groups", [])).status == 200)
            #expect(try await lobby.members(of: id) == [barred])
        }
    }

    @Test func `groups that the token leaves out come from where the provider tells more`() async throws {
        try await Lobby.open { _, lobby async throws in
            let ann = try await lobby.join("ann", nil)
            let id = try #require(ann.actor.principal?.description)
            lobby.provider.behave { manner in
                manner.userInfo = { guest in
                    let told = guest.with("groups", ["traders"])
                    return (String(decoding: told.bytes, as: UTF8.self), "application/json; charset=utf-8")
                }
            }
            #expect(try await lobby.logIn().status == 200)
            #expect(try await lobby.user(id)["roles"] == ["trader"])
            // The token says it: nobody else is asked.
            #expect(try await lobby.logIn(as: Lobby.ann.with("groups", [])).status == 200)
            #expect(lobby.provider.count(of: "/userinfo") == 1)
            #expect(try await lobby.user(id)["roles"] == [])
            let issuer = lobby.provider.issuer
            let key = lobby.provider.manner.keys[0]
            lobby.provider.behave { manner in
                manner.userInfo = { guest in
                    let told = guest.with("groups", ["traders"]).with("iss", .string(issuer))
                    return (try key.token(told.with("aud", "keybell")), "application/jwt")
                }
            }
            #expect(try await lobby.logIn().status == 200)
            #expect(try await lobby.user(id)["roles"] == ["trader"])
        }
    }

    @Test func `what is told of somebody else, or by nobody who may, gives nothing and takes nothing`()
        async throws
    {
        let stranger = try SigningPair("one", .es256)
        try await Lobby.open { _, lobby async throws in
            let ann = try await lobby.join("ann", nil)
            let id = try #require(ann.actor.principal?.description)
            #expect(try await lobby.logIn(as: Lobby.ann.with("groups", ["desk-admins"])).status == 200)
            let (issuer, key) = (lobby.provider.issuer, lobby.provider.manner.keys[0])
            let told = Lobby.ann.with("groups", ["chiefs"]).with("iss", .string(issuer)).with(
                "aud", "keybell")
            let wrong: [(JSONValue, SigningPair?, Int)] = [
                (told.with("sub", "eve-1"), nil, 401), (told.with("sub", nil), nil, 401), ([], nil, 503),
                (told.with("sub", "eve-1"), key, 401), (told, stranger, 401),
                (told.with("iss", "https://evil.example"), key, 401), (told.with("aud", "other"), key, 401),
                (told.with("nonce", "n"), key, 401),
            ]
            for (claims, pair, status) in wrong {
                lobby.provider.behave { manner in
                    manner.userInfo = { _ in
                        guard let pair else {
                            return (String(decoding: claims.bytes, as: UTF8.self), "application/json")
                        }
                        return (try pair.token(claims), "application/jwt")
                    }
                }
                lobby.time.advance(.minutes(11))
                let answer = try await lobby.logIn()
                #expect(answer.status == status, "\(claims) \(answer.text)")
            }
            lobby.provider.behave { $0.instead = { $0 == "/userinfo" ? .status(500) : nil } }
            #expect(try await lobby.logIn().code == "provider_unavailable")
            #expect(try await lobby.user(id)["roles"] == ["admin"])
        }
    }
}

extension Lobby {
    /// Under an id that the settings name.
    nonisolated(nonsending) fileprivate func make(group id: GroupID, _ name: String) async throws {
        try await house.ledger.database.transaction { transaction in
            try await GroupStore.insert(
                Group(
                    id: id, name: name, createdAt: .testStart, createdBy: "usr_test",
                    updatedAt: .testStart), in: transaction)
        }
    }

    nonisolated(nonsending) fileprivate func members(of id: String) async throws -> [GroupID] {
        guard let principal = PrincipalID(id) else { throw TestFailure(what: "no id: \(id)") }
        return try await GroupStore.all(of: principal, in: house.ledger.database)
    }
}
