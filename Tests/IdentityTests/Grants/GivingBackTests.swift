import Access
import JSON
import Kernel
import TestSupport
import Testing

@testable import Identity

/// What was taken from somebody is given back by whoever could grant it.
@Suite(.serialized) struct GivingBackTests {
    @Test func `whoever lacks what somebody was granted does not enable them`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let admin = try await house.join("admin", .admin, by: owner)
            let trader = try await house.join("trader", .trader, by: owner)
            let nobody = try await house.join("nobody", nil, by: owner)
            for (person, status) in [(trader, 403), (nobody, 200)] {
                let path = "/v1/users/\(person.actor.principal?.description ?? "")"
                #expect(try await house.caller.call("POST", "\(path)/disable", admin).status == 200)
                let answer = try await house.caller.call("POST", "\(path)/enable", admin)
                #expect(answer.status == status, "\(answer.text)")
                #expect(try await house.caller.call("POST", "\(path)/enable", owner).status == 200)
                // Enabling whoever is active gives nothing.
                #expect(try await house.caller.call("POST", "\(path)/enable", admin).status == 200)
            }
        }
    }

    @Test func `a bot goes on by whoever answers for it, or could grant it all`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let admin = try await house.join("admin", .admin, by: owner)
            let other = try await house.join("other", .admin, by: owner)
            let made = try await house.caller.call(
                "POST", "/v1/service-accounts", owner,
                body: """
                    {"name":"bot","purpose":"a","role":"bot","expires_at":"\(Timestamp.testStart + .days(9))",
                    "owner_id":"\(admin.actor.principal?.description ?? "")"}
                    """)
            let path = "/v1/service-accounts/\(made.json["id"]?.asString ?? "")"
            for (actor, status) in [(other, 403), (admin, 200), (owner, 200)] {
                #expect(try await house.caller.call("POST", "\(path)/disable", owner).status == 200)
                let enabled = try await house.caller.call("POST", "\(path)/enable", actor)
                #expect(enabled.status == status, "\(enabled.text)")
                for (days, longer) in [(8, 200), (30, status), (7, 200)] {
                    let end = Timestamp.testStart + .days(Int64(days))
                    let moved = try await house.caller.call(
                        "PATCH", path, actor, headers: [("if-match", "*")],
                        body: #"{"expires_at":"\#(end)"}"#)
                    #expect(moved.status == longer, "\(days) \(moved.text)")
                }
            }
        }
    }

    @Test func `explanations know of lapsed accounts and of factors that are overdue`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            var owner = try await house.owner()
            let made = try await house.caller.call(
                "POST", "/v1/service-accounts", owner,
                body: """
                    {"name":"bot","purpose":"a","role":"bot","expires_at":"\(Timestamp.testStart + .days(9))"}
                    """)
            let bot = made.json["id"]?.asString ?? ""
            func verdict(_ who: String, _ permission: Permission) async throws -> String? {
                let body = #"{"principal_id":"\#(who)","permission":"\#(permission.rawValue)"}"#
                let answer = try await house.caller.call(
                    "POST", "/v1/authorization/explain", owner, body: body)
                return answer.json["verdict"]?.asString
            }
            func holders(_ permission: Permission) async throws -> [String] {
                let path = "/v1/authorization/holders?permission=\(permission.rawValue)"
                let rows = try await house.caller.call("GET", path, owner).json["data"]?.asArray ?? []
                return rows.compactMap { $0["principal_id"]?.asString }
            }
            let me = owner.actor.principal?.description ?? ""
            #expect(try await verdict(bot, .keysSign) == "allowed")
            #expect(try await verdict(me, .keysSign) == "allowed")
            #expect(try await Set(holders(.keysSign)) == [me, bot])
            owner.now = .testStart + .days(40)
            #expect(try await verdict(bot, .keysSign) == "inactive")
            #expect(try await verdict(me, .keysSign) == "factor_overdue")
            #expect(try await verdict(me, .usersRead) == "allowed")
            #expect(try await holders(.keysSign) == [])
            #expect(try await holders(.usersRead) == [me])
        }
    }
}
