import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Identity

/// The second step of a log-in, with a factor that knows one code.
@Suite(.serialized) struct SecondFactorTests {
    private final class Codes: Sendable {
        let spent = Mutex<Set<String>>([])

        var factors: SecondFactors {
            SecondFactors(
                offers: { _, _ in
                    [.init(kind: "totp"), .init(kind: "passkey", options: ["challenge": "abc"])]
                },
                check: { answer, _, _ in
                    guard case .totp(let code) = answer, code == "424242" else { return nil }
                    return self.spent.withLock { $0.insert(code).inserted } ? "totp" : nil
                })
        }
    }

    private nonisolated(nonsending) func finish(
        _ entrance: Entrance, _ pending: String, _ code: String, from address: String = "203.0.113.7",
        at now: Timestamp = .testStart
    ) async throws -> TestAnswer {
        var context = House.stranger(at: now)
        context.actor.address = IPAddress(address)
        return try await entrance.house.caller.call(
            "POST", "/v1/sessions", context, body: #"{"pending":"\#(pending)","totp":"\#(code)"}"#)
    }

    @Test func `the password leads to a pending log-in, and the factor to one session`() async throws {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let entrance = try await Entrance(database, factors: Codes().factors)
            _ = try await entrance.join("ann")
            let begun = try await entrance.logIn("ann@desk.example")
            #expect(begun.status == 200 && begun.json["status"] == "factor_required", "\(begun.text)")
            #expect(
                begun.json["factors"] == [
                    ["kind": "totp"], ["kind": "passkey", "options": ["challenge": "abc"]],
                ])
            #expect(begun.sessionCookie.isEmpty)
            let pending = begun.json["pending"]?.asString ?? ""
            #expect(try await finish(entrance, pending, "000000").status == 401)
            #expect(try await finish(entrance, pending, "424242", from: "192.0.2.9").status == 401)
            let late = Timestamp.testStart + .minutes(5)
            #expect(try await finish(entrance, pending, "424242", at: late).status == 401)
            let done = try await finish(entrance, pending, "424242")
            #expect(done.status == 201, "\(done.text)")
            #expect(done.json["session"]?["factor"] == "totp")
            #expect(done.json["session"]?["factor_at"] == "2026-01-05T08:00:00.000Z")
            #expect(try await finish(entrance, pending, "424242").status == 401)
        }
    }

    @Test func `a log-in that waits for its factor is over with the password, and with the sessions`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let always = SecondFactors(
                offers: { _, _ in [.init(kind: "totp")] }, check: { _, _, _ in "totp" })
            let entrance = try await Entrance(database, factors: always)
            let ann = try await entrance.join("ann")
            let caller = entrance.house.caller
            let next = "a walk along the northern pier"
            for (method, path, body, password) in [
                ("DELETE", "/v1/sessions", "", Entrance.password),
                (
                    "PUT", "/v1/password",
                    #"{"old_password":"\#(Entrance.password)","password":"\#(next)"}"#, next
                ),
            ] {
                let begun = try await entrance.logIn("ann@desk.example")
                let pending = try #require(begun.json["pending"]?.asString, "\(begun.text)")
                let done = try await caller.call(method, path, ann, body: body)
                #expect((200..<300).contains(done.status), "\(done.text)")
                #expect(try await finish(entrance, pending, "424242").status == 401, "\(path)")
                let again = try await entrance.logIn("ann@desk.example", password)
                let fresh = again.json["pending"]?.asString ?? ""
                #expect(try await finish(entrance, fresh, "424242").status == 201, "\(again.text)")
            }
        }
    }

    @Test func `T13: 64 right answers at once make one session`() async throws {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let always = SecondFactors(
                offers: { _, _ in [.init(kind: "totp")] }, check: { _, _, _ in "totp" })
            let entrance = try await Entrance(database, factors: always)
            _ = try await entrance.join("ann")
            let pending = try await entrance.logIn("ann@desk.example").json["pending"]?.asString ?? ""
            let tasks = (0..<64).map { _ in
                Task {
                    _ = worker
                    return try await self.finish(entrance, pending, "424242").status
                }
            }
            var statuses: [Int] = []
            for task in tasks { statuses.append(try await task.value) }
            #expect(statuses.count { $0 == 201 } == 1, "\(statuses)")
            #expect(statuses.allSatisfy { [201, 401, 429].contains($0) })
        }
    }

    @Test func `wrong codes count as wrong passwords do, and right passwords give nothing back of them`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let entrance = try await Entrance(database, factors: Codes().factors)
            _ = try await entrance.join("ann")
            var statuses: [Int] = []
            for _ in 0..<6 {
                let begun = try await entrance.logIn("ann@desk.example")
                guard let pending = begun.json["pending"]?.asString else {
                    statuses.append(begun.status)
                    continue
                }
                statuses.append(try await finish(entrance, pending, "111111").status)
            }
            #expect(statuses == [401, 401, 401, 401, 401, 429])
        }
    }
}
