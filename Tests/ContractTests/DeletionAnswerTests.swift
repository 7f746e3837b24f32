import JSON
import TestSupport
import Testing

@testable import Service

/// What is said of keys at their exchanges is as the contract has it.
struct DeletionAnswerTests {
    @Test func `revoked keys, their deletions and a person's word answer as the contract says`() async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let call = { (method: String, path: String, body: String) in
                try await premises.call(method, path, as: owner.token, body: body)
            }
            var paths: [String] = []
            for exchange in ["gate", "bybit"] {
                let made = try await call(
                    "POST", "/v1/keys",
                    """
                    {"exchange":"\(exchange)","account":"a","label":"\(exchange)","environment":"testnet",\
                    "credential":{"api_key":"api-key-of-\(exchange)","secret":"the-secret-of-\(exchange)"}}
                    """)
                paths.append("/v1/keys/\(made.json["id"]?.asString ?? "")")
            }
            let revoked = try await call("POST", paths[0] + "/revoke", #"{"reason":"lost"}"#)
            #expect(revoked.json["at_the_exchange"]?["state"] == "due", "\(revoked.text)")
            let many = try await call(
                "POST", "/v1/keys/revoke", #"{"selector":{"all":true},"reason":"lost","expect_count":1}"#)
            #expect(many.json["at_the_exchange"]?["exchanges"]?[0]?["exchange"] == "bybit", "\(many.text)")
            let marked = try await call("POST", paths[0] + "/versions/1/deletion/mark", "")
            #expect(marked.json["state"] == "deleted", "\(marked.text)")
            let page = try await call("GET", "/v1/key-deletions", "")
            #expect(page.json["data"]?.asArray?.count == 2, "\(page.text)")
            #expect(try await call("POST", paths[0] + "/versions/2/deletion/check", "").status == 404)
            #expect(premises.mistakes == [])
        }
    }
}
