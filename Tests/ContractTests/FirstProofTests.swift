import Access
import HTTPServer
import JSON
import TestSupport
import Testing

@testable import Service

/// What somebody proves themselves with first is set by nobody who has an access token alone.
@Suite struct FirstProofTests {
    @Test func `of access tokens only the one that joining gave sets the first factor or password`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let other = try await premises.call(
                "POST", "/v1/access-tokens", as: owner.token, body: #"{"name":"another"}"#)
            let token = try #require(other.json["token"]?.asString, "\(other.text)")
            func attempts(_ token: String) async throws -> [TestAnswer] {
                [
                    try await premises.call("POST", "/v1/me/factors/totp", as: token, body: "{}"),
                    try await premises.call(
                        "PUT", "/v1/password", as: token, body: #"{"password":"\#(Person.password)"}"#),
                ]
            }
            for refused in try await attempts(token) {
                #expect(refused.status == 403 && refused.code == "mfa_required", "\(refused.text)")
            }
            try await premises.execute(
                "update access_token set created_at = created_at - interval '1 day' where by_joining")
            for refused in try await attempts(owner.token) {
                #expect(refused.status == 403 && refused.code == "mfa_required", "\(refused.text)")
            }
            try await premises.execute(
                "update access_token set created_at = created_at + interval '1 hour' where by_joining")
            let set = try await attempts(owner.token)
            #expect(set.map(\.status) == [201, 204], "\(set.map(\.text))")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `whoever comes by a provider sets the first one within minutes of logging in there`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            try await premises.setPassword(as: owner.token)
            let browser = try await premises.signIn("owner@desk.example")
            // As if the session came from the provider, and there were no password.
            try await premises.execute("delete from password")
            try await premises.execute("update session set via = 'openid', issuer = 'https://id.example'")
            func begin() async throws -> TestAnswer {
                try await premises.call(
                    "POST", "/v1/me/factors/totp", headers: browser, body: "{}", from: Premises.here)
            }
            for moment in ["null", "created_at - interval '6 minutes'"] {
                try await premises.execute("update session set vouched_at = \(moment)")
                let refused = try await begin()
                #expect(refused.status == 401 && refused.code == "step_up_required", "\(refused.text)")
                #expect(refused.json["step_up"]?["answer_at"] == "/v1/step-up/openid", "\(refused.text)")
            }
            try await premises.execute("update session set vouched_at = created_at")
            #expect(try await begin().status == 201)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a passkey's or an app's user sets no password by an access token alone`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let codes = try await premises.addApp(of: owner).codes
            let body = #"{"password":"\#(Person.password)"}"#
            let bare = try await premises.call("PUT", "/v1/password", as: owner.token, body: body)
            #expect(bare.status == 401 && bare.code == "step_up_required", "\(bare.text)")
            let action = try #require(bare.json["step_up"]?["action"])
            let proof = try await premises.proof(for: action, codes[0], as: owner.token)
            let set = try await premises.call(
                "PUT", "/v1/password", as: owner.token, headers: [(name: "keybell-step-up", value: proof)],
                body: body)
            #expect(set.status == 204, "\(set.text)")
            #expect(premises.mistakes == [])
        }
    }
}

/// A stolen access token takes nobody over, and asks for nothing in its owner's name.
@Suite struct StolenTokenTests {
    @Test func `in the grace another access token gives no rights and takes no protection away`() async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let victim = try await premises.join("victim", .owner, by: owner)
            let other = try await premises.call(
                "POST", "/v1/access-tokens", as: owner.token, body: #"{"name":"another"}"#)
            let stolen = try #require(other.json["token"]?.asString, "\(other.text)")
            func attempts(_ token: String) async throws -> [TestAnswer] {
                [
                    try await premises.call("DELETE", "/v1/users/\(victim.id)/factors", as: token),
                    try await premises.call(
                        "POST", "/v1/users/\(victim.id)/password-reset", as: token, body: "{}"),
                    try await premises.call(
                        "POST", "/v1/grants", as: token,
                        body: #"{"principal_id":"\#(victim.id)","role":"trader","on":{}}"#),
                ]
            }
            for refused in try await attempts(stolen) {
                #expect(refused.status == 403 && refused.code == "mfa_required", "\(refused.text)")
            }
            let done = try await attempts(owner.token)
            #expect(done.map(\.status) == [204, 201, 201], "\(done.map(\.text))")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `approvals are asked for by people who have shown that they are there`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["createGrant"])
            try await premises.setPassword(as: desk.owner.token)
            let body = #"{"principal_id":"\#(desk.asker.id)","role":"bot","on":{}}"#
            let wish = [
                (name: "prefer", value: "respond-async"), (name: "keybell-reason", value: "OPS-1 for a test"),
            ]
            let garbled = try await premises.call(
                "POST", "/v1/grants", as: desk.owner.token, headers: wish, body: "{\"reason\":")
            #expect(garbled.status == 400, "\(garbled.text)")
            let typed = try await premises.call(
                "POST", "/v1/grants", as: desk.owner.token, headers: wish, body: "a,b", type: "text/csv")
            #expect(typed.status == 415, "\(typed.text)")
            let bare = try await premises.call(
                "POST", "/v1/grants", as: desk.owner.token, headers: wish, body: body)
            #expect(bare.status == 401 && bare.code == "step_up_required", "\(bare.text)")
            let waiting = try await premises.call("GET", "/v1/approvals", as: desk.owner.token)
            #expect(waiting.json["data"] == [])
            let asked = try await premises.insist(
                "POST", "/v1/grants", as: desk.owner.token, headers: wish, body: body)
            #expect(asked.status == 202, "\(asked.text)")
            #expect(premises.mistakes == [])
        }
    }
}
