import JSON
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct ImportTests {
    private static func entry(_ label: String, secret: String, environment: String = "live") -> String {
        """
        {"exchange": "binance", "account": "main", "label": "\(label)", "environment": "\(environment)",
         "origin": "file",
         "credential": {"api_key": "an-api-key-of-\(label)", "secret": "\(secret)"}}
        """
    }

    private static func body(_ entries: String..., dryRun: Bool = false) -> String {
        #"{"dry_run": \#(dryRun), "entries": [\#(entries.joined(separator: ","))]}"#
    }

    private static func verdicts(_ answer: TestAnswer) -> [String?] {
        answer.json["data"]?.asArray?.map { $0["verdict"]?.asString } ?? []
    }

    @Test func `a preview tells of each entry what would become of it, and changes nothing`() async throws {
        try await KeyDesk.run { desk in
            let known = try await desk.register(
                "known", #""credential": {"api_key": "a-known-api-key", "secret": "a-known-secret"}"#)
            let body = Self.body(
                Self.entry("fresh", secret: "a-fresh-secret"), Self.entry("other", secret: "a-known-secret"),
                Self.entry("again", secret: "a-fresh-secret"), Self.entry("known", secret: "one-more-secret"),
                Self.entry("bad", secret: "x", environment: "moon"), #"{"exchange": "binance"}"#, "7",
                dryRun: true)
            let told = try await desk.call("POST", "/v1/keys/import", body)
            #expect(told.status == 200, "\(told.text)")
            #expect(
                Self.verdicts(told) == [
                    "new", "duplicate_secret", "duplicate_entry", "label_taken", "invalid", "invalid",
                    "invalid",
                ])
            #expect(known.hasSuffix(told.json["data"]?[1]?["key_id"]?.asString ?? "?"))
            #expect(told.json["data"]?[2]?["entry"]?.asInt == 0)
            #expect(told.json["data"]?[4]?["errors"]?[0]?["pointer"]?.asString == "/environment")
            #expect(!told.text.contains("fresh-secret"))
            #expect(try await desk.call("GET", "/v1/keys").json["data"]?.asArray?.count == 1)
        }
    }

    @Test func `good entries are registered beside bad ones, once however often they are sent`() async throws
    {
        try await KeyDesk.run { desk in
            let body = Self.body(
                Self.entry("one", secret: "the-first-secret"), Self.entry("bad", secret: ""),
                Self.entry("two", secret: "the-second-secret"))
            let told = try await desk.call("POST", "/v1/keys/import", body)
            #expect(Self.verdicts(told) == ["registered", "invalid", "registered"], "\(told.text)")
            #expect(told.json["registered"]?.asInt == 2)
            #expect(told.json["data"]?[0]?["status"]?.asString == "quarantined")
            let again = try await desk.call("POST", "/v1/keys/import", body)
            #expect(Self.verdicts(again) == ["duplicate_secret", "invalid", "duplicate_secret"])
            #expect(again.json["data"]?[0]?["key_id"] == told.json["data"]?[0]?["key_id"])
            #expect(try await desk.call("GET", "/v1/rotations?open=true").json["data"]?.asArray?.count == 2)
        }
    }

    @Test func `an import without entries, with too many, or of pairs to be made, is refused`() async throws {
        try await KeyDesk.run { desk in
            let many = Array(repeating: "{}", count: 101).joined(separator: ",")
            for body in ["{}", #"{"entries": []}"#, #"{"entries": [\#(many)]}"#, #"{"entries": 1}"#] {
                let answer = try await desk.call("POST", "/v1/keys/import", body)
                #expect(answer.status == 422 && answer.text.contains("/entries"), "\(answer.text)")
            }
            let pair = """
                {"entries": [{"exchange": "binance", "account": "a", "label": "b", "environment": "live",
                 "credential": {"generate": true, "kind": "rsa"}}]}
                """
            let told = try await desk.call("POST", "/v1/keys/import", pair)
            #expect(Self.verdicts(told) == ["invalid"], "\(told.text)")
        }
    }
}
