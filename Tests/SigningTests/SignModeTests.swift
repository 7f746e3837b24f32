import Exchanges
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

/// T8, T10: a signature that is handed out is good for nothing that its request is not.
@Suite struct SignModeTests {
    private static let hidden = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5"
    private static let theft = "coin=BTC&address=thief&amount=1"

    private func refusal(
        _ desk: SigningDesk, _ key: String, _ method: String, _ path: String, _ query: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let answer = try await desk.sign(key, method, path, query: query)
        #expect(answer.status == 403, "\(answer.text)", sourceLocation: sourceLocation)
        #expect(answer.json["request"] == nil, sourceLocation: sourceLocation)
        return answer.json["detail"]?.asString ?? ""
    }

    @Test(arguments: [("get", "/api/v3/account", "/method"), ("GET", "api/v3/account", "/path")])
    func `what is no request is named, and no use`(
        method: String, path: String, pointer: String
    ) async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("trader")
            let answer = try await desk.sign(key, method, path)
            #expect(answer.status == 422, "\(answer.text)")
            #expect(answer.json["errors"]?[0]?["pointer"]?.asString == pointer)
            #expect(try await desk.call("GET", "/v1/usage-events").json["data"] == [])
        }
    }

    @Test func `no order hides in what does not trade, though orders are allowed`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("trader")
            for (method, path, more) in [
                ("GET", "/api/v3/account", ""), ("GET", "/api/v3/openOrders", ""),
                ("DELETE", "/api/v3/order", "&orderId=1"),
            ] {
                let why = try await refusal(desk, key, method, path, Self.hidden + more)
                #expect(why.contains("would also fit POST /api/v3/order at spot"), "\(path): \(why)")
            }
            #expect(try await desk.sign(key, "GET", "/api/v3/account").status == 200)
            #expect(
                try await desk.sign(key, "GET", "/api/v3/openOrders", query: "symbol=BTCUSDT").status == 200)
            #expect(try await desk.sign(key, "POST", "/api/v3/order", query: Self.hidden).status == 200)
        }
    }

    @Test func `a dry run shows the text that would be signed, with the order's name`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("trader")
            for way in ["sign/dry-run", "proxy-dry-run"] {
                let told = try await desk.call(
                    "POST", "/v1/keys/\(key)/\(way)",
                    #"{"method":"POST","host":"spot","path":"/api/v3/order","query":"\#(Self.hidden)"}"#
                )
                let text = told.json["string_to_sign"]?.asString ?? ""
                #expect(
                    told.status == 200 && text.contains(Self.hidden + "&newClientOrderId="), "\(told.text)")
            }
        }
    }

    @Test func `no withdrawal hides in a read, whatever the policy lists`() async throws {
        try await SigningDesk.run { desk in
            let policy = """
                {"operations": ["read", "trade", "cancel", "withdraw", "transfer", "admin"],
                "ways": ["sign", "proxy"],
                "withdrawals": {"destinations": [{"asset": "BTC", "address": "thief"}]}}
                """
            let key = try await desk.key("payer", policy: policy)
            let why = try await refusal(desk, key, "GET", "/api/v3/account", Self.theft)
            #expect(why.contains("/sapi/v1/capital/withdraw/apply at spot (withdraw)"), "\(why)")
            let moved = "type=MAIN_UMFUTURE&asset=USDT&amount=1"
            #expect(try await refusal(desk, key, "GET", "/api/v3/account", moved).contains("(transfer)"))
        }
    }

    @Test func `no trade that no table states hides in a read, and reads are signed as they are meant`()
        async throws
    {
        try await SigningDesk.run { desk in
            let key = try await desk.key("reader", policy: #"{"operations":["read"],"ways":["sign"]}"#)
            let conversion =
                "baseAsset=BTC&quoteAsset=USDT&limitPrice=1&side=SELL&expiredType=1_D&baseAmount=10"
            let why = try await refusal(desk, key, "GET", "/api/v3/account", conversion)
            #expect(why.contains("parameter baseAsset"), "\(why)")
            let read = try await desk.sign(key, "GET", "/api/v3/account", query: "omitZeroBalances=true")
            #expect(read.status == 200, "\(read.text)")
        }
    }

    @Test func `the key's mode and the policies above it bind what a signature is good for`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("bound")
            let cancels = ("GET", "/api/v3/openOrders", "symbol=BTCUSDT")
            func read() async throws -> TestAnswer {
                try await desk.sign(key, cancels.0, cancels.1, query: cancels.2)
            }
            #expect(try await read().status == 200)
            let strict = #"{"operations": ["read", "trade"]}"#
            let desks = try await desk.call("PUT", "/v1/desk/policy", strict, match: "*")
            try #require(desks.status == 200, "\(desks.text)")
            let why = try await refusal(desk, key, cancels.0, cancels.1, cancels.2)
            #expect(why.contains("at spot (cancel), which operations does not allow"), "\(why)")
            // The symbol of an order is enough to cancel all that rest.
            let order = try await refusal(desk, key, "POST", "/api/v3/order", Self.hidden)
            #expect(order.contains("(cancel), which operations"), "\(order)")
        }
    }

    @Test func `an order is signed where all that would be it is allowed, or cannot be`() async throws {
        try await SigningDesk.run { desk in
            let policy = """
                {"operations": ["read", "trade", "cancel"], "ways": ["sign"],
                "orders": {"instruments": ["spot", "margin"]}}
                """
            // The exchange lets this key trade spot only, as its probe found.
            let spot = try await desk.key("spot", policy: policy)
            #expect(try await desk.sign(spot, "POST", "/api/v3/order", query: Self.hidden).status == 200)
            desk.exchange.permitsFutures(true)
            let told = try await desk.call("POST", "/v1/keys/\(spot)/verify")
            try #require(told.status == 200, "\(told.text)")
            let why = try await refusal(desk, spot, "POST", "/api/v3/order", Self.hidden)
            #expect(why.contains("at usdm (trade), which"), "\(why)")
            let both = try await desk.key("both")
            let signed = try await desk.sign(both, "POST", "/api/v3/order", query: Self.hidden)
            #expect(signed.status == 200, "\(signed.text)")
        }
    }

    @Test func `a signature is good as long as it takes to send it, and says so`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("short")
            let read = try await desk.sign(key)
            // The desk's exchange tells its time at once: a millisecond is all that is uncertain.
            #expect(
                read.json["request"]?["url"]?.asString?.contains("recvWindow=2001&") == true, "\(read.text)")
            #expect(read.json["valid_until"]?.asString == (desk.time.now + .milliseconds(2_001)).description)
            desk.time.move(.minutes(6))
            desk.exchange.tellsItsTime(false)
            let cancel = try await desk.sign(
                key, "DELETE", "/api/v3/order", query: "symbol=BTCUSDT&orderId=1")
            #expect(
                cancel.json["request"]?["url"]?.asString?.contains("recvWindow=60000&") == true,
                "\(cancel.text)")
            #expect(cancel.json["valid_until"]?.asString == (desk.time.now + .seconds(60)).description)
            let order = try await desk.sign(key, "POST", "/api/v3/order", query: Self.hidden)
            #expect(order.status == 403 && order.text.contains("clock"), "\(order.text)")
            let revoked = try await desk.call("POST", "/v1/keys/\(key)/revoke", #"{"reason":"lost"}"#)
            #expect(
                revoked.json["handed_out_until"]?.asString == (desk.time.now + .seconds(61)).description,
                "\(revoked.text)")
        }
    }

    @Test func `limits are charged by the dearest reading`() {
        func charge(_ limit: Int, _ amount: Int64, _ owner: PolicyOwner = .key) -> LimitCharge {
            LimitCharge(
                policy: PolicyReference(owner, version: 1), limit: limit, of: owner, count: .notional,
                amount: amount, max: 100, windowSeconds: 60, logOnly: false)
        }
        var judgement = PolicyJudgement(
            .trade, [], charges: [charge(1, 5), charge(2, 7)], revealsCredentials: false)
        judgement.chargeAtLeast([charge(2, 3), charge(1, 6), charge(1, 9, .desk)])
        #expect(judgement.charges == [charge(1, 6), charge(2, 7), charge(1, 9, .desk)])
    }
}
