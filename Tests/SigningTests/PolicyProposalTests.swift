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
                #expect(told["document"]?["operations"] == ["read", "trade"], "\(mode): \(told)")
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
            #expect(told["document"]?["operations"] == ["read", "trade"], "\(told)")
            #expect(told["replay"]?["unjudged"] == 0)
        }
    }

    @Test func `an order of what is not listed any more is not judged, and said to be`() async throws {
        try await SigningDesk.run { desk in
            let key = try await used(desk)
            desk.market.put([], at: MarketPlace(.binance, .live, host: "spot"), desk.time.now)
            let told = try await proposal(desk, key)
            #expect(told["replay"]?["unjudged"] == 1 && told["replay"]?["requests"] == 1, "\(told)")
            #expect(told["document"]?["operations"] == ["read", "trade"])
        }
    }

    @Test func `what was done by requests that are not kept stays allowed`() async throws {
        try await SigningDesk.run { desk in
            let key = try await used(desk)
            let switched = try await desk.proxy(key, "POST", "/sapi/v1/bnbBurn", query: "spotBNBBurn=true")
            try #require(switched.status == 200, "\(switched.text)")
            let told = try await proposal(desk, key)
            #expect(told["not_kept"] == ["admin": 1], "\(told)")
            #expect(told["document"]?["operations"] == ["read", "trade", "admin"])
            #expect(told["document"]?["hosts"] == ["spot", "usdm"])
        }
    }
}
