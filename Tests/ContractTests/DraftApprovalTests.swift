import Access
import HTTPServer
import JSON
import TestSupport
import Testing

@testable import Service

/// What was looked at is what is published.
@Suite struct DraftApprovalTests {
    private static let any = [(name: "if-match", value: "*")]

    @Test func `a draft that was edited while its publication waited is not published`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["publishKeyPolicyDraft"])
            let path = "/v1/keys/\(try await desk.key())/policy"
            func draft(_ body: String) async throws -> TestAnswer {
                try await premises.call(
                    "PUT", path + "/draft", as: desk.asker.token, headers: Self.any, body: body)
            }
            func parked(_ digest: JSONValue?) async throws -> String {
                let parked = try await premises.call(
                    "POST", path + "/draft/publish", as: desk.asker.token, headers: Self.any + Stock.waiting,
                    body: #"{"digest":"\#(digest?.asString ?? "")"}"#)
                return try #require(parked.json["id"]?.asString, "\(parked.text)")
            }
            let tight = try await draft(#"{"operations":["read"]}"#)
            let id = try await parked(tight.json["digest"])
            let wide = try await draft(#"{"operations":["read","trade","withdraw"]}"#)
            #expect(wide.status == 200 && wide.json["digest"] != tight.json["digest"], "\(wide.text)")
            let refused = try await desk.approve(id, as: desk.approver)
            #expect(refused.json["state"] == "failed" && refused.json["status"] == 412, "\(refused.text)")
            #expect(try await premises.call("GET", path, as: desk.owner.token).status == 404)
            // Dropped and written again, it is the same.
            let dropped = try await premises.call(
                "DELETE", path + "/draft", as: desk.asker.token, headers: Self.any)
            #expect(dropped.status == 204, "\(dropped.text)")
            let again = try await draft(#"{"operations":["read"]}"#)
            let done = try await desk.approve(try await parked(again.json["digest"]), as: desk.approver)
            #expect(done.json["state"] == "executed", "\(done.text)")
            let policy = try await premises.call("GET", path, as: desk.owner.token)
            #expect(policy.json["document"] == ["operations": ["read"]], "\(policy.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `publishing names the draft's digest, and whoever replaces or drops one its ETag`()
        async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            let path = "/v1/keys/\(try await desk.key())/policy/draft"
            let token = desk.asker.token
            let first = try await premises.call("PUT", path, as: token, body: #"{"operations":["read"]}"#)
            #expect(first.status == 200 && first.etag == "\"1\"", "\(first.text)")
            for (method, body) in [("PUT", #"{"operations":["trade"]}"#), ("DELETE", "")] {
                let blind = try await premises.call(method, path, as: token, body: body)
                #expect(blind.status == 428, "\(method) \(blind.text)")
                let late = try await premises.call(
                    method, path, as: token, headers: [(name: "if-match", value: "\"7\"")], body: body)
                #expect(late.status == 412, "\(method) \(late.text)")
            }
            for body in ["{}", #"{"digest":"abc"}"#] {
                let unnamed = try await premises.call(
                    "POST", path + "/publish", as: token, headers: Self.any, body: body)
                #expect(unnamed.status == 422 && unnamed.pointers == ["/digest"], "\(unnamed.text)")
            }
            #expect(premises.mistakes == [])
        }
    }
}
