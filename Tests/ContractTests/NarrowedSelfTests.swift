import Access
import HTTPServer
import JSON
import TestSupport
import Testing

@testable import Service

/// One's own things through an access token that may do less than its principal, and through bait.
@Suite struct NarrowedSelfTests {
    @Test func `narrowed tokens and decoys learn nothing of their principal, and end nothing of theirs`()
        async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"])
            let approval = try await desk.parkedBy(desk.owner, try await desk.key())
            func token(_ more: String) async throws -> String {
                let made = try await premises.call(
                    "POST", "/v1/access-tokens", as: desk.owner.token, body: #"{"name":"a",\#(more)}"#)
                return try #require(made.json["token"]?.asString, "\(made.text)")
            }
            for more in [#""scopes":["candles:read"]"#, #""decoy":true"#] {
                let narrow = try await token(more)
                for (method, path) in [
                    ("GET", "/v1/sessions"), ("DELETE", "/v1/sessions"), ("GET", "/v1/me/factors"),
                    ("GET", "/v1/me/openid-link"),
                ] {
                    let refused = try await premises.call(method, path, as: narrow)
                    #expect(refused.status == 403, "\(more) \(method) \(path) \(refused.text)")
                }
                let me = try await premises.call("GET", "/v1/me", as: narrow)
                #expect(me.status == 200 && me.json["principal"]?["email"] == .null, "\(me.text)")
                let list = try await premises.call("GET", "/v1/approvals", as: narrow)
                #expect(list.json["data"] == [], "\(list.text)")
                for (method, path) in [("GET", ""), ("POST", "/cancel"), ("POST", "/fetch")] {
                    let hidden = try await premises.call(
                        method, "/v1/approvals/\(approval)\(path)", as: narrow)
                    #expect(hidden.status >= 401, "\(more) \(path) \(hidden.text)")
                    if path != "/fetch" { #expect(hidden.status == 404, "\(more) \(path) \(hidden.text)") }
                }
            }
            let whole = try await token(#""cidrs":["0.0.0.0/0"]"#)
            #expect(try await premises.call("GET", "/v1/sessions", as: whole).status == 200)
            let mine = try await premises.call("GET", "/v1/approvals/\(approval)", as: whole)
            #expect(mine.json["state"] == "pending", "\(mine.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `whoever may stop something and not read it is told that it is done, and nothing of it`()
        async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            let bot = try await premises.call(
                "POST", "/v1/service-accounts", as: desk.owner.token,
                body: #"{"name":"a bot","purpose":"to be stopped"}"#)
            let botID = bot.json["id"]?.asString ?? ""
            let calls = [
                ("keys:suspend", "/v1/keys/\(try await desk.key())/suspend", #"{"reason":"a"}"#),
                ("service_accounts:write", "/v1/service-accounts/\(botID)/disable", ""),
                ("users:write", "/v1/users/\(desk.second.id)/disable", ""),
            ]
            for (scope, path, body) in calls {
                let made = try await premises.call(
                    "POST", "/v1/access-tokens", as: desk.owner.token,
                    body: #"{"name":"stop","scopes":["\#(scope)"]}"#)
                let done = try await premises.call(
                    "POST", path, as: made.json["token"]?.asString ?? "", body: body)
                #expect(done.status == 204 && done.text.isEmpty, "\(path) \(done.status) \(done.text)")
                let read = try await premises.call(
                    "GET", String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex)),
                    as: desk.owner.token)
                #expect(["suspended", "disabled"].contains(read.json["status"]?.asString), "\(read.text)")
            }
            #expect(premises.mistakes == [])
        }
    }
}
