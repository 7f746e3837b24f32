import Access
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signing

/// Drafts against what was really asked: of a key, of an account's keys, of all keys.
@Suite struct PolicyDraftTests {
    private func replay(_ desk: SigningDesk, _ path: String, _ draft: String) async throws -> JSONValue {
        let put = try await desk.call("PUT", path + "/draft", draft, match: "*")
        #expect(put.status == 200, "\(put.text)")
        let answer = try await desk.call("POST", path + "/draft/replay")
        #expect(answer.status == 200, "\(answer.text)")
        return answer.json
    }

    private func account(_ desk: SigningDesk, _ name: String) async throws -> String {
        let made = try await desk.call(
            "POST", "/v1/accounts",
            #"{"exchange": "binance", "environment": "live", "name": "\#(name)"}"#)
        return "/v1/accounts/\(try #require(made.json["id"]?.asString, "\(made.text)"))/policy"
    }

    @Test func `a draft of an account or of the desk is tried on the uses of all its keys`() async throws {
        try await SigningDesk.run { desk in
            let (a, b) = (try await desk.key("a"), try await desk.key("b"))
            for key in [a, a, b] {
                #expect(
                    try await desk.sign(key, "POST", "/api/v3/order", query: SigningDesk.order).status == 200)
            }
            #expect(try await desk.sign(b).status == 200)
            let accounts = try await desk.database.query(Self.accounts)
            let main = "/v1/accounts/\(accounts[0].id(0, as: AccountKind.self))/policy"
            let limited = """
                {"operations": ["read", "trade"], "limits": [{"count": "orders", "max": "2", "per": "1d"}]}
                """
            for path in [main, "/v1/desk/policy"] {
                let reads = try await replay(desk, path, #"{"operations": ["read"]}"#)
                #expect(reads["requests"]?.asInt == 4 && reads["newly_denied"]?.asInt == 3, "\(reads)")
                let owner: JSONValue = path == main ? "account" : "desk"
                #expect(reads["clauses"]?[0]?["policy"] == owner, "\(reads)")
                // A limit of the account, or of the desk, is one for all its keys.
                let counted = try await replay(desk, path, limited)
                #expect(counted["newly_denied"]?.asInt == 1, "\(counted)")
            }
            let own = try await replay(
                desk, "/v1/keys/\(b)/policy", #"{"operations": ["read"], "ways": ["sign"]}"#)
            #expect(own["requests"]?.asInt == 2 && own["newly_denied"]?.asInt == 1, "\(own)")
            let other = try await replay(desk, try await account(desk, "other"), #"{"operations": []}"#)
            #expect(other["requests"]?.asInt == 0, "\(other)")
            // Nothing of it counts.
            #expect(
                try await desk.sign(a, "POST", "/api/v3/order", query: SigningDesk.order).status == 200)
        }
    }

    private static let accounts = Statement("test_accounts", "select id from account")

    @Test func `a draft is compared with what is published, and named by what publishing it takes`()
        async throws
    {
        try await SigningDesk.run { desk in
            let path = "/v1/desk/policy"
            let published = try await desk.call("PUT", path, #"{"operations": ["read"]}"#, match: #""0""#)
            try #require(published.status == 200, "\(published.text)")
            let missing = try await desk.call("GET", path + "/diff?to=draft")
            #expect(missing.status == 404, "\(missing.text)")
            let draft = try await desk.call(
                "PUT", path + "/draft", #"{"operations": ["read", "trade"]}"#, match: "*")
            let compared = try await desk.call("GET", path + "/diff?to=draft")
            #expect(compared.json["from"] == 1 && compared.json["to"] == "draft", "\(compared.text)")
            #expect(compared.json["digest"] == draft.json["digest"], "\(compared.text)")
            let changes = compared.json["changes"]?.asArray ?? []
            #expect(changes.count == 1 && changes.first?["after"] == "trade", "\(compared.text)")
            let fromNone = try await desk.call("GET", path + "/diff?from=0&to=draft")
            #expect(fromNone.json["from"] == 0 && fromNone.json["changes"] != [], "\(fromNone.text)")
            for wrong in ["-1", "+1", "drafts", "2147483648"] {
                #expect(try await desk.call("GET", path + "/diff?to=\(wrong)").status == 400)
            }
        }
    }

    @Test func `without a draft there is nothing to try`() async throws {
        try await SigningDesk.run { desk in
            for path in ["/v1/desk/policy", try await account(desk, "a")] {
                #expect(try await desk.call("POST", path + "/draft/replay").status == 404)
            }
        }
    }

    @Test func `a trial says what the exchange would not take, and denies nothing because of it`()
        async throws
    {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.500001&price=100"
            let tried = try await desk.call(
                "POST", "/v1/keys/\(key)/sign/dry-run",
                #"{"method": "POST", "host": "spot", "path": "/api/v3/order", "query": "\#(order)"}"#)
            #expect(tried.json["verdict"] == "allowed", "\(tried.text)")
            let numbers = tried.json["numbers"]?.asArray ?? []
            #expect(numbers.count == 5)
            let bad = numbers.filter { $0["verdict"] == "denied" }
            #expect(
                bad.map { $0["reason"]?.asString } == ["quantity 0.500001 is no multiple of 0.00001"],
                "\(numbers)")
        }
    }
}
