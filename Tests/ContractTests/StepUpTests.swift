import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// Second factors through the whole pipeline: who has to show one, what counts as shown, and for what.
@Suite struct StepUpTests {
    @Test func `a token of somebody with a factor needs a proof, for this very request, once`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let codes = try await premises.addApp(of: owner).codes
            let refused = try await premises.invite(as: owner.token)
            #expect(refused.status == 401 && refused.code == "step_up_required", "\(refused.text)")
            #expect(
                refused.json["step_up"]
                    == [
                        "level": "factor", "within_seconds": 300, "answer_at": "/v1/step-up",
                        "proof_header": "Keybell-Step-Up",
                        "action": ["operation": "createUser", "method": "POST", "path": "/v1/users"],
                    ])
            let action = refused.json["step_up"]?["action"] ?? .null
            let proof = try await premises.proof(for: action, codes[0], as: owner.token)
            let elsewhere = try await premises.call(
                "POST", "/v1/grants", as: owner.token, headers: Self.header(proof), body: "{}")
            #expect(elsewhere.code == "step_up_required")
            let other = try await premises.anotherToken(of: owner)
            #expect(try await premises.invite(as: other, proof).code == "step_up_required")
            #expect(try await premises.invite(as: owner.token, proof).status == 201)
            #expect(try await premises.invite(as: owner.token, proof).code == "step_up_required")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `one proof in 32 requests at once lets one pass`() async throws {
        try await Premises.open { worker, premises in
            let owner = try await premises.owner()
            let codes = try await premises.addApp(of: owner).codes
            let action: JSONValue = ["operation": "createUser", "method": "POST", "path": "/v1/users"]
            let proof = try await premises.proof(for: action, codes[0], as: owner.token)
            let statuses = Statuses()
            for number in 0..<32 {
                worker.spawn {
                    let body = #"{"name":"a","email":"a\#(number)@desk.example"}"#
                    let answer = try? await premises.call(
                        "POST", "/v1/users", as: owner.token, headers: Self.header(proof), body: body)
                    statuses.all.append(answer?.status)
                }
            }
            while statuses.all.count < 32 { await worker.reactor.sleep(nanoseconds: 5_000_000) }
            #expect(statuses.all.count { $0 == 201 } == 1)
            #expect(statuses.all.count { $0 == 401 } == 31)
        }
    }

    @Test func `whoever has no factor passes in the grace, and afterwards reads only, or adds one`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let bot = try await premises.bot(.admin, by: owner)
            #expect(try await premises.invite(as: owner.token).status == 201)
            try await premises.set(Self.endGrace)
            let refused = try await premises.call(
                "POST", "/v1/webhooks", as: owner.token, body: #"{"name":"a","url":"https://a.example/b"}"#)
            #expect(refused.status == 403 && refused.code == "mfa_required", "\(refused.text)")
            #expect(try await premises.invite(as: owner.token).code == "mfa_required")
            #expect(try await premises.call("GET", "/v1/users", as: owner.token).status == 200)
            #expect(try await premises.call("GET", "/v1/me", as: owner.token).status == 200)
            // Service accounts have no factors, and no grace either.
            let made = try await premises.call(
                "POST", "/v1/webhooks", as: bot, body: #"{"name":"b","url":"https://a.example/b"}"#)
            #expect(made.status == 201, "\(made.text)")
            let codes = try await premises.addApp(of: owner).codes
            let action: JSONValue = ["operation": "createUser", "method": "POST", "path": "/v1/users"]
            _ = try await premises.proof(for: action, codes[0], as: owner.token)
            let after = try await premises.call(
                "POST", "/v1/webhooks", as: owner.token, body: #"{"name":"c","url":"https://a.example/b"}"#)
            #expect(after.status == 201, "\(after.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a service account is told that a person is needed`() async throws {
        try await Premises.open { _, premises in
            let bot = try await premises.bot(.admin, by: premises.owner())
            let refused = try await premises.invite(as: bot)
            #expect(refused.status == 403 && refused.code == "human_required", "\(refused.text)")
            for path in ["/v1/step-up", "/v1/me/factors/totp"] {
                let answer = try await premises.call("POST", path, as: bot, body: "{}")
                #expect(answer.code == "human_required", "\(path)")
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a session is fresh for five minutes after a factor was shown in it`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let codes = try await premises.addApp(of: owner).codes
            let browser = try await premises.logIn(owner, codes[0], proving: codes[9])
            #expect(try await premises.invite(by: browser, "b").status == 201)
            try await premises.set(Self.ageSessions)
            let refused = try await premises.invite(by: browser, "c")
            #expect(refused.code == "step_up_required", "\(refused.text)")
            #expect(refused.json["step_up"]?["action"] == .null)
            let begun = try await premises.call(
                "POST", "/v1/step-up", headers: browser, body: "{}", from: Premises.here)
            #expect(begun.json["factors"]?[0]?["kind"] == "totp", "\(begun.text)")
            let shown = try await premises.call(
                "POST", "/v1/step-up", headers: browser, body: #"{"recovery_code":"\#(codes[1])"}"#,
                from: Premises.here)
            #expect(shown.status == 200 && shown.json["proof"] == .null, "\(shown.text)")
            #expect(try await premises.invite(by: browser, "c").status == 201)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a password without the factor opens nothing, and a wrong factor neither`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let (used, codes) = try await premises.addApp(of: owner)
            let pending = try await premises.password(of: owner, proving: codes[9])
            #expect(pending.json["status"] == "factor_required", "\(pending.text)")
            let kinds = pending.json["factors"]?.asArray?.compactMap { $0["kind"]?.asString }
            #expect(kinds == ["totp", "recovery_code"])
            let token = pending.json["pending"]?.asString ?? ""
            for answer in [#""totp":"\#(used)""#, #""recovery_code":"0000-0000-0000-0000""#] {
                let wrong = try await premises.call(
                    "POST", "/v1/sessions", body: #"{"pending":"\#(token)",\#(answer)}"#, from: Premises.here)
                #expect(wrong.status == 401, "\(wrong.text)")
            }
            let right = try await premises.call(
                "POST", "/v1/sessions", body: #"{"pending":"\#(token)","recovery_code":"\#(codes[0])"}"#,
                from: Premises.here)
            #expect(
                right.status == 201 && right.json["session"]?["factor"] == "recovery_code", "\(right.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a passkey logs in alone, steps up, and its answer counts once`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let passkey = try SoftAuthenticator(origin: "http://localhost:8720", credential: [7, 7, 7])
            let making = try await premises.call("GET", "/v1/me/factors/passkeys/options", as: owner.token)
            let offer: JSONValue = ["credential": passkey.register(making.json["public_key"])]
            let made = try await premises.call(
                "POST", "/v1/me/factors/passkeys", as: owner.token, body: offer.text)
            #expect(made.status == 201 && made.json["recovery_codes"]?.asArray?.count == 10, "\(made.text)")
            let options = try await premises.call("GET", "/v1/sessions/passkey-options", from: Premises.here)
            let body: JSONValue = ["passkey": try passkey.sign(options.json["public_key"])]
            let session = try await premises.call(
                "POST", "/v1/sessions", body: body.text, from: Premises.here)
            #expect(
                session.status == 201 && session.json["session"]?["factor"] == "passkey", "\(session.text)")
            let again = try await premises.call("POST", "/v1/sessions", body: body.text, from: Premises.here)
            #expect(again.status == 401, "\(again.text)")
            let browser = Premises.browser(of: session)
            try await premises.set(Self.ageSessions)
            let begun = try await premises.call(
                "POST", "/v1/step-up", headers: browser, body: "{}", from: Premises.here)
            let asked = begun.json["factors"]?.asArray?.first { $0["kind"] == "passkey" }
            let answer: JSONValue = ["passkey": try passkey.sign(asked?["options"])]
            let shown = try await premises.call(
                "POST", "/v1/step-up", headers: browser, body: answer.text, from: Premises.here)
            #expect(shown.json["factor"] == "passkey", "\(shown.text)")
            #expect(try await premises.invite(by: browser, "d").status == 201)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `what asks for a step-up acts, and asks nothing of safety moves`() async throws {
        let operations = try await Premises.open { _, premises in
            premises.operations.filter { $0.stepUp.map { !$0.isConditional } ?? false }
                .map { ($0.id, $0.acts) }
        }
        #expect(operations.allSatisfy { $0.1 })
        let ids = Set(operations.map(\.0))
        let safe = [
            "disableUser", "disableServiceAccount", "revokeKey", "revokeKeys", "suspendKey", "setKeysMode",
            "revokeAccessToken", "seal", "endSessions", "endSession", "logOut",
        ]
        #expect(ids.isDisjoint(with: safe))
        #expect(ids.isSuperset(of: ["revealKey", "publishKeyPolicy", "createGrant", "resetUserFactors"]))
    }

    // MARK: Things to do

    fileprivate static let password = "four candles of a quiet week"
    private static let endGrace = Statement(
        "test_end_grace",
        "with raised as (update authority set epoch = epoch + 1) update sign_in set mfa_grace = '0'")
    private static let ageSessions = Statement(
        "test_age_sessions", "update session set factor_at = factor_at - interval '5 minutes'")

    fileprivate static func header(_ proof: String?) -> [(name: String, value: String)] {
        proof.map { [(name: "keybell-step-up", value: $0)] } ?? []
    }

    private final class Statuses { var all: [Int?] = [] }
}

extension JSONValue {
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension Premises {
    fileprivate nonisolated(nonsending) func invite(as token: String, _ proof: String? = nil) async throws
        -> TestAnswer
    {
        let name = "a\(token.suffix(4))\(proof == nil ? "" : "p")".lowercased()
        return try await call(
            "POST", "/v1/users", as: token, headers: StepUpTests.header(proof),
            body: #"{"name":"\#(name)","email":"\#(name)@desk.example"}"#)
    }

    fileprivate nonisolated(nonsending) func invite(
        by browser: [(name: String, value: String)], _ name: String
    ) async throws -> TestAnswer {
        try await call(
            "POST", "/v1/users", headers: browser,
            body: #"{"name":"\#(name)","email":"\#(name)@desk.example"}"#, from: Self.here)
    }

    fileprivate nonisolated(nonsending) func anotherToken(of person: Person) async throws -> String {
        let made = try await call("POST", "/v1/access-tokens", as: person.token, body: #"{"name":"b"}"#)
        return try #require(made.json["token"]?.asString, "\(made.text)")
    }

    fileprivate nonisolated(nonsending) func bot(_ role: BuiltInRole, by owner: Person) async throws -> String
    {
        let made = try await call(
            "POST", "/v1/service-accounts", as: owner.token,
            body: #"{"name":"a bot","purpose":"to ask","role":"\#(role.rawValue)"}"#)
        let id = made.json["id"]?.asString ?? ""
        let token = try await call(
            "POST", "/v1/access-tokens", as: owner.token, body: #"{"name":"b","principal_id":"\#(id)"}"#)
        return try #require(token.json["token"]?.asString, "\(made.text) \(token.text)")
    }

    /// The first step of a log-in, with a password set for it by whoever has another factor already.
    fileprivate nonisolated(nonsending) func password(
        of person: Person, proving code: String
    ) async throws -> TestAnswer {
        let body = #"{"password":"\#(StepUpTests.password)"}"#
        let asked = try await call("PUT", "/v1/password", as: person.token, body: body)
        let action = try #require(asked.json["step_up"]?["action"], "\(asked.text)")
        let proof = try await proof(for: action, code, as: person.token)
        let set = try await call(
            "PUT", "/v1/password", as: person.token, headers: [(name: "keybell-step-up", value: proof)],
            body: body)
        #expect(set.status == 204, "\(set.text)")
        return try await call(
            "POST", "/v1/sessions",
            body: #"{"email":"owner@desk.example","password":"\#(StepUpTests.password)"}"#,
            from: Self.here)
    }

    fileprivate nonisolated(nonsending) func logIn(
        _ person: Person, _ code: String, proving other: String
    ) async throws -> [(name: String, value: String)] {
        let pending = try await password(of: person, proving: other).json["pending"]?.asString ?? ""
        let session = try await call(
            "POST", "/v1/sessions", body: #"{"pending":"\#(pending)","recovery_code":"\#(code)"}"#,
            from: Self.here)
        #expect(session.status == 201, "\(session.text)")
        return Self.browser(of: session)
    }

    /// Past the interface.
    fileprivate nonisolated(nonsending) func set(_ statement: Statement) async throws {
        _ = try await host.database.transaction { try await $0.query(statement) }
    }
}
