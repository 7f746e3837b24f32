import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// Prices for policy on two nodes and one database, with an exchange whose prices move.
    @Suite struct PriceTests {
        private struct Desk {
            let standIn: StandInExchange
            let nodes: [RunningNode]
            let key: String

            /// A market order of so much of a Bitcoin.
            func order(_ node: Int, _ quantity: String) async throws -> LoopbackMessage {
                try await nodes[node].call(
                    "POST",
                    "\(key)/proxy/spot/api/v3/order?symbol=BTCUSDT&side=BUY&type=MARKET&quantity=\(quantity)",
                    nil)
            }

            func awaitStatus(_ status: Int, _ node: Int, _ quantity: String) async throws {
                try await wait(until: "an order of \(quantity) answers \(status) at node \(node)") {
                    // The exchange takes fifty orders in ten seconds, however fast the machine is.
                    try await Task.sleep(for: .milliseconds(300))
                    return try await order(node, quantity).status == status
                }
            }
        }

        private func run(_ body: (Desk) async throws -> Void) async throws {
            try await StandInExchange.with { standIn in
                try await standIn.register(
                    .init(
                        .binance, "key-of-the-desk", .secret("the-secret-of-the-desk"),
                        permissions: ["read", "trade_spot"], addresses: ["127.0.0.1"]))
                try await standIn.setBalances(["USDT": "1000000"], of: "key-of-the-desk", at: .binance)
                let settings = ["KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance)]
                try await RunningNode.withTwo(settings) { first, second in
                    let key = try await key(first)
                    try await body(Desk(standIn: standIn, nodes: [first, second], key: key))
                }
            }
        }

        private func key(_ node: RunningNode) async throws -> String {
            let made = try await node.must(
                "POST", "/v1/keys",
                [
                    "exchange": "binance", "account": "main", "label": "priced", "environment": "testnet",
                    "permissions": ["read", "trade_spot"], "ip_allow_list": ["127.0.0.1"],
                    "credential": ["api_key": "key-of-the-desk", "secret": "the-secret-of-the-desk"],
                ])
            let path = "/v1/keys/\(made.id)"
            let told = try await node.must("POST", path + "/verify", ["accept_risks": "a stand-in"])
            try #require(told["status"] == "active", "\(told)")
            let policy: JSONValue = [
                "operations": ["read", "trade"],
                "orders": [
                    "max_notional": ["amount": "5000", "currency": "USD"], "max_price_distance_percent": "3",
                ],
            ]
            let answer = try await node.call(
                "PUT", path + "/policy", policy, headers: [("if-match", "\"0\"")])
            try #require(answer.status == 200, "\(answer.text)")
            return path
        }

        @Test func `a market order is counted at the exchange's price, on each node`() async throws {
            try await run { desk in
                for node in [0, 1] {
                    #expect(try await desk.order(node, "0.1").status == 200)
                    let over = try await desk.order(node, "0.11")
                    #expect(over.status == 403 && over.text.contains("5500 USD is more than 5000 USD"))
                }
                // A fall within a fifth makes room, as soon as it is seen.
                try await desk.standIn.setPrice("42000", of: "BTC/USDT", at: .binance)
                for node in [0, 1] { try await desk.awaitStatus(200, node, "0.11") }
            }
        }

        @Test func `a step suspends the ticker on both nodes, is told, and one resumes it`() async throws {
            let receiver = try Receiver { _ in .status(204) }
            defer { receiver.stop() }
            try await run { desk in
                let (first, second) = (desk.nodes[0], desk.nodes[1])
                let webhook = try await first.makeWebhook(to: receiver, "alert.*")
                try await first.makeRule("Steps", on: "price_source.suspended", sendTo: webhook)
                for node in [0, 1] { #expect(try await desk.order(node, "0.01").status == 200) }
                try await desk.standIn.setPrice("30000", of: "BTC/USDT", at: .binance)
                try await desk.awaitStatus(403, 0, "0.01")
                let other = try await desk.order(1, "0.01")
                #expect(
                    other.status == 403 && other.text.contains("is suspended, after a step"), "\(other.text)")
                try await wait(until: "the alert arrives") { !receiver.accepted.isEmpty }
                let list = try await second.must("GET", "/v1/price-sources?state=suspended")
                let source = try #require(list["data"]?[0], "\(list)")
                #expect(source["name"] == "binance testnet spot BTCUSDT")
                try await second.must(
                    "POST", "/v1/price-sources/\(source.id)/resume", ["reason": "The market fell."])
                for node in [0, 1] {
                    let order = try await desk.order(node, "0.01")
                    #expect(order.status == 200, "\(node): \(order.text)")
                }
            }
        }
    }
}
