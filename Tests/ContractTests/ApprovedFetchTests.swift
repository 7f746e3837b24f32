import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// What was approved is handed out to whoever could have had it at once: the whole person, with their factor.
struct ApprovedFetchTests {
    @Test func `an approved secret is fetched by no narrowed token, and by nobody without their factor`()
        async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["revealKey"])
            let owner = desk.owner.token
            let reveal = "/v1/keys/\(try await desk.key())/reveal"
            func ask(_ proof: [(name: String, value: String)] = []) async throws -> TestAnswer {
                try await premises.call(
                    "POST", reveal, as: owner, headers: Stock.waiting + proof,
                    body: #"{"reason":"moving house"}"#)
            }
            let nothing = try await ask()
            #expect(nothing.status == 403 && nothing.code == "mfa_required", "\(nothing.text)")
            let codes = try await premises.addApp(of: desk.owner).codes
            let action = try #require(try await ask().json["step_up"]?["action"])
            let proof = try await premises.proof(for: action, codes[2], as: owner)
            let parked = try await ask([(name: "keybell-step-up", value: proof)])
            let id = try #require(parked.json["id"]?.asString, "\(parked.text)")
            let fetch = "/v1/approvals/\(id)/fetch"
            #expect(try await desk.approve(id, as: desk.approver).json["state"] == "approved")
            let narrow = try await premises.narrowToken(of: desk.owner, to: "keys:read")
            for token in [narrow, owner] {
                let bare = try await premises.call("POST", fetch, as: token)
                #expect(bare.status == 401 && bare.code == "step_up_required", "\(bare.text)")
            }
            let refused = try await premises.call(
                "POST", fetch, as: narrow, headers: try await premises.proof(of: fetch, by: narrow, codes[0]))
            #expect(refused.status == 403 && refused.json["missing_permission"] == "keys:reveal")
            let shown = try await premises.call(
                "POST", fetch, as: owner, headers: try await premises.proof(of: fetch, by: owner, codes[1]))
            #expect(shown.json["secret"] == "the-secret-of-the-treasury", "\(shown.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a narrowed token fetches no wider one that the whole person asked for`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            let narrow = try await premises.narrowToken(of: desk.owner, to: "access_tokens:write")
            try await desk.rule(["createAccessToken"])
            let parked = try await premises.call(
                "POST", "/v1/access-tokens", as: desk.owner.token, headers: Stock.waiting,
                body: #"{"name":"wide"}"#)
            let id = try #require(parked.json["id"]?.asString, "\(parked.text)")
            #expect(try await desk.approve(id, as: desk.approver).json["state"] == "approved")
            let fetch = "/v1/approvals/\(id)/fetch"
            let codes = try await premises.addApp(of: desk.owner).codes
            let refused = try await premises.call(
                "POST", fetch, as: narrow, headers: try await premises.proof(of: fetch, by: narrow, codes[0]))
            #expect(refused.status == 403 && refused.code == "forbidden", "\(refused.text)")
            let owner = desk.owner.token
            let shown = try await premises.call(
                "POST", fetch, as: owner, headers: try await premises.proof(of: fetch, by: owner, codes[1]))
            #expect(shown.status == 201 && shown.json["token"]?.asString != nil, "\(shown.text)")
            #expect(premises.mistakes == [])
        }
    }
}

extension Premises {
    fileprivate nonisolated(nonsending) func narrowToken(of person: Person, to scope: String) async throws
        -> String
    {
        let issued = try await call(
            "POST", "/v1/access-tokens", as: person.token, body: #"{"name":"narrow","scopes":["\#(scope)"]}"#)
        return try #require(issued.json["token"]?.asString, "\(issued.text)")
    }

    /// What a request to fetch carries.
    fileprivate nonisolated(nonsending) func proof(of path: String, by token: String, _ code: String)
        async throws
        -> [(name: String, value: String)]
    {
        let action: JSONValue = ["operation": "fetchApproval", "method": "POST", "path": .string(path)]
        return [(name: "keybell-step-up", value: try await proof(for: action, code, as: token))]
    }
}
