import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// From which of our addresses a key's requests leave.
    @Suite struct EgressTests {
        private static let settings = "first=127.0.0.1,second=127.0.0.2,third=127.0.0.3@203.0.113.9"

        private func run(_ body: (RunningNode, StandInExchange) async throws -> Void) async throws {
            try await StandInExchange.with { standIn in
                let settings = [
                    "KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance),
                    "KEYBELL_STANDIN_BYBIT_TESTNET_MAIN": standIn.baseURL(.bybit),
                    "KEYBELL_EGRESS_ADDRESSES": Self.settings,
                ]
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    try await body(node, standIn)
                }
            }
        }

        @Test func `each key's requests leave from its address, also on kept connections`() async throws {
            try await run { node, standIn in
                let places: [(name: String?, address: String)] = [
                    (nil, "127.0.0.1"), ("second", "127.0.0.2"), ("third", "127.0.0.3"),
                ]
                var desks: [ProxyDesk] = []
                for place in places {
                    let more: [(String, JSONValue)] =
                        place.name.map { [("egress_address", .string($0))] } ?? []
                    desks.append(
                        try await ProxyDesk.make(
                            node, standIn, .binance, "testnet", apiKey: "key-\(place.name ?? "none")",
                            addresses: [place.address], more: more))
                }
                for _ in 0..<4 {
                    for desk in desks {
                        #expect(try await desk.proxy("GET", "spot/api/v3/account").status == 200)
                        #expect(
                            try await desk.proxy("POST", "spot/api/v3/order?\(ProxyDesk.order)").status == 200
                        )
                    }
                }
                for (desk, place) in zip(desks, places) {
                    let peers = Set(try await desk.requests().map(\.peer))
                    #expect(peers == [place.address], "\(desk.apiKey)")
                }
                // What no key signs leaves from the first.
                let others = try await standIn.requests(.binance).filter { $0.apiKey.isEmpty }
                #expect(!others.isEmpty && others.allSatisfy { $0.peer == "127.0.0.1" })
            }
        }

        @Test func `a key's address is changed by whoever may change keys, and is one of the settings'`()
            async throws
        {
            try await run { node, standIn in
                let desk = try await ProxyDesk.make(
                    node, standIn, .binance, "testnet", addresses: ["127.0.0.1", "127.0.0.2"])
                let unknown = try await desk.change(["egress_address": "fourth"])
                #expect(unknown.status == 422)
                #expect(unknown.json["errors"]?[0]?["pointer"] == "/egress_address")
                let changed = try await desk.change(["egress_address": "second"])
                #expect(changed.json["egress_address"] == "second", "\(changed.text)")
                #expect(try await desk.proxy("GET", "spot/api/v3/account").status == 200)
                #expect(try await desk.requests().last?.peer == "127.0.0.2")
                let events = try await node.told("key.changed")
                #expect(events.first?["data"]?["changed"] == ["egress_address"], "\(events)")
                let back = try await desk.change(["egress_address": nil])
                #expect(back.json["egress_address"] == .null)
                #expect(try await desk.proxy("GET", "spot/api/v3/account").status == 200)
                #expect(try await desk.requests().last?.peer == "127.0.0.1")
                let body: JSONValue = [
                    "exchange": "binance", "account": "main", "label": "x", "environment": "testnet",
                    "egress_address": "fourth",
                ]
                #expect(try await node.call("POST", "/v1/keys", body).status == 422)
            }
        }

        @Test func `a key whose address is banned leaves from another as soon as it is told to`()
            async throws
        {
            try await run { node, standIn in
                let desk = try await ProxyDesk.make(
                    node, standIn, .binance, "testnet", addresses: ["127.0.0.1", "127.0.0.2"])
                let (account, order) = ("spot/api/v3/account", "spot/api/v3/order?\(ProxyDesk.order)")
                #expect(try await desk.proxy("POST", order).status == 200)
                try await desk.behave { ($0.ban, $0.times) = (3_600, 1) }
                #expect(try await desk.proxy("GET", account).status == 418)
                #expect(try await desk.proxy("GET", account).status == 429)
                #expect(try await desk.change(["egress_address": "second"]).status == 200)
                try await desk.behave { _ in }
                // Each loop of the node has its own picture of the key, and some requests are settled first.
                for number in 0..<8 {
                    let sent = try await desk.proxy(
                        "POST", order, headers: [("idempotency-key", "after-the-ban-\(number)")])
                    #expect(sent.status == 200, "\(sent.text)")
                    #expect(try await desk.proxy("GET", account).status == 200)
                }
                #expect(Set(try await desk.requests().suffix(16).map(\.peer)) == ["127.0.0.2"])
                #expect(try await desk.change(["egress_address": nil]).status == 200)
                for _ in 0..<8 { #expect(try await desk.proxy("GET", account).status == 429) }
            }
        }

        @Test func `the addresses of all nodes are listed`() async throws {
            try await run { node, _ in
                let listed = try await eventually("the node tells of itself") {
                    let found = try await node.must("GET", "/v1/system")["nodes"]?[0]?["egress_addresses"]
                    return found?.asArray?.isEmpty == false ? found : nil
                }
                #expect(listed.asArray?.count == 3)
                #expect(
                    listed[2] == ["name": "third", "address": "127.0.0.3", "seen_as": "203.0.113.9"],
                    "\(listed)")
            }
        }

        @Test func `an allow-list that lacks the address is drift, and told`() async throws {
            try await run { node, standIn in
                let desk = try await ProxyDesk.make(
                    node, standIn, .bybit, "testnet", addresses: ["127.0.0.2"],
                    more: [("egress_address", "second")])
                func drift(_ told: JSONValue) -> JSONValue? { told["permissions"]?["drift"] }
                #expect(drift(try await desk.verify()) == [])
                // Refused: the exchange says which address it does not take.
                #expect(try await desk.change(["egress_address": "first"]).status == 200)
                let refused = try await desk.verify()
                #expect(refused["outcome"] == "address_refused", "\(refused)")
                #expect(drift(refused) == ["egress_address"], "\(refused)")
                let told = try await node.told("key.drifted")
                #expect(told.map { $0["data"]?["drift"] } == [["egress_address"]], "\(told)")
                // Taken, because it comes from this very machine; but exchanges outside would see another.
                let other = try await ProxyDesk.make(
                    node, standIn, .bybit, "testnet", apiKey: "other", addresses: ["127.0.0.3"],
                    more: [("egress_address", "third")])
                #expect(drift(try await other.verify()) == ["egress_address"])
                #expect(try await desk.change(["egress_address": "second"]).status == 200)
                #expect(drift(try await desk.verify()) == [])
            }
        }

        @Test func `a node that lacks the address sends nothing`() async throws {
            try await StandInExchange.with { standIn in
                let settings = ["KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance)]
                let store = try await RunningNode.Store.scratch()
                let egress = ["KEYBELL_EGRESS_ADDRESSES": Self.settings]
                try await RunningNode.with(store, settings.merging(egress) { $1 }) { first in
                    try await first.bootstrap()
                    let root = ["KEYBELL_ROOT_KEY_FILE": first.folder.file("root.key")]
                    try await RunningNode.with(store, settings.merging(root) { $1 }) { second in
                        try second.adopt(first.ownerToken)
                        let desk = try await ProxyDesk.make(
                            first, standIn, .binance, "testnet", addresses: ["127.0.0.2"],
                            more: [("egress_address", "second")])
                        let before = try await desk.requests().count
                        let refused = try await desk.proxy("GET", "spot/api/v3/account", by: second)
                        #expect(refused.status == 502 && refused.json["code"] == "exchange_unavailable")
                        #expect(try await desk.requests().count == before)
                    }
                }
            }
        }
    }
}
