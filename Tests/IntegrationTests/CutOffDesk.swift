import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

/// A node with three keys, whose database can be cut off, at an exchange that is still there.
struct CutOffDesk: Sendable {
    static let apiKey = "key-of-the-desk"
    private static let secret = "c2VjcmV0LW9mLXRoZS1zdGFuZC1pbi1leGNoYW5nZQ=="
    private static let form = "application/x-www-form-urlencoded"

    let node: RunningNode
    let server: RunningPostgres
    let standIn: StandInExchange
    /// With away mode on, and without.
    let key: String
    let other: String
    let kraken: String

    func ask(
        _ method: String, _ path: String, _ body: String = "", of key: String? = nil
    ) async throws -> LoopbackMessage {
        try await node.send(
            method, (key ?? self.key) + "/proxy" + path, body.isEmpty ? nil : Array(body.utf8),
            type: body.isEmpty ? nil : Self.form)
    }

    /// Of an order that there is not: the exchange says so, and has been asked.
    func cancel(_ name: String, of key: String? = nil) async throws -> LoopbackMessage {
        try await ask(
            "DELETE", "/spot/api/v3/order?symbol=BTCUSDT&origClientOrderId=\(name)", of: key)
    }

    func cancelAll() async throws -> LoopbackMessage {
        try await ask("POST", "/spot/0/private/CancelAll", "a=b", of: kraken)
    }

    var isAway: Bool {
        get async throws {
            let told = try await node.call("GET", "/readyz", token: nil).json["warnings"]?.asArray
            return told?.contains { $0.asString?.hasPrefix("away mode") == true } == true
        }
    }

    func cutOff() async throws {
        try await server.stop()
        try await wait(until: "exits go by the journal") { try await isAway }
    }

    func comeBack() async throws {
        try await server.start()
        try await wait(until: "the node is ready") { await node.isReady }
        try await wait(until: "no journal is left to merge") { journals("journal").isEmpty }
    }

    func journals(_ fate: String) -> [String] {
        let folder = opendir(node.folder.file("data/away"))
        guard let folder else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".\(fate)") { names.append(name) }
        }
        return names
    }

    /// Names of orders that the exchange was asked to cancel.
    func seen() async throws -> [String] {
        try await standIn.requests(.binance, apiKey: Self.apiKey).compactMap {
            Self.name(in: $0.query)
        }
    }

    /// The same, of uses that are on record.
    func recorded() async throws -> [String] {
        let select = "select request::json->>'query' from usage_event where operation = 'cancel'"
        let rows = try await server.run("psql", ["-d", "keybell", "-At", "-c", select])
        return rows.split(separator: "\n").compactMap { Self.name(in: String($0)) }
    }

    private static func name(in query: String) -> String? {
        query.split(separator: "&").first { $0.hasPrefix("origClientOrderId=") }
            .map { String($0.dropFirst("origClientOrderId=".count)) }
    }

    /// Once each worker of the node has its database again.
    func read(_ target: String) async throws -> JSONValue {
        let answer = try await eventually("\(target) is answered") { () -> LoopbackMessage? in
            let answer = try await node.call("GET", target)
            return answer.status == 503 ? nil : answer
        }
        try #require(answer.status == 200, "\(answer.everything)")
        return answer.json
    }

    func awayEvents() async throws -> [JSONValue] {
        // Each worker has its database again.
        _ = try await read("/v1/events?limit=1")
        return try await node.told("away.*")
    }

    /// All uses of the key, through every page.
    func uses(_ query: String = "") async throws -> [JSONValue] {
        var (all, cursor): ([JSONValue], String) = ([], "")
        while true {
            let page = try await read("/v1/usage-events?limit=200\(query)\(cursor)")
            all += page["data"]?.asArray ?? []
            guard let next = page["next_cursor"]?.asString else { return all }
            cursor = "&cursor=\(next)"
        }
    }

    func expectIntact() async throws {
        let verified = try await read("/v1/audit/verification")
        #expect(verified["intact"] == true, "\(verified)")
    }

    // MARK: Making one

    static func run(
        _ more: [String: String] = [:], _ body: (CutOffDesk) async throws -> Void
    ) async throws {
        try await RunningPostgres.with { server in
            _ = try await server.run("createdb", ["keybell"])
            try await StandInExchange.with { standIn in
                for venue in [StandInExchange.Venue.binance, .kraken] {
                    try await standIn.register(
                        .init(
                            venue, Self.apiKey, .secret(Self.secret),
                            permissions: ["read", "trade_spot", "trade_derivatives"],
                            addresses: ["127.0.0.1"]))
                }
                let settings = [
                    "KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance),
                    "KEYBELL_STANDIN_BINANCE_TESTNET_USDM": standIn.baseURL(.binance),
                    "KEYBELL_STANDIN_KRAKEN_DEMO_SPOT": standIn.baseURL(.kraken),
                ]
                let all = settings.merging(more) { $1 }
                try await RunningNode.with(.database(server.url("keybell")), all) { node in
                    try await node.bootstrap()
                    try await body(
                        CutOffDesk(
                            node: node, server: server, standIn: standIn,
                            key: try await key(node, "main", isOn: true),
                            other: try await key(node, "other", isOn: false),
                            kraken: try await key(node, "nonces", at: "kraken", "demo", isOn: true)))
                    #expect(!node.log.contains(Self.secret))
                }
            }
        }
    }

    private static func key(
        _ node: RunningNode, _ label: String, at exchange: String = "binance",
        _ environment: String = "testnet", isOn: Bool
    ) async throws -> String {
        let made = try await node.must(
            "POST", "/v1/keys",
            [
                "exchange": .string(exchange), "account": "main", "label": .string(label),
                "environment": .string(environment), "allow_duplicate": true,
                "permissions": ["read", "trade_spot", "trade_derivatives"],
                "ip_allow_list": ["127.0.0.1"],
                "credential": ["api_key": .string(Self.apiKey), "secret": .string(Self.secret)],
            ])
        let path = "/v1/keys/\(made.id)"
        let told = try await node.must("POST", path + "/verify", ["accept_risks": "a stand-in"])
        try #require(told["status"] == "active", "\(told)")
        let policy: JSONValue = [
            "operations": ["read", "trade", "cancel"], "ways": ["proxy", "sign"],
        ]
        let published = try await node.call(
            "PUT", path + "/policy", policy, headers: [("if-match", "*")])
        try #require(published.status == 200, "\(published.text)")
        if isOn {
            try await node.must("PUT", path + "/away-mode", ["enabled": true, "reason": "exits"])
        }
        return path
    }
}
