import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// What limits are charged for orders, and what gives it back, through HTTP.
    @Suite struct RefundTests {
        private static let order = ProxyDesk.order
        private static let replacing = order + "&cancelReplaceMode=ALLOW_FAILURE&cancelOrderId=1"

        private func run(_ body: (ProxyDesk) async throws -> Void) async throws {
            try await StandInExchange.with { standIn in
                let settings = ["KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance)]
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    let desk = try await ProxyDesk.make(node, standIn, .binance, "testnet")
                    // One order of 300 dollars has room, and a second has not.
                    let published = try await node.call(
                        "PUT", desk.path + "/policy",
                        [
                            "operations": ["read", "trade", "cancel"], "ways": ["sign", "proxy"],
                            "limits": [
                                [
                                    "count": "notional", "max": ["amount": "500", "currency": "USD"],
                                    "per": "31d",
                                ]
                            ],
                        ], headers: [("if-match", "*")])
                    try #require(published.status == 200, "\(published.text)")
                    try await body(desk)
                }
            }
        }

        /// Its outcome, once it is written, and with it what is given back.
        private func outcome(_ answer: LoopbackMessage, _ desk: ProxyDesk) async throws -> JSONValue {
            let id = try #require(answer.header("keybell-usage-id"), "\(answer.everything)")
            return try await eventually("the outcome of \(id)") {
                let page = try await desk.node.must("GET", "/v1/usage-events?limit=20")
                let event = page["data"]?.asArray?.first { $0["id"]?.asString == id }
                return event?["outcome"]?.asString == "authorised" ? nil : event
            }
        }

        /// By an order that the exchange refuses: it takes no room for long.
        private func isRoom(_ desk: ProxyDesk) async throws -> Bool {
            try await desk.behave { ($0.fail, $0.body) = (400, #"{"code":-2010,"msg":"no balance"}"#) }
            let answer = try await desk.proxy("POST", "spot/api/v3/order?" + Self.order)
            if answer.status == 403 { return false }
            return try await outcome(answer, desk)["outcome"] == "refused"
        }

        private func place(
            _ desk: ProxyDesk, _ target: String, _ status: Int64, _ body: String
        ) async throws -> JSONValue {
            try await desk.behave { ($0.fail, $0.body) = (status, body) }
            let answer = try await desk.proxy("POST", "spot/api/v3/\(target)")
            #expect(answer.status == Int(status), "\(answer.everything)")
            return try await outcome(answer, desk)
        }

        @Test func `T10: only what the exchange definitely refused is given back`() async throws {
            try await run { desk in
                #expect(try await isRoom(desk))
                let refused = try await place(
                    desk, "order?" + Self.order, 400, #"{"code":-2010,"msg":"insufficient balance"}"#)
                #expect(refused["outcome"] == "refused" && refused["code"] == "-2010", "\(refused)")
                #expect(try await isRoom(desk))
                // The cancel failed, and the new order was placed.
                let half = try await place(
                    desk, "order/cancelReplace?" + Self.replacing, 409,
                    #"{"code":-2021,"data":{"cancelResult":"FAILURE","newOrderResult":"SUCCESS"}}"#)
                #expect(half["outcome"] == "accepted", "\(half)")
                #expect(try await !isRoom(desk))
            }
        }

        @Test func `T10: what the exchange may have taken keeps its charge`() async throws {
            try await run { desk in
                let late = try await place(
                    desk, "order?" + Self.order, 400, #"{"code":-1007,"msg":"timed out"}"#)
                #expect(late["outcome"] == "unknown" && late["code"] == "-1007", "\(late)")
                #expect(try await !isRoom(desk))
            }
        }

        @Test func `a limit that counts something else meanwhile is not given back to`() async throws {
            try await run { desk in
                #expect(try await isRoom(desk))
                try await desk.behave {
                    ($0.fail, $0.body) = (400, #"{"code":-2010,"msg":"insufficient balance"}"#)
                    ($0.stallMilliseconds, $0.times) = (1_000, 1)
                }
                async let late = desk.proxy("POST", "spot/api/v3/order?" + Self.order)
                _ = try await eventually("the order at the exchange") {
                    try await desk.requests().filter { $0.path == "/api/v3/order" }.count > 1 ? true : nil
                }
                let limit: JSONValue = ["count": "orders", "max": "1", "per": "31d"]
                let published = try await desk.node.call(
                    "PUT", desk.path + "/policy",
                    ["operations": ["read", "trade"], "ways": ["proxy"], "limits": [limit]],
                    headers: [("if-match", "*")])
                try #require(published.status == 200, "\(published.text)")
                let taken = try await desk.proxy("POST", "spot/api/v3/order?" + Self.order)
                #expect(taken.status == 200, "\(taken.everything)")
                #expect(try await outcome(try await late, desk)["outcome"] == "refused")
                // The one order of the new limit is used up, although 300 dollars of the old one came back.
                let over = try await desk.proxy("POST", "spot/api/v3/order?" + Self.order)
                #expect(over.status == 403, "\(over.everything)")
            }
        }

        @Test func `what never left is given back, and a read without an answer is unknown`() async throws {
            try await run { desk in
                // What is traded is known by an order before.
                #expect(try await isRoom(desk))
                try await desk.behave { $0.drop = .afterRequest }
                let silent = try await desk.proxy("GET", "spot/api/v3/account")
                #expect(silent.status == 502 && silent.json["code"] == "exchange_unavailable")
                #expect(!silent.text.contains("Nothing was done"), "\(silent.text)")
                #expect(try await outcome(silent, desk)["outcome"] == "unknown")
                try await desk.standIn.goOut(.binance)
                let gone = try await desk.proxy("POST", "spot/api/v3/order?" + Self.order)
                #expect(gone.status == 502, "\(gone.text)")
                #expect(try await outcome(gone, desk)["outcome"] == "not_sent")
                try await desk.standIn.comeBack(.binance)
                #expect(try await isRoom(desk))
            }
        }
    }
}
