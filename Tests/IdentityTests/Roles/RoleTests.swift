import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

@Suite(.serialized) struct RoleTests {
    private func withHouse(
        _ body: @Sendable @escaping (House, Context) async throws -> Void
    ) async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            try await body(house, try await house.owner())
        }
    }

    private static let keeper =
        #"{"name":"keeper","description":"Keeps keys.","permissions":["keys:write","keys:read"]}"#

    @Test func `an own role is made, read, changed and deleted`() async throws {
        try await withHouse { house, owner in
            let made = try await house.caller.call("POST", "/v1/roles", owner, body: Self.keeper)
            #expect(made.status == 201 && made.etag == "\"1\"", "\(made.text)")
            #expect(
                made.json["permissions"] == ["keys:read", "keys:write"] && made.json["built_in"] == false)
            #expect(try await house.caller.call("GET", "/v1/roles/keeper", owner).json == made.json)
            let list = try await house.caller.call("GET", "/v1/roles", owner).json["data"]?.asArray
            #expect(list?.count == BuiltInRole.allCases.count + 1 && list?.last == made.json)
            let body = #"{"description":"Sees keys.","permissions":["keys:read"]}"#
            let blind = try await house.caller.call("PUT", "/v1/roles/keeper", owner, body: body)
            #expect(blind.code == "precondition_required")
            let changed = try await house.caller.call(
                "PUT", "/v1/roles/keeper", owner, headers: [("if-match", "\"1\"")], body: body)
            #expect(changed.status == 200 && changed.etag == "\"2\"", "\(changed.text)")
            let late = try await house.caller.call(
                "PUT", "/v1/roles/keeper", owner, headers: [("if-match", "\"1\"")], body: body)
            #expect(late.code == "precondition_failed")
            let gone = try await house.caller.call(
                "DELETE", "/v1/roles/keeper", owner, headers: [("if-match", "\"2\"")])
            #expect(gone.status == 204)
            #expect(try await house.caller.call("GET", "/v1/roles/keeper", owner).status == 404)
            let told = try await house.events().compactMap { event in
                event.type == "role.changed" ? event.data["change"]?.asString : nil
            }
            #expect(told == ["created", "changed", "deleted"])
        }
    }

    @Test func `built-in roles never change, and their names are taken`() async throws {
        try await withHouse { house, owner in
            let body = #"{"description":"a","permissions":[]}"#
            for method in ["PUT", "DELETE"] {
                let answer = try await house.caller.call(
                    method, "/v1/roles/trader", owner, headers: [("if-match", "*")],
                    body: method == "PUT" ? body : "")
                #expect(answer.code == "conflict")
            }
            let named = try await house.caller.call(
                "POST", "/v1/roles", owner, body: #"{"name":"bot","description":"a","permissions":[]}"#)
            #expect(named.code == "already_exists" && named.pointers == ["/name"])
        }
    }

    @Test func `every mistake of a role is told`() async throws {
        try await withHouse { house, owner in
            let answer = try await house.caller.call(
                "POST", "/v1/roles", owner,
                body: #"{"name":"No","permissions":["keys:read","keys:read","keys:raed"],"extra":1}"#)
            #expect(answer.code == "validation_failed")
            #expect(
                Set(answer.pointers).isSuperset(of: ["/name", "/permissions/2", "/extra"]), "\(answer.text)")
        }
    }

    @Test func `nobody makes or widens a role beyond what they hold`() async throws {
        try await withHouse { house, owner in
            var admin = try await house.join("admin", .admin, by: owner)
            let beyond = try await house.caller.call("POST", "/v1/roles", admin, body: Self.keeper)
            #expect(beyond.json["missing_permission"] == "keys:write", "\(beyond.text)")
            let within = #"{"name":"reader","description":"a","permissions":["keys:read"]}"#
            #expect(try await house.caller.call("POST", "/v1/roles", admin, body: within).status == 201)
            let wider = try await house.caller.call(
                "PUT", "/v1/roles/reader", admin, headers: [("if-match", "*")],
                body: #"{"description":"a","permissions":["keys:read","keys:sign"]}"#)
            #expect(wider.json["missing_permission"] == "keys:sign")
            // What one has on some keys, or for a while, is not enough: the role may be granted on all.
            admin.rights = Rights(
                [
                    GrantedRole(id: house.ledger.newID(), role: "a", permissions: admin.permissions),
                    GrantedRole(
                        id: house.ledger.newID(), role: "b", permissions: [.keysSign],
                        scope: .selector(.init(tags: ["a"]))),
                    GrantedRole(
                        id: house.ledger.newID(), role: "c", permissions: [.keysSign],
                        expiresAt: admin.now + .hours(1)),
                ], at: admin.now)
            let still = try await house.caller.call(
                "PUT", "/v1/roles/reader", admin, headers: [("if-match", "*")],
                body: #"{"description":"a","permissions":["keys:read","keys:sign"]}"#)
            #expect(still.json["missing_permission"] == "keys:sign")
        }
    }

    @Test func `a role that is granted stays, and its change is told to its holders and lists misfits`()
        async throws
    {
        try await withHouse { house, owner in
            _ = try await house.caller.call("POST", "/v1/roles", owner, body: Self.keeper)
            let user = try await house.join("anna", nil, by: owner)
            let id = user.actor.principal?.description ?? ""
            let grant = try await house.grant(id, "keeper", by: owner)
            let scoped = try await house.grant(id, "keeper", on: #"{"environment":"live"}"#, by: owner)
            let token = try await house.caller.call(
                "POST", "/v1/access-tokens", user, body: #"{"name":"a","scopes":["keys:write"]}"#)
            let tokenID = try #require(token.json["id"], "\(token.text)")
            let used = try await house.caller.call(
                "DELETE", "/v1/roles/keeper", owner, headers: [("if-match", "*")])
            #expect(used.code == "conflict")
            let epoch = try await house.epoch()
            let changed = try await house.caller.call(
                "PUT", "/v1/roles/keeper", owner, headers: [("if-match", "*")],
                body: #"{"description":"a","permissions":["candles:read"]}"#)
            #expect(try await house.epoch() == epoch + 1)
            let misfits = changed.json["no_longer_fits"]
            #expect(misfits?["access_tokens"] == [tokenID], "\(changed.text)")
            #expect(misfits?["empty_grants"] == [.string(scoped)])
            #expect(misfits?["grants_beyond_their_granter"] == [])
            let rights = try await house.rights(of: user)
            #expect(rights.everywhere == [.candlesRead] && rights.somewhere == [.candlesRead])
            _ = grant
        }
    }

    @Test func `a role by which somebody is denied something is narrowed by who has what that gives back`()
        async throws
    {
        try await withHouse { house, owner in
            _ = try await house.caller.call("POST", "/v1/roles", owner, body: Self.keeper)
            let admin = try await house.join("admin", .admin, by: owner)
            let user = try await house.join("anna", .trader, by: owner)
            try await house.grant(
                user.actor.principal?.description ?? "", "keeper", effect: "deny", by: owner)
            let freed = try await house.caller.call(
                "PUT", "/v1/roles/keeper", admin, headers: [("if-match", "*")],
                body: #"{"description":"a","permissions":["keys:read"]}"#)
            #expect(freed.json["missing_permission"] == "keys:write", "\(freed.text)")
            let own = try await house.caller.call(
                "PUT", "/v1/roles/keeper", owner, headers: [("if-match", "*")],
                body: #"{"description":"a","permissions":["keys:read"]}"#)
            #expect(own.status == 200)
        }
    }
}
