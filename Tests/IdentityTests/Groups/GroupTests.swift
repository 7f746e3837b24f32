import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

@Suite(.serialized) struct GroupTests {
    private func withHouse(
        _ body: @Sendable @escaping (House, Context) async throws -> Void
    ) async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            try await body(house, try await house.owner())
        }
    }

    @Test func `a group is made, changed, listed and deleted`() async throws {
        try await withHouse { house, owner in
            let made = try await house.caller.call(
                "POST", "/v1/groups", owner, body: #"{"name":"Makers","description":"a"}"#)
            #expect(made.status == 201 && made.etag == "\"1\"", "\(made.text)")
            let path = "/v1/groups/\(made.json["id"]?.asString ?? "")"
            let taken = try await house.caller.call("POST", "/v1/groups", owner, body: #"{"name":"MAKERS"}"#)
            #expect(taken.code == "already_exists" && taken.pointers == ["/name"])
            let changed = try await house.caller.call(
                "PUT", path, owner, headers: [("if-match", "\"1\"")], body: #"{"name":"Traders"}"#)
            #expect(changed.json["name"] == "Traders" && changed.json["description"] == .null)
            let found = try await house.caller.call("GET", "/v1/groups?q=trad", owner).json["data"]
            #expect(found == [changed.json])
            #expect(try await house.caller.call("DELETE", path, owner).status == 204)
            #expect(try await house.caller.call("GET", path, owner).status == 404)
        }
    }

    @Test func `what a group is granted its members have, as long as they are in it`() async throws {
        try await withHouse { house, owner in
            let group = try await house.group("makers", by: owner)
            let user = try await house.join("anna", nil, by: owner)
            let id = user.actor.principal?.description ?? ""
            try await house.grant(group, "auditor", by: owner)
            #expect(try await house.rights(of: user).everywhere == [])
            let epoch = try await house.epoch()
            let added = try await house.add(id, to: group, by: owner)
            #expect(added.json["members"] == 1, "\(added.text)")
            #expect(try await house.epoch() == epoch + 1)
            #expect(try await house.rights(of: user).everywhere == BuiltInRole.auditor.permissions)
            let again = try await house.add(id, to: group, by: owner)
            #expect(again.status == 200 && again.json["members"] == 1)
            #expect(try await house.epoch() == epoch + 1)
            let members = try await house.caller.call("GET", "/v1/groups/\(group)/members", owner).json
            #expect(members["data"]?[0]?["principal_id"]?.asString == id)
            let mine = try await house.caller.call("GET", "/v1/groups?principal_id=\(id)", owner).json
            #expect(mine["data"]?.asArray?.count == 1)
            let used = try await house.caller.call("DELETE", "/v1/groups/\(group)", owner)
            #expect(used.code == "conflict", "it is granted something")
            let left = try await house.caller.call("DELETE", "/v1/groups/\(group)/members/\(id)", owner)
            #expect(left.status == 204)
            #expect(try await house.rights(of: user).everywhere == [])
            #expect(try await house.epoch() == epoch + 2)
        }
    }

    @Test func `coming into a group asks for what it is granted, and nobody comes in by themselves`()
        async throws
    {
        try await withHouse { house, owner in
            let admin = try await house.join("admin", .admin, by: owner)
            let user = try await house.join("anna", nil, by: owner).actor.principal?.description ?? ""
            let group = try await house.group("makers", by: owner)
            try await house.grant(group, "trader", by: owner)
            let beyond = try await house.add(user, to: group, by: admin)
            #expect(beyond.json["missing_permission"] == "alerts:write", "\(beyond.text)")
            let second = try await house.group("admins", by: owner)
            try await house.grant(second, "admin", by: owner)
            #expect(try await house.add(user, to: second, by: admin).status == 200)
            let own = admin.actor.principal?.description ?? ""
            #expect(
                try await house.add(own, to: second, by: admin).json["missing_permission"] == "owners:write")
            // An empty group gives nothing, until it is granted something: that is asked then.
            let third = try await house.group("empty", by: admin)
            #expect(try await house.add(own, to: third, by: admin).status == 200)
            let trick = try await house.caller.call(
                "POST", "/v1/grants", admin, body: #"{"principal_id":"\#(third)","role":"admin","on":{}}"#)
            #expect(trick.json["missing_permission"] == "owners:write", "\(trick.text)")
        }
    }

    @Test func `nobody leaves a group that denies them something by themselves`() async throws {
        try await withHouse { house, owner in
            let admin = try await house.join("admin", .admin, by: owner)
            let own = admin.actor.principal?.description ?? ""
            let group = try await house.group("bound", by: owner)
            let grant = try await house.grant(group, "bot", effect: "deny", by: owner)
            #expect(try await house.add(own, to: group, by: owner).status == 200)
            let left = try await house.caller.call(
                "DELETE", "/v1/groups/\(group)/members/\(own)", admin)
            #expect(left.code == "forbidden", "\(left.text)")
            let freed = try await house.caller.call("DELETE", "/v1/grants/\(grant)", admin)
            #expect(freed.code == "forbidden")
            #expect(
                try await house.caller.call("DELETE", "/v1/groups/\(group)/members/\(own)", owner).status
                    == 204)
        }
    }

    @Test func `an owner by a group is touched by owners only, and does not count as the last`() async throws
    {
        try await withHouse { house, owner in
            let admin = try await house.join("admin", .admin, by: owner)
            let user = try await house.join("anna", nil, by: owner).actor.principal?.description ?? ""
            let group = try await house.group("owners", by: owner)
            try await house.grant(group, "owner", by: owner)
            #expect(try await house.add(user, to: group, by: owner).status == 200)
            let touched = try await house.caller.call("POST", "/v1/users/\(user)/disable", admin)
            #expect(touched.json["missing_permission"] == "owners:write")
            let first = owner.actor.principal?.description ?? ""
            let last = try await house.caller.call("POST", "/v1/users/\(first)/disable", owner)
            #expect(last.code == "last_owner")
            let denied = try await house.caller.call(
                "POST", "/v1/grants", owner,
                body: #"{"principal_id":"\#(first)","role":"bot","effect":"deny","on":{}}"#)
            #expect(denied.code == "last_owner", "\(denied.text)")
        }
    }

    @Test func `nobody has more grants than a decision may go through`() async throws {
        try await withHouse { house, owner in
            let user = try await house.join("anna", nil, by: owner).actor.principal?.description ?? ""
            let group = try await house.group("makers", by: owner)
            #expect(try await house.add(user, to: group, by: owner).status == 200)
            try await house.fill(group, with: GrantedRole.limitPerPrincipal, by: owner)
            let more = try await house.caller.call(
                "POST", "/v1/grants", owner, body: #"{"principal_id":"\#(user)","role":"bot","on":{}}"#)
            #expect(more.code == "conflict", "\(more.text)")
            let whole = try await house.caller.call(
                "POST", "/v1/grants", owner, body: #"{"principal_id":"\#(group)","role":"bot","on":{}}"#)
            #expect(whole.code == "conflict")
        }
    }
}
