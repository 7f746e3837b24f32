import Access
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

/// What is told of orders, before keys are stopped; and what is told of requests whose outcome nobody knows.
@Suite(.serialized) struct OrdersSeenTests {
    private static func outcomes(_ desk: SigningDesk) async throws -> [String] {
        let list = try await desk.call("GET", "/v1/usage-events?way=proxy")
        return list.json["data"]?.asArray?.compactMap { $0["outcome"]?.asString } ?? []
    }

    private static let command =
        #"{"selector":{"all":true},"mode":"suspended","reason":"a drill","dry_run":true}"#

    @Test func `a dry run names keys that may leave orders behind`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            _ = try await desk.key("b")
            desk.exchange.says(200, "{}")
            for id in ["first", "second"] {
                let order = SigningDesk.order + "&newClientOrderId=\(id)"
                #expect(try await desk.proxy(key, "POST", "/api/v3/order", query: order).status == 200)
            }
            let market = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5"
            #expect(try await desk.proxy(key, "POST", "/api/v3/order", query: market).status == 200)
            desk.exchange.says(400, #"{"code":-2010,"msg":"no balance"}"#)
            _ = try await desk.proxy(key, "POST", "/api/v3/order", query: SigningDesk.order)
            desk.exchange.says(200, "{}")
            let cancel = "symbol=BTCUSDT&origClientOrderId=first"
            #expect(try await desk.proxy(key, "DELETE", "/api/v3/order", query: cancel).status == 200)
            try await wait(until: "outcomes are written") {
                try await !Self.outcomes(desk).contains("authorised")
            }
            let told = try await desk.call("POST", "/v1/keys/mode", Self.command)
            #expect(told.status == 200, "\(told.text)")
            let seen = told.json["orders_seen"]?.asArray ?? []
            try #require(seen.count == 1 && seen[0]["key_id"]?.asString == key, "\(told.text)")
            #expect(seen[0]["orders"]?.asInt == 1 && seen[0]["symbols"] == ["BTCUSDT"], "\(seen)")
            // Whoever may not see uses is told of none.
            let blind = desk.context([.keysSuspend, .keysRead])
            let less = try await desk.call("POST", "/v1/keys/mode", Self.command, as: blind)
            #expect(less.json["orders_seen"] == [], "\(less.text)")
        }
    }

    @Test func `nothing but a read is told as not done when its answer is withheld or lost`() async throws {
        try await SigningDesk.run { desk in
            let policy = #"{"operations": ["read", "trade", "cancel", "admin"]}"#
            let key = try await desk.key("a", policy: policy)
            let lever = "/fapi/v1/positionSide/dual"
            desk.exchange.says(200, #"{"echo": "the-secret-of-a"}"#)
            let withheld = try await desk.proxy(
                key, "POST", lever, query: "dualSidePosition=true", host: "usdm")
            #expect(withheld.status == 504 && withheld.code == "outcome_unknown", "\(withheld.text)")
            #expect(!withheld.text.contains("the-secret") && !withheld.text.contains("client order id"))
            desk.exchange.isSilent()
            let lost = try await desk.proxy(
                key, "POST", lever, query: "dualSidePosition=true", host: "usdm")
            #expect(lost.status == 504 && lost.code == "outcome_unknown", "\(lost.text)")
            let read = try await desk.proxy(key, "GET", "/api/v3/account")
            #expect(read.status == 502 && read.code == "exchange_unavailable", "\(read.text)")
            try await wait(until: "outcomes are written") {
                try await Self.outcomes(desk).sorted() == ["accepted", "unknown", "unknown"]
            }
            // Of a read nobody is told.
            _ = try await desk.runJob("usage-settle")
            #expect(try await desk.events().count { $0.type == "key.use.unknown" } == 1)
        }
    }

    @Test func `a policy names no host that the key's exchange lacks`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: nil)
            let body = #"{"operations": ["read"], "hosts": ["spot", "main"]}"#
            for (method, path) in [("PUT", "policy"), ("PUT", "policy/draft")] {
                let refused = try await desk.call(
                    method, "/v1/keys/\(key)/\(path)", body, match: path == "policy" ? "\"0\"" : nil)
                #expect(refused.status == 422, "\(refused.text)")
                #expect(refused.json["errors"]?[0]?["pointer"]?.asString == "/hosts/1", "\(refused.text)")
            }
            // The desk's is for every exchange.
            let desks = try await desk.call("PUT", "/v1/desk/policy", #"{"hosts": ["main"]}"#, match: "*")
            #expect(desks.status == 200, "\(desks.text)")
        }
    }
}
