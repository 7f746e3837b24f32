import Access
import JSON
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Identity

@Suite(.serialized) struct OffboardingTests {
    /// A house with a trader who owns a bot, and somebody to take over.
    private struct Scene {
        let house: House
        let owner: Context
        let leaver: Context
        let heir: Context
        let bot: String
        let botToken: String

        var path: String { "/v1/users/\(leaver.actor.principal?.description ?? "")" }
        var heirID: String { heir.actor.principal?.description ?? "" }

        func offboard(_ body: String, by caller: Context? = nil) async throws -> TestAnswer {
            try await house.caller.call("POST", "\(path)/offboard", caller ?? owner, body: body)
        }

        func dryRun(_ more: String = "") async throws -> String {
            let tried = try await offboard(#"{"dry_run":true,"reason":"left"\#(more)}"#)
            return tried.json["expect"]?.asString ?? ""
        }
    }

    private func scene(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let leaver = try await house.join("leaver", .admin, by: owner)
            let heir = try await house.join("heir", .admin, by: owner)
            let made = try await house.caller.call(
                "POST", "/v1/service-accounts", owner,
                body: #"""
                    {"name":"mm","purpose":"a","role":"bot",
                    "owner_id":"\#(leaver.actor.principal?.description ?? "")"}
                    """#)
            let bot = made.json["id"]?.asString ?? ""
            let token = try await house.caller.call(
                "POST", "/v1/access-tokens", leaver, body: #"{"name":"mm","principal_id":"\#(bot)"}"#)
            try await body(
                Scene(
                    house: house, owner: owner, leaver: leaver, heir: heir, bot: bot,
                    botToken: AccessTokenSecret.of(token.json)))
        }
    }

    private func things(_ step: String, _ report: JSONValue) -> [JSONValue] {
        report["steps"]?.asArray?.first { $0["step"]?.asString == step }?["things"]?.asArray ?? []
    }

    private func isLetIn(_ token: String, _ house: House) async throws -> Bool {
        if case .caller = try await house.outcome(token) { return true }
        return false
    }

    @Test func `a dry run says what would happen, and nothing happens`() async throws {
        try await scene { scene in
            let epoch = try await scene.house.epoch()
            let tried = try await scene.offboard(#"{"dry_run":true,"reason":"left the desk"}"#)
            #expect(tried.status == 200, "\(tried.text)")
            #expect(tried.json["dry_run"] == true && tried.json["id"] == .null)
            #expect(things("service_accounts", tried.json).first?["outcome"] == "suspended")
            #expect(things("access_tokens", tried.json).count == 2)
            #expect(things("grants", tried.json).count == 1)
            #expect(try await scene.house.epoch() == epoch)
            #expect(try await isLetIn(scene.botToken, scene.house))
            #expect(
                try await scene.house.caller.call("GET", "\(scene.path)/offboarding", scene.owner).status
                    == 404)
        }
    }

    @Test func `one call ends all that gave them something, and says so again when it is repeated`()
        async throws
    {
        try await scene { scene in
            let expect = try await scene.dryRun()
            let done = try await scene.offboard(#"{"expect":"\#(expect)","reason":"left"}"#)
            #expect(done.status == 200, "\(done.text)")
            #expect(done.json["already"] == false && done.json["in_force"] == true)
            #expect(try await !isLetIn(scene.botToken, scene.house))
            let user = try await scene.house.caller.call("GET", scene.path, scene.owner).json
            #expect(user["status"] == "disabled" && user["roles"] == [])
            let bot = try await scene.house.caller.call(
                "GET", "/v1/service-accounts/\(scene.bot)", scene.owner)
            #expect(bot.json["status"] == "disabled")
            let epoch = try await scene.house.epoch()
            let again = try await scene.offboard(#"{"expect":"anything","reason":"once more"}"#)
            #expect(again.json["already"] == true && again.json["id"] == done.json["id"])
            #expect(again.json["reason"] == "left" && again.json["steps"] == done.json["steps"])
            #expect(try await scene.house.epoch() == epoch)
            let kept = try await scene.house.caller.call("GET", "\(scene.path)/offboarding", scene.owner)
            #expect(kept.json["id"] == done.json["id"])
            let events = try await scene.house.events().map(\.type)
            #expect(events.count { $0 == "user.offboarded" } == 1)
            #expect(events.contains("user.disabled") && events.contains("service_account.disabled"))
        }
    }

    @Test func `what changed since the dry run is not carried out`() async throws {
        try await scene { scene in
            let expect = try await scene.dryRun()
            _ = try await scene.house.caller.call(
                "POST", "/v1/access-tokens", scene.leaver, body: #"{"name":"another"}"#)
            let late = try await scene.offboard(#"{"expect":"\#(expect)","reason":"left"}"#)
            #expect(late.status == 409 && late.code == "conflict", "\(late.text)")
            #expect(try await isLetIn(scene.botToken, scene.house))
            let fresh = late.json["expect"]?.asString ?? ""
            #expect(try await scene.offboard(#"{"expect":"\#(fresh)","reason":"left"}"#).status == 200)
        }
    }

    @Test func `whoever takes over gets the service accounts, which go on`() async throws {
        try await scene { scene in
            // One that the bot issued to itself may be in the leaver's hands as well.
            var itself = scene.owner
            (itself.actor.principal, itself.actor.accessToken) = (PrincipalID(scene.bot), nil)
            itself.permissions = [.accessTokensWrite]
            let own = try await scene.house.caller.call(
                "POST", "/v1/access-tokens", itself, body: #"{"name":"ci"}"#)
            #expect(own.status == 201, "\(own.text)")
            let more = #","reassign_to":"\#(scene.heirID)""#
            let expect = try await scene.dryRun(more)
            let done = try await scene.offboard(#"{"expect":"\#(expect)","reason":"left"\#(more)}"#)
            #expect(things("service_accounts", done.json).first?["outcome"] == "reassigned", "\(done.text)")
            let known = things("known_access_tokens", done.json)
            #expect(known.count == 2 && known.allSatisfy { $0["outcome"] == "kept" })
            #expect(known.contains { $0["name"] == "ci" })
            #expect(try await isLetIn(scene.botToken, scene.house))
            let bot = try await scene.house.caller.call(
                "GET", "/v1/service-accounts/\(scene.bot)", scene.owner)
            #expect(bot.json["owner_id"]?.asString == scene.heirID)
        }
    }

    @Test
    func `nobody hands over a service account that may do more than they, but to whoever may do it all`()
        async throws
    {
        try await scene { scene in
            let more = #""reason":"left","reassign_to":"\#(scene.heirID)""#
            func tried() async throws -> JSONValue? {
                let tried = try await scene.offboard(#"{"dry_run":true,\#(more)}"#, by: scene.heir)
                #expect(tried.status == 200, "\(tried.text)")
                let ended = things("access_tokens", tried.json).contains { $0["name"] == "mm" }
                let outcome = things("service_accounts", tried.json).first?["outcome"]
                #expect(ended == (outcome == "suspended"), "\(tried.text)")
                return outcome
            }
            #expect(try await tried() == "suspended")
            let granted = try await scene.house.caller.call(
                "POST", "/v1/grants", scene.owner,
                body: #"{"principal_id":"\#(scene.heirID)","role":"bot","on":{}}"#)
            #expect(granted.status == 201, "\(granted.text)")
            #expect(try await tried() == "reassigned")
        }
    }

    @Test func `links that they saw lead nowhere any more`() async throws {
        try await scene { scene in
            let invited = try await scene.house.caller.call(
                "POST", "/v1/users", scene.leaver, body: #"{"name":"friend","email":"friend@desk.example"}"#)
            let link = invited.json["invitation"]?["token"]?.asString ?? ""
            _ = try await scene.offboard(#"{"expect":"*","reason":"left"}"#)
            let joined = try await scene.house.caller.call(
                "POST", "/v1/invitations/accept", House.stranger(), body: #"{"token":"\#(link)"}"#)
            #expect(joined.status == 401)
        }
    }

    @Test func `nobody off-boards themselves, an owner without being one, or the last owner`() async throws {
        try await scene { scene in
            let own = "/v1/users/\(scene.owner.actor.principal?.description ?? "")/offboard"
            let body = #"{"expect":"*","reason":"left"}"#
            let byAdmin = try await scene.house.caller.call("POST", own, scene.heir, body: body)
            #expect(byAdmin.status == 403 && byAdmin.json["missing_permission"] == "owners:write")
            #expect(
                try await scene.house.caller.call("POST", own, scene.owner, body: body).code == "conflict")
            var second = scene.heir
            second.permissions = BuiltInRole.owner.permissions
            #expect(try await scene.house.caller.call("POST", own, second, body: body).code == "last_owner")
            let leaverID = scene.leaver.actor.principal?.description ?? ""
            let bad = try await scene.offboard(#"{"reason":"left","reassign_to":"\#(leaverID)"}"#)
            #expect(bad.pointers == ["/expect"])
            let heir = try await scene.offboard(
                #"{"expect":"*","reason":"left","reassign_to":"\#(leaverID)"}"#)
            #expect(heir.pointers == ["/reassign_to"])
        }
    }

    @Test func `somebody who came back and leaves again is off-boarded again`() async throws {
        try await scene { scene in
            let body = #"{"expect":"*","reason":"left"}"#
            let first = try await scene.offboard(body)
            #expect(
                try await scene.house.caller.call("POST", "\(scene.path)/enable", scene.owner).status == 200)
            let read = try await scene.house.caller.call("GET", "\(scene.path)/offboarding", scene.owner)
            #expect(read.json["in_force"] == false)
            let second = try await scene.offboard(body)
            #expect(second.json["already"] == false && second.json["id"] != first.json["id"])
        }
    }

    @Test func `two at once make one off-boarding`() async throws {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let leaver = try await house.join("leaver", .trader, by: owner)
            let path = "/v1/users/\(leaver.actor.principal?.description ?? "")/offboard"
            let tasks = (0..<8).map { _ in
                Task {
                    _ = worker
                    let answer = try await House(database).caller.call(
                        "POST", path, owner, body: #"{"expect":"*","reason":"left"}"#)
                    return (
                        status: answer.status, isNew: answer.json["already"] == false,
                        id: answer.json["id"]?.asString ?? ""
                    )
                }
            }
            var answers: [(status: Int, isNew: Bool, id: String)] = []
            for task in tasks { answers.append(try await task.value) }
            #expect(answers.allSatisfy { $0.status == 200 })
            #expect(answers.count { $0.isNew } == 1)
            #expect(Set(answers.map(\.id)).count == 1)
        }
    }
}
