import Exchanges
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

/// A proposal is made of what was asked, and of nothing that has become of the key since.
@Suite struct PolicyProposalTests {
    private static let policy = """
        {"operations": ["read", "trade", "cancel", "admin"], "ways": ["proxy"], "hosts": ["spot", "usdm"]}
        """

    private func proposal(_ desk: SigningDesk, _ key: String) async throws -> JSONValue {
        let answer = try await desk.call("GET", "/v1/keys/\(key)/policy/proposal")
        try #require(answer.status == 200, "\(answer.text)")
        return answer.json
    }

    private func used(_ desk: SigningDesk) async throws -> String {
        desk.exchange.says(200, #"{"orderId":1}"#)
        let key = try await desk.key("used", policy: Self.policy)
        #expect(try await desk.proxy(key, "GET", "/api/v3/account").status == 200)
        let order = try await desk.proxy(key, "POST", "/api/v3/order", query: SigningDesk.order)
        try #require(order.status == 200, "\(order.text)")
        return key
    }

    @Test func `it does not hang on the key's mode of now`() async throws {
        try await SigningDesk.run { desk in
            let key = try await used(desk)
            for mode in ["active", "reduce_only", "suspended"] {
                let set = try await desk.call(
                    "POST", "/v1/keys/\(key)/mode", #"{"mode":"\#(mode)","reason":"a drill"}"#)
                try #require(set.status == 200, "\(set.text)")
                let told = try await proposal(desk, key)
                #expect(told["document"]?["operations"] == ["read", "trade", "cancel"], "\(mode): \(told)")
                #expect(told["document"]?["hosts"] == ["spot"])
                #expect(told["replay"]?["allowed_after"] == 2 && told["replay"]?["unjudged"] == 0)
            }
        }
    }

    @Test func `what the exchange lists is asked for again where it was forgotten`() async throws {
        try await SigningDesk.run { desk in
            let key = try await used(desk)
            // As with a restart.
            desk.market.put([], at: MarketPlace(.binance, .live, host: "spot"), desk.time.now - .days(1))
            let told = try await proposal(desk, key)
            #expect(told["document"]?["operations"] == ["read", "trade", "cancel"], "\(told)")
            #expect(told["replay"]?["unjudged"] == 0)
        }
    }

    @Test func `an order of what is not listed any more is not judged, and said to be`() async throws {
        try await SigningDesk.run { desk in
            let key = try await used(desk)
            desk.market.put([], at: MarketPlace(.binance, .live, host: "spot"), desk.time.now)
            let told = try await proposal(desk, key)
            #expect(told["replay"]?["unjudged"] == 1 && told["replay"]?["requests"] == 1, "\(told)")
            #expect(told["document"]?["operations"] == ["read", "trade", "cancel"])
        }
    }

    @Test func `what was done by requests that are not kept stays allowed`() async throws {
        try await SigningDesk.run { desk in
            let key = try await used(desk)
            let switched = try await desk.proxy(key, "POST", "/sapi/v1/bnbBurn", query: "spotBNBBurn=true")
            try #require(switched.status == 200, "\(switched.text)")
            let told = try await proposal(desk, key)
            #expect(told["not_kept"] == ["admin": 1], "\(told)")
            #expect(told["document"]?["operations"] == ["read", "trade", "cancel", "admin"])
            #expect(told["document"]?["hosts"] == ["spot", "usdm"])
        }
    }

    @Test func `what bots report of their own keys stays allowed, for when they come through Keybell`()
        async throws
    {
        try await SigningDesk.run { desk in
            let key = try await used(desk)
            let lines = ["reported", "accepted", "unknown"].enumerated().map { place, outcome in
                let more = #", "outcome": "\#(outcome)""#
                return UsageListTests.line(key, place, desk.time.now, more)
                    .replacing(#""operation": "trade""#, with: #""operation": "admin""#)
            }
            #expect(try await desk.report(lines).json["inserted"] == 3)
            let told = try await proposal(desk, key)
            #expect(told["not_kept"] == [:], "\(told)")
            #expect(told["document"]?["operations"] == ["read", "trade", "cancel", "admin"])
            #expect(told["document"]?["hosts"] == ["spot", "usdm"] && told["document"]?["cidrs"] == nil)
        }
    }

    @Test func `uses beyond the newest are summed up, and it is said from when on they were judged`()
        async throws
    {
        try await SigningDesk.run(judgesAtMost: 2) { desk in
            let key = try await used(desk)
            let whole = try await proposal(desk, key)
            #expect(whole["truncated"] == false && whole["oldest"] != .null, "\(whole)")
            #expect(whole["document"]?["orders"]?["sides"] == ["buy"])
            desk.time.move(.seconds(1))
            let newer = desk.time.now
            for _ in 0..<2 { #expect(try await desk.proxy(key, "GET", "/api/v3/account").status == 200) }
            let told = try await proposal(desk, key)
            #expect(told["truncated"] == true && told["oldest"] == .string(newer.description), "\(told)")
            #expect(told["requests"] == 2 && told["replay"]?["requests"] == 2)
            // The order is among the earlier ones: its symbol is known, and how it was ordered is not.
            #expect(told["document"]?["operations"] == ["read", "trade", "cancel"])
            #expect(told["document"]?["orders"] == ["symbols": ["BTCUSDT"]])
            #expect(told["document"]?["hosts"] == ["spot", "usdm"])
            let draft = try await desk.call(
                "PUT", "/v1/keys/\(key)/policy/draft", Self.policy, match: "\"0\"")
            try #require(draft.status < 300, "\(draft.text)")
            let replay = try await desk.call("POST", "/v1/keys/\(key)/policy/draft/replay")
            #expect(replay.json["truncated"] == true && replay.json["requests"] == 2, "\(replay.text)")
            #expect(replay.json["oldest"] == .string(newer.description))
        }
    }
}
