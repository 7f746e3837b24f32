import Access
import Crypto
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// Who comes in under `/v2`, by which header, and what is said to those who do not.
struct TokenMetricsDoorTests {
    @Test func `an access token counts in api_key, in x-api-key and in Authorization`() async throws {
        try await Premises.open { _, premises in
            let (owner, other) = (try await premises.owner().token, "kbt_nonsense")
            let target = "/v2/tokens?limit=1000&page=0"
            for (headers, status) in [
                ([("api_key", owner)], 200), ([("x-api-key", owner)], 200),
                ([("authorization", "Bearer \(owner)")], 200), ([("API_KEY", owner)], 200),
                ([("api_key", owner), ("x-api-key", owner), ("authorization", "Bearer \(owner)")], 200),
                ([], 401), ([("api_key", other)], 401), ([("api_key", "")], 401),
                ([("x-api-key", "\(owner)x")], 401),
                // Nobody could say by whose rights the request was made.
                ([("api_key", owner), ("x-api-key", other)], 401),
                ([("api_key", owner), ("api_key", other)], 401),
                ([("api_key", owner), ("authorization", "Bearer \(other)")], 401),
                ([("api_key", other), ("authorization", "Bearer \(owner)")], 401),
                ([("authorization", "Basic \(owner)")], 401),
            ] as [([(String, String)], Int)] {
                let answer = try await premises.call(
                    "GET", target, headers: headers.map { (name: $0, value: $1) })
                #expect(answer.status == status, "\(headers.map(\.0)) \(answer.text)")
            }
            for path in ["/v1/tokens", "/v1/me"] {
                let answer = try await premises.call("GET", path, headers: [(name: "api_key", value: owner)])
                #expect(answer.status == 401, "the field is of /v2 alone")
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `every refusal under v2 has the envelope of Token Metrics`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner().token
            for (method, target, token, status) in [
                ("GET", "/v2/tokens", nil, 401), ("GET", "/v2/tokens?limit=0&page=-1", owner, 400),
                ("GET", "/v2/nothing", owner, 404), ("POST", "/v2/tokens", owner, 405),
            ] {
                let answer = try await premises.call(method, target, as: token)
                #expect(answer.status == status, "\(answer.text)")
                #expect(answer.response.head[.contentType] == "application/json")
                let json = answer.json
                #expect(json["success"] == false && json["length"] == 0 && json["data"] == [])
                #expect(json["message"]?.asString?.isEmpty == false && json["code"] != nil, "\(answer.text)")
            }
            let two = try await premises.call("GET", "/v2/tokens?limit=0&page=-1", as: owner)
            let message = try #require(two.json["message"]?.asString)
            #expect(message.contains("query:limit") && message.contains("query:page"), "\(message)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a narrow token reads what it may, and hears what it lacks`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let issued = try await premises.call(
                "POST", "/v1/access-tokens", as: owner.token,
                body: #"{"name":"narrow","scopes":["candles:read"]}"#)
            let key = [(name: "api_key", value: try #require(issued.json["token"]?.asString))]
            for (path, missing) in [
                ("price", nil), ("quantmetrics", nil), ("tokens", "tokens:read"),
                ("trader-grades", "signals:read"),
                ("market-metrics", "signals:read"), ("trading-signals", "signals:read"),
            ] {
                let answer = try await premises.call("GET", "/v2/\(path)", headers: key)
                #expect(answer.status == (missing == nil ? 200 : 403), "\(path) \(answer.text)")
                #expect(answer.json["missing_permission"]?.asString == missing, "\(path)")
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `T9: a bound token in api_key is worth nothing without its signature`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            var signer = try RequestSigner()
            let wanted: JSONValue = ["name": "bound", "public_key": .string(signer.key.publicKey.pem)]
            let made = try await premises.call(
                "POST", "/v1/access-tokens", as: owner.token,
                body: String(decoding: wanted.bytes, as: UTF8.self))
            signer.keyID = try #require(made.json["id"]?.asString, "\(made.text)")
            let field = (name: "api_key", value: try #require(made.json["token"]?.asString))
            let bare = try await premises.call("GET", "/v2/tokens", headers: [field])
            #expect(bare.status == 401 && bare.code == "signature_invalid", "\(bare.text)")
            let now = premises.host.shared.clock.now().seconds
            let signed = signer.fields(.init("GET", "/v2/tokens", body: [], created: now))
            let answer = try await premises.call("GET", "/v2/tokens", headers: [field] + signed)
            #expect(answer.status == 200, "\(answer.text)")
            let again = try await premises.call("GET", "/v2/tokens", headers: [field] + signed)
            #expect(again.status == 401, "a nonce counts once")
        }
    }
}
