import Crypto
import EventLoop
import Glibc
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

/// Nodes on one database, and keys of two exchanges that a stand-in knows.
struct UseDesk: Sendable {
    static let secret = "c2VjcmV0LW9mLXRoZS1zdGFuZC1pbi1leGNoYW5nZQ=="
    static let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000"
    static let account: JSONValue = [
        "method": "GET", "host": "spot", "path": "/api/v3/account", "query": [],
    ]
    static let balance: JSONValue = [
        "method": "POST", "host": "spot", "path": "/0/private/Balance", "query": [],
    ]

    let scratch: ScratchDatabase
    let nodes: [RunningNode]
    let standIn: StandInExchange

    func node(_ number: Int) -> RunningNode { nodes[number % nodes.count] }

    /// - Parameter database: an empty one; otherwise one on the scratch cluster is made.
    static func run(
        nodes count: Int, _ more: [String: String] = [:], on database: ScratchDatabase? = nil,
        _ body: @Sendable (UseDesk) async throws -> Void
    ) async throws {
        try await StandInExchange.with { standIn in
            for venue in [StandInExchange.Venue.binance, .kraken] {
                try await standIn.register(
                    .init(
                        venue, "key-of-the-desk", .secret(secret), permissions: ["read", "trade_spot"],
                        addresses: ["127.0.0.1"]))
            }
            let settings = more.merging([
                "KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance),
                "KEYBELL_STANDIN_KRAKEN_DEMO_SPOT": standIn.baseURL(.kraken),
            ]) { $1 }
            let scratch = if let database { database } else { try await ScratchDatabase.make() }
            try await RunningNode.with(.database(scratch.url), settings) { first in
                try await first.bootstrap()
                let root = ["KEYBELL_ROOT_KEY_FILE": first.folder.file("root.key")]
                try await adding(count - 1, to: [first], settings.merging(root) { $1 }, scratch) { nodes in
                    try await body(UseDesk(scratch: scratch, nodes: nodes, standIn: standIn))
                }
            }
        }
    }

    private static func adding(
        _ count: Int, to nodes: [RunningNode], _ settings: [String: String], _ scratch: ScratchDatabase,
        _ body: ([RunningNode]) async throws -> Void
    ) async throws {
        guard count > 0 else { return try await body(nodes) }
        try await RunningNode.with(.database(scratch.url), settings) { node in
            try node.adopt(nodes[0].ownerToken)
            try await adding(count - 1, to: nodes + [node], settings, scratch, body)
        }
    }

    // MARK: Keys and policies

    /// A confirmed key; answers its path.
    func key(_ exchange: String, _ account: String = "main") async throws -> String {
        let made = try await nodes[0].must(
            "POST", "/v1/keys",
            [
                "exchange": .string(exchange), "account": .string(account),
                "label": .string("\(exchange) of \(account)"),
                "environment": exchange == "kraken" ? "demo" : "testnet",
                "permissions": ["read", "trade_spot"], "ip_allow_list": ["127.0.0.1"],
                "allow_duplicate": true,
                "credential": ["api_key": "key-of-the-desk", "secret": .string(Self.secret)],
            ])
        let path = "/v1/keys/\(made.id)"
        let told = try await nodes[0].must("POST", path + "/verify", ["accept_risks": "a stand-in"])
        try #require(told["status"] == "active", "\(told)")
        return path
    }

    /// - Parameter limit: of requests in a month; nil for none.
    static func policy(_ operations: [String], limit: Int? = nil) -> JSONValue {
        let limits: [JSONValue] = (limit.map { [$0] } ?? []).map { limit in
            ["count": "requests", "max": .string(String(limit)), "per": "31d", "applies_to": "all"]
        }
        return [
            "operations": .array(operations.map { .string($0) }), "ways": ["sign", "proxy"],
            "limits": .array(limits),
        ]
    }

    /// - Parameter owner: the path of a key or an account.
    func publish(_ policy: JSONValue, at owner: String, on node: RunningNode? = nil) async throws {
        let answer = try await (node ?? nodes[0]).call(
            "PUT", owner + "/policy", policy, headers: [("if-match", "*")])
        guard answer.status == 200 else { throw Impatience("publish: \(answer.status) \(answer.text)") }
    }

    // MARK: Asking the database

    /// One number.
    func count(_ statement: Statement, _ parameter: String) async throws -> Int {
        try await scratch.visit { _, database in
            try await database.query(statement, .text(parameter)).first?.int(0) ?? 0
        }
    }

    func execute(_ statements: [Statement]) async throws {
        try await scratch.visit { _, database in
            for statement in statements { _ = try await database.query(statement) }
        }
    }
}

extension JSONValue {
    /// Of a signed request of Kraken's.
    var nonce: UInt64? {
        guard let text = self["request"]?["body_base64"]?.asString, let body = Base64.decode(text) else {
            return nil
        }
        let fields = String(decoding: body, as: UTF8.self).split(separator: "&")
        return fields.first { $0.hasPrefix("nonce=") }.flatMap { UInt64($0.dropFirst(6)) }
    }

    /// Of a refusal: by limits, and nothing else.
    var isDeniedByLimit: Bool {
        let denied = (self["clauses"]?.asArray ?? []).filter { $0["verdict"] == "denied" }
        return !denied.isEmpty
            && denied.allSatisfy { $0["clause"]?.asString?.hasPrefix("limits.") == true }
    }
}

extension String {
    /// The id at the end of a path.
    var lastSegment: String { split(separator: "/").last.map(String.init) ?? "" }
}
