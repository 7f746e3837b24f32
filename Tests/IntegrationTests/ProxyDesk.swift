import JSON
import TestSupport
import Testing

/// A key of a node at a stand-in exchange, ready to be used.
struct ProxyDesk: Sendable {
    static let secret = "c2VjcmV0LW9mLXRoZS1zdGFuZC1pbi1leGNoYW5nZQ=="
    static let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000"

    let node: RunningNode
    let standIn: StandInExchange
    let venue: StandInExchange.Venue
    /// At the exchange.
    let apiKey: String
    /// Of the key here.
    let path: String

    /// - Parameters:
    ///   - addresses: that the exchange takes it from.
    ///   - more: fields of the registration.
    static func make(
        _ node: RunningNode, _ standIn: StandInExchange, _ venue: StandInExchange.Venue,
        _ environment: String, apiKey: String = "key-of-the-desk", passphrase: String? = nil,
        addresses: [String] = ["127.0.0.1"], nonceWindow: Int64? = nil, more: [(String, JSONValue)] = []
    ) async throws -> ProxyDesk {
        var key = StandInExchange.Key(
            venue, apiKey, .secret(secret), passphrase: passphrase, permissions: ["read", "trade_spot"],
            addresses: addresses)
        key.nonceWindow = nonceWindow
        key.isDemo = venue == .okx && environment == "demo"
        try await standIn.register(key)
        var credential = JSONObject()
        _ = credential.append("api_key", .string(apiKey))
        _ = credential.append("secret", .string(secret))
        if let passphrase { _ = credential.append("passphrase", .string(passphrase)) }
        var body = JSONObject()
        let fields: [(String, JSONValue)] = [
            ("exchange", .string(venue.rawValue)), ("account", "main"), ("label", .string(apiKey)),
            ("environment", .string(environment)), ("permissions", ["read", "trade_spot"]),
            ("ip_allow_list", .array(addresses.map { .string($0) })), ("allow_duplicate", true),
            ("credential", .object(credential)),
        ]
        for (name, value) in fields + more { _ = body.append(name, value) }
        let made = try await node.must("POST", "/v1/keys", .object(body))
        let desk = ProxyDesk(
            node: node, standIn: standIn, venue: venue, apiKey: apiKey, path: "/v1/keys/\(made.id)")
        let told = try await desk.verify()
        try #require(told["status"] == "active", "\(told)")
        let published = try await node.call(
            "PUT", desk.path + "/policy",
            ["operations": ["read", "trade", "cancel"], "ways": ["sign", "proxy"]],
            headers: [("if-match", "\"0\"")])
        try #require(published.status == 200, "\(published.text)")
        return desk
    }

    @discardableResult
    func verify() async throws -> JSONValue {
        try await node.must("POST", path + "/verify", ["accept_risks": "a stand-in"])
    }

    func change(_ body: JSONValue) async throws -> LoopbackMessage {
        try await node.call("PATCH", path, body, headers: [("if-match", "*")])
    }

    func proxy(
        _ method: String, _ target: String, headers: [(name: String, value: String)] = [],
        by node: RunningNode? = nil
    ) async throws -> LoopbackMessage {
        try await (node ?? self.node).call(method, "\(path)/proxy/\(target)", headers: headers)
    }

    func behave(_ change: (inout StandInExchange.Behaviour) -> Void) async throws {
        var behaviour = StandInExchange.Behaviour()
        change(&behaviour)
        try await standIn.behave(behaviour, at: venue, apiKey: apiKey)
    }

    /// Signed requests that came.
    func requests() async throws -> [StandInExchange.Record] {
        try await standIn.requests(venue, apiKey: apiKey)
    }
}
