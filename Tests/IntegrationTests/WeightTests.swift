import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// How much an exchange lets us ask, through HTTP.
    @Suite struct WeightTests {
        private static let account = "spot/api/v3/account"
        private static let cancel = "spot/api/v3/order?symbol=BTCUSDT&orderId=1"
        private static let withdrawal = "spot/sapi/v1/capital/withdraw/apply?coin=BTC&address=a&amount=1"

        private func run(_ body: (ProxyDesk) async throws -> Void) async throws {
            try await StandInExchange.with { standIn in
                let settings = ["KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance)]
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    try await body(try await ProxyDesk.make(node, standIn, .binance, "testnet"))
                }
            }
        }

        private func state(_ desk: ProxyDesk) async throws -> JSONValue {
            let exchanges = try await desk.node.must("GET", "/v1/exchanges")["data"]?.asArray ?? []
            return try #require(exchanges.first { $0["name"] == "binance" })
        }

        @Test func `a ban stops everything until its end, in the exchange's own words`() async throws {
            try await run { desk in
                try await desk.behave { $0.ban = 3_600 }
                let banned = try await desk.proxy("GET", Self.account)
                #expect(banned.status == 418 && banned.header("keybell-upstream") == "yes")
                let before = try await desk.requests().count
                for (method, target) in [("GET", Self.account), ("DELETE", Self.cancel)] {
                    let refused = try await desk.proxy(method, target)
                    #expect(refused.status == 429, "\(refused.text)")
                    #expect(refused.json["code"] == "exchange_rate_limited" && refused.json["banned"] == true)
                    let seconds = refused.header("retry-after").flatMap { Int($0) } ?? 0
                    #expect((1_800...3_600).contains(seconds))
                    #expect(refused.header("keybell-usage-id") == nil)
                }
                let dialect = try await desk.node.call(
                    "GET", "\(desk.path)/proxy/\(Self.account)", token: nil,
                    headers: [("x-mbx-apikey", desk.node.ownerToken)])
                #expect(dialect.status == 418 && dialect.json["code"]?.asInt == -1_003, "\(dialect.text)")
                #expect(dialect.header("keybell-problem") == "exchange_rate_limited")
                // A denial is one whatever the exchange takes, on the record and told.
                let withdrawal = try await desk.proxy("POST", Self.withdrawal)
                #expect(withdrawal.status == 403, "\(withdrawal.text)")
                #expect(withdrawal.json["code"] == "policy_denied")
                let id = try #require(
                    withdrawal.header("keybell-usage-id") ?? withdrawal.json["usage_id"]?.asString)
                let page = try await desk.node.must("GET", "/v1/usage-events?verdict=denied")
                #expect(page["data"]?[0]?["id"]?.asString == id, "\(page)")
                // Probes, too.
                #expect(try await desk.verify()["outcome"] == "unreachable")
                #expect(try await desk.requests().count == before)
                let ban = try await state(desk)["bans"]?[0]
                #expect(
                    ban?["host"] == "spot" && ban?["egress_address"] == .null, "\(String(describing: ban))")
                let metrics = try await desk.node.call("GET", "/metrics").text
                let place = #"exchange="binance",environment="testnet",host="spot",address="""#
                #expect(metrics.contains("exchange_ban_seconds{\(place)} "), "\(metrics)")
            }
        }

        @Test func `the last tenth of the weight is for cancels, whoever used the rest`() async throws {
            try await run { desk in
                try await desk.behave { $0.headers = ["X-MBX-USED-WEIGHT-1M": "5990"] }
                // A minute may end between an answer and the next request.
                let refused = try await eventually("a read is refused") {
                    let answer = try await desk.proxy("GET", Self.account)
                    return answer.status == 429 ? answer : nil
                }
                #expect(refused.json["code"] == "exchange_rate_limited" && refused.json["banned"] == false)
                let seconds = refused.header("retry-after").flatMap { Int($0) } ?? 0
                #expect((1...60).contains(seconds))
                #expect(refused.header("keybell-upstream") == nil)
                let dialect = try await eventually("a read is refused in the exchange's words") {
                    let answer = try await desk.node.call(
                        "GET", "\(desk.path)/proxy/\(Self.account)", token: nil,
                        headers: [("x-mbx-apikey", desk.node.ownerToken)])
                    return answer.status == 200 ? nil : answer
                }
                #expect(dialect.json["code"]?.asInt == -1_003, "\(dialect.text)")
                let cancelled = try await desk.proxy("DELETE", Self.cancel)
                #expect(cancelled.header("keybell-upstream") == "yes", "\(cancelled.text)")
                try await wait(until: "what is used is told") {
                    _ = try await desk.proxy("GET", Self.account)
                    let weight = try await state(desk)["weights"]?[0]
                    return weight?["budget"] == "weight_1m" && weight?["limit"]?.asInt == 6_000
                        && weight?["used"]?.asInt ?? 0 >= 5_990
                }
            }
        }

        @Test func `a clock that was measured is told`() async throws {
            try await run { desk in
                #expect(try await desk.proxy("GET", Self.account).status == 200)
                let clock = try await state(desk)["clocks"]?[0]
                #expect(clock?["environment"] == "testnet")
                #expect(abs(clock?["offset_milliseconds"]?.asDouble ?? .infinity) < 60_000)
                #expect(clock?["uncertainty_milliseconds"]?.asDouble ?? -1 >= 0)
                let metrics = try await desk.node.call("GET", "/metrics").text
                let place = #"{exchange="binance",environment="testnet"}"#
                for name in ["offset", "uncertainty", "age"] {
                    #expect(metrics.contains("exchange_clock_\(name)_seconds\(place) "))
                }
                #expect(
                    metrics.contains(#"exchange_weight_limit{exchange="binance",environment="testnet","#))
            }
        }

        @Test func `what was refused by policy, or never left, used nothing`() async throws {
            try await run { desk in
                for _ in 0..<5 {
                    #expect(try await desk.proxy("POST", Self.withdrawal).json["code"] == "policy_denied")
                }
                try await desk.standIn.goOut(.binance)
                for _ in 0..<5 {
                    let answer = try await desk.proxy("GET", Self.account)
                    #expect(answer.json["code"] == "exchange_unavailable", "\(answer.text)")
                }
                let used = try await state(desk)["weights"]?.asArray?.map { $0["used"]?.asInt ?? -1 } ?? []
                #expect(used.allSatisfy { $0 == 0 }, "\(used)")
            }
        }
    }
}
