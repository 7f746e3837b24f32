import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Synchronization
import Testing
import TestSupport

@testable import Identity

@Suite(.serialized) struct BreakGlassTests {
    private func make(_ house: House, _ owner: Context, _ more: String = "") async throws -> JSONValue {
        let made = try await house.caller.call(
            "POST", "/v1/break-glass", owner, body: #"{"name":"the safe"\#(more)}"#)
        #expect(made.status == 201, "\(made.text)")
        return made.json
    }

    private func use(_ house: House, _ token: String) async throws -> TestAnswer {
        try await house.caller.call(
            "POST", "/v1/break-glass/use", House.stranger(), body: #"{"token":"\#(token)"}"#)
    }

    @Test func `it opens nothing by itself, and an hour of its role when it is used`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let made = try await make(house, house.owner())
            #expect(made["shown_once"] == true && made["status"] == "sealed" && made["role"] == "owner")
            let token = AccessTokenSecret.of(made)
            #expect(token.hasPrefix("kbg_"))
            let used = try await use(house, token)
            #expect(used.status == 201, "\(used.text)")
            let access = AccessTokenSecret.of(used.json["access_token"] ?? .null)
            guard case .caller(let caller) = try await house.outcome(access) else {
                Issue.record("what it gave is refused")
                return
            }
            #expect(caller.permissions == Set(Permission.allCases))
            let end = Timestamp.testStart + .hours(1)
            guard case .refused = try await house.outcome(access, at: end) else {
                Issue.record("its hour does not end")
                return
            }
            let told = try #require(try await house.events().last { $0.type == "break_glass.used" })
            #expect(told.data["severity"] == "critical" && told.data["ends_at"]?.asString == end.description)
            #expect(try await house.actions().contains("break_glass.use"))
        }
    }

    @Test func `whoever tries one that was revoked is told of like whoever tries an unknown one`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let made = try await make(house, owner)
            let revoked = try await house.caller.call(
                "POST", "/v1/break-glass/\(made["id"]?.asString ?? "")/revoke", owner)
            #expect(revoked.status == 200, "\(revoked.text)")
            #expect(try await use(house, AccessTokenSecret.of(made)).status == 401)
            let told = try await house.events().filter { $0.type == "access_token.refused" }
            #expect(told.map { $0.data["route"] } == ["/v1/break-glass/use"])
            #expect(try await house.actions().contains("access_tokens.refuse"))
        }
    }

    @Test func `T13: of 64 uses at once, in every spelling, exactly one counts`() async throws {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let house = House(database)
            let token = AccessTokenSecret.of(try await make(house, house.owner()))
            let escaped = token.unicodeScalars.map { #"\u00"# + String($0.value, radix: 16) }.joined()
            let spellings = [
                token, escaped, " \(token)", "\(token) ", token.uppercased(), token.lowercased(),
                "\(token)\\u200b", "\\u0009\(token)",
            ]
            let tasks = (0..<64).map { index in
                Task {
                    _ = worker
                    return try await House(database).caller.call(
                        "POST", "/v1/break-glass/use", House.stranger(),
                        body: #"{"token":"\#(spellings[index % spellings.count])"}"#
                    ).status
                }
            }
            var statuses: [Int] = []
            for task in tasks { statuses.append(try await task.value) }
            #expect(statuses.count { $0 == 201 } == 1)
            #expect(statuses.count { $0 == 401 } == 63)
            #expect(try await house.events().count { $0.type == "break_glass.used" } == 1)
        }
    }

    @Test func `one that was revoked in its envelope, and one that nobody made, look alike`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let made = try await make(house, owner, #","role":"security""#)
            let path = "/v1/break-glass/\(made["id"]?.asString ?? "")"
            let revoked = try await house.caller.call("POST", "\(path)/revoke", owner)
            #expect(revoked.json["status"] == "revoked")
            let dead = try await use(house, AccessTokenSecret.of(made))
            let unknown = try await use(house, AccessTokenSecret(.breakGlass, .system).text)
            #expect(dead.status == 401 && dead.json["detail"] == unknown.json["detail"])
            let again = try await house.caller.call("POST", "\(path)/revoke", owner, body: #"{"reason":"x"}"#)
            #expect(again.json["revoke_reason"] == .null)
            let page = try await house.caller.call("GET", "/v1/break-glass", owner).json
            #expect(page["data"]?.asArray?.count == 1 && page["data"]?[0]?["token"] == nil)
        }
    }

    @Test func `who came by it is no owner that could stay`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let used = try await use(house, AccessTokenSecret.of(try await make(house, owner)))
            let glass = try house.context(of: used.json)
            let path = "/v1/users/\(owner.actor.principal?.description ?? "")/disable"
            #expect(try await house.caller.call("POST", path, glass).code == "last_owner")
        }
    }

    @Test func `when its hour is over what it touched is put up for rotation, once`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let made = try await make(house, owner)
            let used = try await use(house, AccessTokenSecret.of(made))
            let user = used.json["user"]?["id"]?.asString ?? ""
            let (used1, seen) = (ExchangeKeyID(UUID(high: 1, low: 1)), ExchangeKeyID(UUID(high: 1, low: 2)))
            let glass = try house.context(of: used.json)
            func bot(_ name: String, by maker: Context) async throws -> String {
                let made = try await house.caller.call(
                    "POST", "/v1/service-accounts", maker, body: #"{"name":"\#(name)","purpose":"a"}"#)
                return try #require(made.json["id"]?.asString, "\(made.text)")
            }
            let (own, others) = (try await bot("mine", by: glass), try await bot("theirs", by: owner))
            let unrelated = try await bot("unrelated", by: owner)
            let end = Timestamp.testStart + .hours(1)
            let issued = try await house.caller.call(
                "POST", "/v1/access-tokens", glass,
                body: #"{"principal_id":"\#(others)","name":"a","expires_at":"\#(end)"}"#)
            #expect(issued.status == 201, "\(issued.text)")
            let rotated = Mutex<[[ExchangeKeyID]]>([])
            let none = KeyTrail.none
            let sweep = BreakGlassSweep(
                ledger: house.ledger,
                keys: KeyTrail(
                    reach: none.reach, mark: none.mark,
                    uses: { principals, _, _ in
                        #expect(Set(principals.map(\.description)) == [user, own, others])
                        return [KeyUses(key: used1, count: 3, lastAt: .testStart)]
                    },
                    known: { principals, _ in
                        #expect(!principals.map(\.description).contains(unrelated))
                        return [KnownSecret(key: seen, label: "b", version: 1, ways: ["revealed"])]
                    },
                    settle: none.settle,
                    rotate: { keys, exposure, _ in
                        #expect(exposure.cause == .breakGlass)
                        rotated.withLock { $0.append(keys) }
                    }), leaving: LeavingStep.ofIdentity)
            func run(at now: Timestamp) async throws {
                let context = Context.installation(now: now, requestID: "run_test")
                _ = try await sweep.carryOut(JobRun(id: house.ledger.newID(), context: context))
            }
            try await run(at: .testStart + .minutes(59))
            #expect(rotated.withLock { $0 } == [])
            try await run(at: .testStart + .minutes(61))
            try await run(at: .testStart + .minutes(62))
            #expect(rotated.withLock { $0 } == [[used1, seen]])
            let gone = try await house.caller.call("GET", "/v1/users/\(user)", owner).json
            #expect(gone["status"] == "disabled" && gone["roles"] == [])
            let path = "/v1/break-glass/\(made["id"]?.asString ?? "")"
            #expect(try await house.caller.call("GET", path, owner).json["status"] == "ended")
        }
    }

    @Test func `what it issues for itself ends with its hour, too`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let made = try await make(house, try await house.owner())
            let glass = try house.context(of: try await use(house, AccessTokenSecret.of(made)).json)
            func issue(_ more: String) async throws -> TestAnswer {
                try await house.caller.call(
                    "POST", "/v1/access-tokens", glass, body: #"{"name":"a"\#(more)}"#)
            }
            for more in ["", #","expires_at":"2027-01-01T00:00:00Z""#] {
                let longer = try await issue(more)
                #expect(longer.status == 422 && longer.pointers == ["/expires_at"], "\(longer.text)")
            }
            let end = Timestamp.testStart + .hours(1)
            #expect(try await issue(#","expires_at":"\#(end)""#).status == 201)
        }
    }

    @Test func `what was made through it stops with its hour, or is listed for an owner to look at`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let made = try await make(house, owner)
            let glass = try house.context(of: try await use(house, AccessTokenSecret.of(made)).json)
            let end = Timestamp.testStart + .hours(1)
            func call(_ method: String, _ path: String, _ body: String, as context: Context? = nil)
                async throws -> JSONValue
            {
                let answer = try await house.caller.call(method, path, context ?? glass, body: body)
                #expect((200...204).contains(answer.status), "\(path) \(answer.text)")
                return answer.json
            }
            let bots = "/v1/service-accounts"
            let others = try await call("POST", bots, #"{"name":"mm","purpose":"a"}"#, as: owner)
            let own = try await call("POST", bots, #"{"name":"mine","purpose":"a","role":"bot"}"#)
            let ownID = own["id"]?.asString ?? ""
            func issue(_ bot: JSONValue, _ more: String) async throws -> TestAnswer {
                try await house.caller.call(
                    "POST", "/v1/access-tokens", glass,
                    body: #"{"principal_id":"\#(bot["id"]?.asString ?? "")","name":"a"\#(more)}"#)
            }
            for bot in [others, own] {
                for more in ["", #","expires_at":"2027-01-01T00:00:00Z""#] {
                    let longer = try await issue(bot, more)
                    #expect(longer.status == 422 && longer.pointers == ["/expires_at"], "\(longer.text)")
                }
            }
            let issued = try await issue(others, #","expires_at":"\#(end)""#)
            #expect(issued.status == 201, "\(issued.text)")
            let trader = try await house.join("trader", .trader, by: owner)
            let traderID = trader.actor.principal?.description ?? ""
            let grant = try await call(
                "POST", "/v1/grants", #"{"principal_id":"\#(traderID)","role":"owner","on":{}}"#)
            _ = try await call("DELETE", "/v1/users/\(traderID)/factors", "")
            let path = "/v1/break-glass/\(made["id"]?.asString ?? "")"
            #expect(try await call("GET", path, "", as: owner)["left_behind"] == nil)

            let left = try await call("POST", "\(path)/revoke", "", as: owner)["left_behind"]
            func outcome(_ step: String) -> [String] {
                let found = left?.asArray?.first { $0["step"]?.asString == step }
                return found?["things"]?.asArray?.map { thing in
                    "\(thing["id"]?.asString ?? "") \(thing["outcome"]?.asString ?? "")"
                } ?? []
            }
            #expect(outcome("service_accounts") == ["\(ownID) suspended"], "\(left ?? .null)")
            #expect(outcome("issued_access_tokens") == ["\(issued.json["id"]?.asString ?? "") ended"])
            #expect(outcome("grants_made").contains("\(grant["id"]?.asString ?? "") kept"))
            #expect(outcome("users_let_in") == ["\(traderID) kept"])
            guard case .refused = try await house.outcome(AccessTokenSecret.of(issued.json)) else {
                Issue.record("a token that was issued through it goes on")
                return
            }
            let bot = try await call("GET", "/v1/service-accounts/\(ownID)", "", as: owner)
            #expect(bot["status"] == "disabled")
        }
    }

    @Test func `one in use ends at once when it is revoked`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let made = try await make(house, owner)
            let used = try await use(house, AccessTokenSecret.of(made))
            let epoch = try await house.epoch()
            let path = "/v1/break-glass/\(made["id"]?.asString ?? "")"
            let ended = try await house.caller.call("POST", "\(path)/revoke", owner)
            #expect(ended.json["status"] == "ended", "\(ended.text)")
            #expect(try await house.epoch() == epoch + 1)
            guard
                case .refused = try await house.outcome(
                    AccessTokenSecret.of(used.json["access_token"] ?? .null))
            else {
                Issue.record("it goes on")
                return
            }
        }
    }
}
