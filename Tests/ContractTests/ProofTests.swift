import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// Whoever has something to prove with proves it: people without a second factor by their password.
@Suite struct ProofTests {
    @Test func `a token alone never satisfies step-up of somebody who has a password`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let users: JSONValue = ["operation": "createUser", "method": "POST", "path": "/v1/users"]
            #expect(try await premises.invite("a", as: owner.token).status == 201)
            try await premises.setPassword(as: owner.token)
            let refused = try await premises.invite("b", as: owner.token)
            #expect(refused.status == 401 && refused.code == "step_up_required", "\(refused.text)")
            #expect(refused.json["step_up"]?["level"] == "password")
            #expect(refused.json["step_up"]?["action"] == users)
            let begun = try await premises.call("POST", "/v1/step-up", as: owner.token, body: "{}")
            #expect(begun.json["factors"] == [["kind": "password", "options": .null]], "\(begun.text)")
            let wrong: JSONValue = ["action": users, "password": "not the password at all"]
            let denied = try await premises.call("POST", "/v1/step-up", as: owner.token, body: wrong.text)
            #expect(denied.status == 403 && denied.code == "factor_refused", "\(denied.text)")
            let proof = try await premises.proof(for: users, by: Person.password, as: owner.token)
            #expect(try await premises.invite("b", as: owner.token, proof).status == 201)
            #expect(try await premises.invite("c", as: owner.token, proof).code == "step_up_required")

            // What a password proved ends with it.
            let old = try await premises.proof(for: users, by: Person.password, as: owner.token)
            let swap: JSONValue = [
                "old_password": .string(Person.password), "password": "another phrase for a while",
            ]
            let changed = try await premises.call("PUT", "/v1/password", as: owner.token, body: swap.text)
            #expect(changed.status == 204, "\(changed.text)")
            #expect(try await premises.invite("c", as: owner.token, old).code == "step_up_required")
            let back: JSONValue = [
                "old_password": "another phrase for a while", "password": .string(Person.password),
            ]
            let again = try await premises.call("PUT", "/v1/password", as: owner.token, body: back.text)
            #expect(again.status == 204, "\(again.text)")

            // A proof by the password is worth nothing once there is a factor.
            let early = try await premises.proof(for: users, by: Person.password, as: owner.token)
            try await premises.addFactor(of: owner)
            let late = try await premises.invite("d", as: owner.token, early)
            #expect(late.json["step_up"]?["level"] == "factor", "\(late.text)")
            let password: JSONValue = ["action": users, "password": .string(Person.password)]
            let useless = try await premises.call("POST", "/v1/step-up", as: owner.token, body: password.text)
            #expect(useless.status == 422 && useless.pointers == ["/password"], "\(useless.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test(
        arguments: [
            (["operation": "nope", "method": "POST", "path": "/v1/users"], "/action/operation"),
            (["operation": "revokeKey", "method": "POST", "path": "/v1/keys/x/revoke"], "/action/operation"),
            (["operation": "createUser", "method": "DELETE", "path": "/v1/users"], "/action/method"),
            (["operation": "createUser", "method": "POST", "path": "/v1/users/x"], "/action/path"),
            (["operation": "updateUser", "method": "PATCH", "path": "/v1/users/"], "/action/path"),
        ] as [(JSONValue, String)])
    func `no code is spent on a proof that nothing asks for`(action: JSONValue, pointer: String) async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let codes = try await premises.addApp(of: owner).codes
            let body: JSONValue = ["action": action, "recovery_code": .string(codes[0])]
            let refused = try await premises.call("POST", "/v1/step-up", as: owner.token, body: body.text)
            #expect(refused.status == 422 && refused.pointers == [pointer], "\(refused.text)")
            let users: JSONValue = ["operation": "createUser", "method": "POST", "path": "/v1/users"]
            _ = try await premises.proof(for: users, codes[0], as: owner.token)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a session begun by password is fresh for five minutes, and again by the password`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            try await premises.setPassword(as: owner.token)
            let browser = try await premises.signIn("owner@desk.example")
            #expect(try await premises.invite("a", by: browser).status == 201)
            try await premises.execute("update session set password_at = password_at - interval '5 minutes'")
            let refused = try await premises.invite("b", by: browser)
            #expect(refused.code == "step_up_required" && refused.json["step_up"]?["action"] == .null)
            let shown = try await premises.call(
                "POST", "/v1/step-up", headers: browser, body: #"{"password":"\#(Person.password)"}"#,
                from: Premises.here)
            #expect(shown.json["factor"] == "password" && shown.json["proof"] == .null, "\(shown.text)")
            #expect(try await premises.invite("b", by: browser).status == 201)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `wrong passwords at step-up are delayed, and lock nobody's log-in`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            try await premises.setPassword(as: owner.token)
            let users: JSONValue = ["operation": "createUser", "method": "POST", "path": "/v1/users"]
            let wrong: JSONValue = ["action": users, "password": "not the password at all"]
            var codes: [String?] = []
            for _ in 0..<6 {
                codes.append(
                    try await premises.call("POST", "/v1/step-up", as: owner.token, body: wrong.text).code)
            }
            #expect(codes.dropLast().allSatisfy { $0 == "factor_refused" }, "\(codes)")
            #expect(codes.last == "rate_limited", "\(codes)")
            let right: JSONValue = ["email": "owner@desk.example", "password": .string(Person.password)]
            let open = try await premises.call(
                "POST", "/v1/sessions", body: right.text, from: Premises.here)
            #expect(open.status == 201, "\(open.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `with neither a password nor a factor nobody reveals, breaks glass or goes solo`() async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let key = try await premises.call(
                "POST", "/v1/keys", as: owner.token,
                body: """
                    {"exchange":"okx","account":"main","label":"a","environment":"demo","readable":true,\
                    "credential":{"api_key":"a","secret":"the-secret-of-the-key","passphrase":"p"}}
                    """)
            let asked = [
                ("POST", "/v1/keys/\(key.json["id"]?.asString ?? "")/reveal", #"{"reason":"a"}"#),
                ("POST", "/v1/break-glass", #"{"name":"the safe"}"#),
                ("PUT", "/v1/settings/solo-mode", #"{"enabled":false,"reason":"a"}"#),
            ]
            let match = [(name: "if-match", value: "*")]
            for (method, path, body) in asked {
                let refused = try await premises.call(
                    method, path, as: owner.token, headers: match, body: body)
                #expect(refused.status == 403 && refused.code == "mfa_required", "\(path) \(refused.text)")
                #expect(refused.text.contains("PUT /v1/password"), "\(refused.text)")
            }
            for (method, path, body) in asked {
                let proven = try await premises.insist(
                    method, path, as: owner.token, headers: match, body: body)
                #expect([200, 201].contains(proven.status), "\(path) \(proven.text)")
            }
            #expect(premises.mistakes == [])
        }
    }
}

extension JSONValue {
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension Premises {
    nonisolated(nonsending) fileprivate func invite(
        _ name: String, as token: String, _ proof: String? = nil
    ) async throws -> TestAnswer {
        try await call(
            "POST", "/v1/users", as: token,
            headers: proof.map { [(name: "keybell-step-up", value: $0)] } ?? [],
            body: #"{"name":"\#(name)","email":"\#(name)@desk.example"}"#)
    }

    nonisolated(nonsending) fileprivate func invite(
        _ name: String, by browser: [(name: String, value: String)]
    ) async throws -> TestAnswer {
        try await call(
            "POST", "/v1/users", headers: browser,
            body: #"{"name":"\#(name)","email":"\#(name)@desk.example"}"#, from: Self.here)
    }

    /// By the password; what a browser sends from then on.
    nonisolated(nonsending) func signIn(_ email: String) async throws -> [(name: String, value: String)] {
        let answer = try await call(
            "POST", "/v1/sessions", body: #"{"email":"\#(email)","password":"\#(Person.password)"}"#,
            from: Self.here)
        #expect(answer.status == 201, "\(answer.text)")
        return Self.browser(of: answer)
    }

    /// An authenticator app, by the password.
    nonisolated(nonsending) fileprivate func addFactor(of person: Person) async throws {
        let bare = try await call("POST", "/v1/me/factors/totp", as: person.token, body: "{}")
        #expect(bare.code == "step_up_required", "\(bare.text)")
        let begun = try await insist("POST", "/v1/me/factors/totp", as: person.token, body: "{}")
        let app = try #require(SoftApp(begun.json["secret"]?.asString ?? ""), "\(begun.text)")
        let added = try await insist(
            "POST", "/v1/me/factors/\(begun.json["id"]?.asString ?? "")/confirm", as: person.token,
            body: #"{"code":"\#(try app.code(at: host.shared.clock.now()))"}"#)
        #expect(added.status == 201, "\(added.text)")
    }

    /// Past the interface.
    nonisolated(nonsending) func execute(_ sql: String) async throws {
        _ = try await host.database.transaction { try await $0.query(Statement("test_sql", derived: sql)) }
    }
}
