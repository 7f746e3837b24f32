import Access
import Crypto
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// Whoever guesses somebody's password does not keep them out of the browser that they use every day.
@Suite(.serialized) struct KnownDeviceTests {
    private static let ann = "ann@desk.example"

    /// Strangers use up all attempts, from addresses apart.
    private nonisolated(nonsending) func guess(_ entrance: Entrance, at now: Timestamp = .testStart)
        async throws
    {
        for index in 0..<30 {
            _ = try await entrance.logIn(Self.ann, "a guess", from: "198.51.100.\(index)", at: now)
        }
        let locked = try await entrance.logIn(Self.ann, from: "192.0.2.1", at: now)
        #expect(locked.status == 429, "\(locked.text)")
    }

    @Test func `strangers who guess lock out strangers, and not the browser that its user came with before`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            _ = try await entrance.join("eve")
            let home = try await entrance.logIn(Self.ann).deviceCookie
            let eves = try await entrance.logIn("eve@desk.example").deviceCookie
            try await guess(entrance)
            // Somebody else's browser, none of ours, one that was not seen for long, two at once.
            let none = KnownDevice(.system).cookie.prefix { $0 != ";" }
            for cookie in [eves, String(none), "\(KnownDevice.cookieName)=", home + "A", "\(home); \(home)"] {
                #expect(try await entrance.logIn(Self.ann, by: cookie).status == 429, "\(cookie)")
            }
            // The owner's address is used up, too: they may sit behind the guesser's.
            for index in 0..<30 {
                _ = try await entrance.logIn("u\(index)@a", "guess")
            }
            #expect(try await entrance.logIn(Self.ann, "a guess", by: home).status == 401)
            let back = try await entrance.logIn(Self.ann, by: home)
            #expect(back.status == 201, "\(back.text)")
            // The next log-in needs the next cookie, and the strangers' count went on.
            #expect(try await entrance.logIn(Self.ann, by: home).status == 429)
            #expect(try await entrance.logIn(Self.ann, from: "192.0.2.1").status == 429)
            #expect(try await entrance.logIn(Self.ann, by: back.deviceCookie).status == 201)
            #expect(try await !database.keeps(home))
        }
    }

    @Test func `T13: of 32 guesses at once by a known browser five are tried, and they are nobody else's`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            let home = try await entrance.logIn(Self.ann).deviceCookie
            let tasks = (0..<32).map { _ in
                Task {
                    _ = worker
                    return try await entrance.logIn(Self.ann, "a guess", by: home).status
                }
            }
            var statuses: [Int] = []
            for task in tasks { statuses.append(try await task.value) }
            #expect(statuses.count { $0 == 401 } == 5 && statuses.count { $0 == 429 } == 27)
            #expect(try await entrance.house.events().count { $0.type == "login.locked" } == 1)
            // From elsewhere, as before; and later, from here.
            #expect(try await entrance.logIn(Self.ann, from: "192.0.2.1").status == 201)
            let later = Timestamp.testStart + .seconds(5)
            #expect(try await entrance.logIn(Self.ann, at: later, by: home).status == 201)
        }
    }

    @Test func `T14: a known browser tells nobody who there is`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            _ = try await entrance.join("eve")
            let eves = try await entrance.logIn("eve@desk.example").deviceCookie
            var answers: Set<String> = []
            for email in [Self.ann, "nobody@desk.example"] {
                let before = scratchHasher.count
                let answer = try await entrance.logIn(email, "a guess", by: eves)
                #expect(answer.status == 401 && scratchHasher.count == before + 1)
                let headers = answer.response.head.fields.map { "\($0.name): \($0.value)" }
                answers.insert(answer.text + headers.joined(separator: "\n"))
            }
            #expect(answers.count == 1)
        }
    }

    @Test func `the second step is not locked by those who never took the first`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let factors = SecondFactors(
                offers: { _, _ in [.init(kind: "totp")] },
                check: { answer, _, _ in if case .totp("424242") = answer { "totp" } else { nil } })
            let entrance = try await Entrance(database, factors: factors)
            _ = try await entrance.join("ann")
            let pending = try await entrance.logIn(Self.ann).json["pending"]?.asString ?? ""
            try await guess(entrance)
            let done = try await entrance.house.caller.call(
                "POST", "/v1/sessions", House.stranger(), body: #"{"pending":"\#(pending)","totp":"424242"}"#)
            #expect(done.status == 201, "\(done.text)")
        }
    }

    @Test func `who took over a session locks nobody out by guesses at the old password`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            _ = try await entrance.join("ann")
            let session = try await entrance.context(of: try await entrance.logIn(Self.ann))
            var answers: [Int] = []
            for _ in 0..<6 {
                let body = #"{"old_password":"a guess","password":"a walk along the northern pier"}"#
                answers.append(
                    try await entrance.house.caller.call("PUT", "/v1/password", session, body: body).status)
            }
            #expect(answers == [422, 422, 422, 422, 422, 429])
            #expect(try await entrance.logIn(Self.ann).status == 201)
        }
    }

    @Test func `another password forgets all browsers, and the link that set it makes one known`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let ann = try await entrance.join("ann")
            let home = try await entrance.logIn(Self.ann).deviceCookie
            let id = ann.actor.principal?.description ?? ""
            let link = try await entrance.house.caller.call(
                "POST", "/v1/users/\(id)/password-reset", entrance.owner)
            try await guess(entrance)
            let next = "a walk along the northern pier"
            let body = #"{"token":"\#(link.json["token"]?.asString ?? "")","password":"\#(next)"}"#
            let set = try await entrance.house.caller.call(
                "POST", "/v1/password/reset", House.stranger(), body: body)
            #expect(set.status == 204, "\(set.text)")
            #expect(try await entrance.logIn(Self.ann, next, by: home).status == 429)
            #expect(try await entrance.logIn(Self.ann, next, by: set.deviceCookie).status == 201)
        }
    }

    @Test func `a user has at most twenty, for ninety days`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database)
            let user = try #require(try await entrance.join("ann").actor.user)
            var devices: [KnownDevice] = []
            for index in 0...KnownDevice.perUser {
                devices.append(
                    try await database.transaction { transaction in
                        try await KnownDevice.remember(
                            of: user, insteadOf: nil, .system, at: .testStart + .seconds(Int64(index)),
                            in: transaction)
                    })
            }
            #expect(try await devices[0].user(at: .testStart, in: database) == nil)
            #expect(try await devices[1].user(at: .testStart, in: database) == user)
            let end = Timestamp.testStart + .days(90) + .seconds(1)
            #expect(try await devices[1].user(at: end, in: database) == nil)
            #expect(try await devices[2].user(at: end, in: database) == user)
        }
    }
}

extension Database {
    private static let devices = Statement(
        "test_device_text", "select count(*) from known_device d where d::text like '%' || $1 || '%'")

    /// Whether the cookie's own text stands anywhere.
    nonisolated(nonsending) fileprivate func keeps(_ cookie: String) async throws -> Bool {
        let value = cookie.split(separator: "=", maxSplits: 1).last.map(String.init) ?? ""
        return try await query(Self.devices, .text(value)).first?.int(0) != 0
    }
}
