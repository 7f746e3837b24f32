import Crypto
import JSON
import Kernel
import TestSupport
import Testing

@testable import Keys

/// What the tests of deletions at exchanges do over and over.
extension KeyDesk {
    static let probePath = "/v5/user/query-api"
    static let deletionPath = "/v5/user/delete-api"

    static let taken = """
        {"retCode":0,"retMsg":"","result":{"readOnly":1,"permissions":{},"ips":["127.0.0.1"]},"retExtInfo":{}}
        """
    static let noKey = #"{"retCode":10003,"retMsg":"API key is invalid.","result":{},"retExtInfo":{}}"#
    static let done = #"{"retCode":0,"retMsg":"OK","result":{},"retExtInfo":{}}"#

    /// A revoked key of Bybit, which deletes keys by request, or of Binance, which does not.
    func revoked(_ exchange: String, _ label: String = "a") async throws -> (path: String, answer: TestAnswer)
    {
        let path = try await withCredential(exchange, label)
        let answer = try await call("POST", path + "/revoke", #"{"reason": "lost"}"#)
        try #require(answer.status == 200, "\(answer.text)")
        return (path, answer)
    }

    func withCredential(_ exchange: String, _ label: String = "a") async throws -> String {
        let made = try await call(
            "POST", "/v1/keys",
            """
            {"exchange": "\(exchange)", "account": "main", "environment": "live", "label": "\(label)",
            "credential": {"api_key": "api-key-\(label)", "secret": "\(try secret(exchange, label))"}}
            """)
        try #require(made.status == 201, "\(made.text)")
        return "/v1/keys/\(made.json["id"]?.asString ?? "")"
    }

    /// Coinbase takes key pairs only.
    private func secret(_ exchange: String, _ label: String) throws -> String {
        guard exchange == "coinbase" else { return "the-secret-\(label)" }
        let pem = try PrivateKey.generate(.p256).pkcs8PEM().withBytes { String(decoding: $0, as: UTF8.self) }
        return pem.replacing("\n", with: "\\n")
    }

    func deletion(_ path: String, version: Int64 = 1) async throws -> JSONValue {
        let key = path.split(separator: "/").last ?? ""
        let page = try await call("GET", "/v1/key-deletions?key_id=\(key)")
        let all = page.json["data"]?.asArray ?? []
        return try #require(all.first { $0["version"]?.asInt == version }, "\(page.text)")
    }

    /// One run of the job; how many requests it sent.
    @discardableResult
    func workOff() async throws -> Int64? { try await runJob("key-deletion", counting: "requests") }
}
