import Access
import Crypto
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

@Suite(.serialized) struct LogInTests {
    @Test func `a password opens a session, by whose cookie its user acts`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let ann = try await entrance.join("ann")
            let answer = try await entrance.logIn("Ann@Desk.Example")
            #expect(answer.status == 201, "\(answer.text)")
            #expect(answer.json["session"]?["device"] == "a test")
            #expect(answer.json["session"]?["current"] == true)
            #expect(answer.json["csrf_token"]?.asString == answer.csrfCookie)
            #expect(answer.response.head[.cacheControl] == "no-store")
            let cookies = answer.response.head.fields.filter { $0.name == .setCookie }.map(\.value)
            #expect(cookies.count == 3)
            let device = try #require(cookies.last)
            #expect(device.hasPrefix("__Host-keybell_device=") && device.hasSuffix("HttpOnly; SameSite=Lax"))
            let needed = ["; Path=/; Max-Age=604800; Secure; SameSite=Strict"]
            #expect(cookies.prefix(2).allSatisfy { cookie in needed.allSatisfy { cookie.contains($0) } })
            #expect(cookies.map { $0.contains("HttpOnly") } == [true, false, true])
            guard case .caller(let caller) = try await entrance.outcome(answer) else {
                Issue.record("the session is refused")
                return
            }
            #expect(caller.actor.principal == ann.actor.principal)
            #expect(caller.actor.session?.description == answer.json["session"]?["id"]?.asString)
            #expect(caller.actor.accessToken == nil)
            #expect(caller.permissions == BuiltInRole.trader.permissions)
            let told = try await entrance.house.events().filter { $0.type == "login.succeeded" }
            #expect(told.map { $0.data["via"] } == ["password"])
            #expect(try await !database.holds(answer.sessionCookie))
        }
    }

    @Test func `T14: unknown, disabled, without a password and wrong look alike, and cost the same work`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            _ = try await entrance.join("ben", password: nil)
            let eve = try await entrance.join("eve")
            let disabled = try await entrance.house.caller.call(
                "POST", "/v1/users/\(eve.actor.principal?.description ?? "")/disable", entrance.owner)
            #expect(disabled.status == 200)
            // Each statement is known to its connection by then.
            _ = try await entrance.logIn("nobody@desk.example", from: "192.0.2.1")
            var (answers, statements): (Set<String>, Set<Int>) = ([], [])
            for (email, password) in [
                ("nobody@desk.example", Entrance.password),
                ("ann@desk.example", "four candles of a loud week"),
                ("ben@desk.example", Entrance.password), ("eve@desk.example", Entrance.password),
                ("eve@desk.example", "another one"), (String(repeating: "é", count: 200), "x"),
            ] {
                let before = (scratchHasher.count, database.sentCount)
                let answer = try await entrance.logIn(email, password)
                #expect(scratchHasher.count == before.0 + 1, "\(email)")
                statements.insert(database.sentCount - before.1)
                #expect(answer.status == 401, "\(email)")
                let headers = answer.response.head.fields.map { "\($0.name): \($0.value)" }
                answers.insert(answer.text + headers.joined(separator: "\n"))
            }
            #expect(answers.count == 1)
            #expect(statements.count == 1 && statements.allSatisfy { $0 > 5 }, "\(statements)")
            // Each hash is of the same parameters, whether it is somebody's or nobody's.
            for name in ["ann", "eve"] {
                let identity = LoginIdentity("\(name)@desk.example")
                let held = try await PasswordStore.candidate(identity, in: database).hash
                #expect(held?.parameters == scratchHasher.decoy.parameters, "\(name)")
            }
            let reasons = try await entrance.house.events().filter { $0.type == "login.failed" }
                .map { $0.data["reason"]?.asString ?? "" }
            #expect(
                reasons == [
                    "unknown_user", "unknown_user", "wrong_password", "no_password", "principal_disabled",
                    "wrong_password", "unknown_user",
                ])
        }
    }

    @Test func `T14: who is locked out looks alike, whoever it is, and costs the same work`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            _ = try await entrance.join("ben", password: nil)
            let eve = try await entrance.join("eve")
            _ = try await entrance.house.caller.call(
                "POST", "/v1/users/\(eve.actor.principal?.description ?? "")/disable", entrance.owner)
            var (answers, statements): (Set<String>, Set<Int>) = ([], [])
            for (index, name) in ["nobody", "ann", "ben", "eve"].enumerated() {
                let (email, address) = ("\(name)@desk.example", "192.0.2.\(index + 1)")
                for _ in 0..<5 { _ = try await entrance.logIn(email, "a guess", from: address) }
                let before = (scratchHasher.count, database.sentCount)
                let answer = try await entrance.logIn(email, from: address)
                #expect(answer.status == 429 && scratchHasher.count == before.0, "\(name) \(answer.text)")
                statements.insert(database.sentCount - before.1)
                let headers = answer.response.head.fields.map { "\($0.name): \($0.value)" }
                answers.insert(answer.text + headers.joined(separator: "\n"))
            }
            #expect(answers.count == 1)
            #expect(statements.count == 1 && statements.allSatisfy { $0 > 1 }, "\(statements)")
        }
    }

    @Test(arguments: ["ann@desk.example", "nobody@desk.example"])
    func `T13: of 64 guesses at once, by every variant of an address, exactly thirty are tried`(email: String)
        async throws
    {
        let variants = [
            email, email.uppercased(), " " + email, email + "\u{2003}", "\t\(email)\n",
            "\(email.prefix(1).uppercased())\(email.dropFirst())",
        ]
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            let before = scratchHasher.count
            let tasks = (0..<64).map { index in
                Task {
                    _ = worker
                    // Addresses apart, so that the identity alone is what counts.
                    let answer = try await entrance.logIn(
                        variants[index % variants.count], "guess number \(index)",
                        from: "198.51.100.\(index)")
                    return (answer.status, answer.text, answer.response.head[.retryAfter])
                }
            }
            var answers: [(status: Int, text: String, wait: String?)] = []
            for task in tasks { answers.append(try await task.value) }
            #expect(answers.count { $0.status == 401 } == 30)
            let refused = answers.filter { $0.status == 429 }
            #expect(refused.count == 34)
            #expect(Set(refused.map(\.text)).count == 1)
            #expect(refused.allSatisfy { $0.wait == "60" })
            #expect(scratchHasher.count == before + 30)
            // The right one waits like the others.
            #expect(try await entrance.logIn(email, from: "192.0.2.1").status == 429)
            #expect(try await entrance.house.events().count { $0.type == "login.locked" } == 1)
            let later = Timestamp.testStart + .minutes(1)
            let then = try await entrance.logIn(email, from: "192.0.2.1", at: later)
            #expect(then.status == (email.hasPrefix("ann") ? 201 : 401))
        }
    }

    @Test func `T13: of 32 guesses at once on two nodes exactly five are tried, and both wait as long`()
        async throws
    {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database async throws in
            let first = try await Entrance(database)
            _ = try await first.join("ann")
            let other = scratch.open(on: worker)
            defer { other.stop() }
            try await other.ready(within: .seconds(60))
            let second = Entrance(of: first, at: other)
            let tasks = (0..<32).map { index in
                Task {
                    _ = worker
                    let node = index % 2 == 0 ? first : second
                    return try await node.logIn("ann@desk.example", "guess number \(index)").status
                }
            }
            var statuses: [Int] = []
            for task in tasks { statuses.append(try await task.value) }
            #expect(statuses.count { $0 == 401 } == 5 && statuses.count { $0 == 429 } == 27)
            let opens = Timestamp.testStart + LoginTally.firstDelay
            for node in [first, second] {
                #expect(try await node.logIn("ann@desk.example").status == 429)
            }
            // What one node gives, it gives for both.
            #expect(try await second.logIn("ann@desk.example", "a guess", at: opens).status == 401)
            #expect(try await first.logIn("ann@desk.example", at: opens).status == 429)
        }
    }

    @Test func `T13: of 32 guesses at once from one address exactly five are tried, and others come in`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            let tasks = (0..<32).map { index in
                Task {
                    _ = worker
                    return try await entrance.logIn("ann@desk.example", "guess number \(index)").status
                }
            }
            var statuses: [Int] = []
            for task in tasks { statuses.append(try await task.value) }
            #expect(statuses.count { $0 == 401 } == 5 && statuses.count { $0 == 429 } == 27)
            #expect(try await entrance.house.events().count { $0.type == "login.locked" } == 1)
            #expect(try await entrance.logIn("ann@desk.example").status == 429)
            #expect(try await entrance.logIn("ann@desk.example", from: "192.0.2.1").status == 201)
            // That tells nothing of who guessed.
            #expect(try await entrance.logIn("ann@desk.example").status == 429)
        }
    }

    @Test func `a guess as soon as there may be one, all day, keeps nobody out who comes from elsewhere`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            var now = Timestamp.testStart
            for round in 0..<40 {
                let guess = try await entrance.logIn("ann@desk.example", "a guess", at: now)
                #expect(guess.status == 401)
                if round % 8 == 7 {
                    let ann = try await entrance.logIn("ann@desk.example", from: "192.0.2.1", at: now)
                    #expect(ann.status == 201, "\(ann.text)")
                }
                now = now + (round < 4 ? .seconds(1) : .minutes(15))
            }
        }
    }

    @Test func `who is locked out leaves nothing behind, and what is forgotten goes with the next`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            for index in 0..<40 { _ = try await entrance.logIn("u\(index)@a", "guess") }
            // 20 were tried: each an identity from there, and that identity; and the address.
            #expect(try await database.tallies().count == 41)
            let later = Timestamp.testStart + .hours(2)
            for index in 0..<5 {
                _ = try await entrance.logIn("v\(index)@a", "guess", from: "192.0.2.1", at: later)
            }
            #expect(try await database.tallies().count == 11)
        }
    }

    @Test func `an address has twenty attempts, and one of IPv6 is its network`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            for index in 0..<20 {
                let answer = try await entrance.logIn("u\(index)@a", "guess", from: "2001:db8::\(index + 1)")
                #expect(answer.status == 401)
            }
            #expect(try await entrance.logIn("ann@desk.example", from: "2001:db8::99").status == 429)
            #expect(try await entrance.logIn("ann@desk.example", from: "2001:db8:0:1::1").status == 201)
        }
    }

    @Test func `a success clears the identity from there, and gives its address one back`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            for _ in 0..<3 {
                for _ in 0..<4 {
                    #expect(try await entrance.logIn("ann@desk.example", "a guess").status == 401)
                }
                #expect(try await entrance.logIn("ann@desk.example").status == 201)
            }
            let tallies = try await database.tallies()
            let origin = tallies.first { $0.key.hasPrefix("identity:") && $0.key.hasSuffix("@203.0.113.7") }
            #expect(origin?.value == 0)
            #expect(tallies["address:203.0.113.7"] == 12)
        }
    }

    @Test func `failures of a name, an address and a minute are told ten times and as a sum`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            for _ in 0..<15 { #expect(try await entrance.logIn("u@a", "guess").status != 201) }
            let before = try await entrance.house.events().filter { $0.type == "login.failed" }
            #expect(before.count == 10)
            let later = Timestamp.testStart + .minutes(1)
            try await entrance.flush(at: later)
            let told = try await entrance.house.events().filter { $0.type == "login.failed" }
            #expect(told.last?.data["count"] == 5)
        }
    }

    /// Somebody who fills the minute's budget with a name that nobody has, and then guesses a user's
    /// password: five times, and ten more that find the door locked.
    private nonisolated(nonsending) func guess(_ entrance: Entrance) async throws {
        for _ in 0..<12 { _ = try await entrance.logIn("u@a", "junk") }
        for _ in 0..<15 { _ = try await entrance.logIn("ann@desk.example", "a guess") }
    }

    @Test func `junk hides no failures of a user, and all of them are told before a success`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let ann = JSONValue.string(try #require(try await entrance.join("ann").actor.user).description)
            try await guess(entrance)
            #expect(
                try await entrance.logIn("ann@desk.example", at: .testStart + .seconds(30)).status == 201)
            let told = try await entrance.house.events().filter { $0.data["user_id"] == ann }
                .filter { $0.type.hasPrefix("login.") && $0.type != "login.locked" }
            #expect(told.last?.type == "login.succeeded")
            let failed = told.dropLast().filter { $0.type == "login.failed" }
            #expect(failed.map { $0.data["count"]?.asInt } == Array(repeating: 1, count: 10) + [5])
            try await entrance.flush(at: .testStart + .minutes(1))
            let rest = try await entrance.house.events().last
            #expect(rest?.data["user_id"] == .null && rest?.data["count"] == 2, "\(rest?.data ?? .null)")
        }
    }

    @Test func `a hash of other parameters is made anew at the next log-in`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let ann = try await entrance.join("ann")
            let user = try #require(ann.actor.user)
            // Of "password", from the reference implementation's tests.
            let weak = PasswordHash(
                text: "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
            )
            try await database.transaction { transaction in
                try await PasswordStore.set(weak, of: user, at: .testStart, in: transaction)
            }
            #expect(scratchHasher.isOutdated(weak))
            #expect(try await entrance.logIn("ann@desk.example", "password").status == 201)
            let held = try #require(try await PasswordStore.find(of: user, in: database))
            #expect(!scratchHasher.isOutdated(held))
            #expect(try await entrance.logIn("ann@desk.example", "password").status == 201)
        }
    }

    @Test func `every mistake of the body is told`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            func pointers(_ body: String) async throws -> Set<String> {
                let answer = try await entrance.house.caller.call(
                    "POST", "/v1/sessions", House.stranger(), body: body)
                #expect(answer.status == 422, "\(body) \(answer.text)")
                return Set(answer.pointers)
            }
            #expect(try await pointers("{}") == ["/email", "/password"])
            #expect(try await pointers(#"{"email":"a","password":1,"who":1}"#) == ["/password", "/who"])
            #expect(try await pointers(#"{"pending":"kbp_00000000"}"#) == ["/pending"])
            #expect(
                try await pointers(#"{"pending":"kbp_00000000","totp":"1","recovery_code":"2"}"#) == [
                    "/pending"
                ])
            #expect(try await pointers(#"{"pending":"kbp_00000000","totp":"1","email":"a"}"#) == ["/email"])
        }
    }
}

extension Database {
    private static let all = Statement("test_tallies", "select subject, failures from login_guard")
    private static let sessions = Statement(
        "test_session_text", "select count(*) from session s where s::text like '%' || $1 || '%'")

    nonisolated(nonsending) fileprivate func tallies() async throws -> [String: Int] {
        let rows = try await query(Self.all)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.text(0), $0.int(1)) })
    }

    nonisolated(nonsending) fileprivate func holds(_ cookie: String) async throws -> Bool {
        try await query(Self.sessions, .text(cookie)).first?.int(0) != 0
    }
}

extension PasswordHash {
    /// Its algorithm, version, memory, passes and lanes.
    fileprivate var parameters: [Substring] { Array(text.split(separator: "$").prefix(3)) }
}
