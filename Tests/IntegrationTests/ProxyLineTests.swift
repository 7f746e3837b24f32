import EventLoop
import JSON
import TestSupport
import Testing

/// How requests reach the exchange, and how answers come back: on which connections, in which parts.
extension IntegrationTests.ProxyLeakTests {
    // MARK: Connections

    @Test func `orders go out on a connection that is known to stand`() async throws {
        try await run { desk in
            let before = try await desk.requests().count
            #expect(try await desk.read().status == 200)
            for _ in 0..<5 { #expect(try await desk.place().status == 200) }
            let orders = try await desk.requests(after: before).filter { $0.method == "POST" }
            #expect(orders.count == 5)
            // Each worker has connections of its own, and a busy machine may let one grow cold.
            #expect(Set(orders.map(\.connection)).count < 5, "\(orders.map(\.connection))")
        }
    }

    // MARK: Parts

    @Test func `a long answer to a read comes whole, in parts, with its headers first`() async throws {
        try await run { desk in
            try await desk.behave { $0.huge = 3 << 20 }
            let answer = try await desk.read()
            #expect(answer.status == 200)
            #expect(answer.header("transfer-encoding") == "chunked")
            #expect(answer.header("server-timing") != nil)
            #expect(answer.header("keybell-upstream") == "yes")
            #expect(answer.text.hasSuffix("xxx\"}"))
            #expect(answer.text.contains("\"balances\""))
            #expect(answer.text.utf8.count { $0 == UInt8(ascii: "x") } >= 3 << 20)
        }
    }

    @Test func `a secret deep in a long answer ends it before a byte of the secret has left`() async throws {
        try await run { desk in
            let padding = String(repeating: "p", count: 200_000)
            let spelled = Self.secret.replacing("/", with: "\\/")
            let bodies = [
                #"{"a":"\#(padding)","echo":"\#(Self.secret)"}"#,
                #"{"a":"\#(padding)","echo":"\#(spelled)","b":"\#(padding)"}"#,
                #"{"a":"\#(padding)","listenKey":"must-not-pass"}"#,
            ]
            for body in bodies {
                try await desk.behave { ($0.fail, $0.body) = (200, body) }
                await #expect(throws: (any Error).self) { try await desk.read() }
                let left = try await leaving(desk)
                #expect(left.hasPrefix("HTTP/1.1 200"))
                #expect(left.utf8.count > 100_000)
                for hidden in [String(Self.secret.prefix(8)), String(spelled.prefix(8)), "must-not-pass"] {
                    #expect(!left.contains(hidden))
                }
            }
            // Where it stands at the beginning, its head has not left either.
            let body = #"{"echo":"\#(Self.secret)","a":"\#(padding)"}"#
            try await desk.behave { ($0.fail, $0.body) = (200, body) }
            let answer = try await desk.read()
            #expect(answer.status == 403)
            #expect(answer.json["code"] == "policy_denied")
            #expect(!answer.everything.contains(Self.secret))
        }
    }

    /// All that left, also of an answer that was cut: to a client of HTTP/1.0 it ends with the connection.
    private func leaving(_ desk: Desk) async throws -> String {
        let head = desk.node.head("GET", desk.proxy + "/api/v3/account", length: nil)
        let port = desk.node.port
        return try await blockingThreads.run {
            let connection = try LoopbackConnection(to: port)
            try connection.send(head.replacing("HTTP/1.1", with: "HTTP/1.0"))
            return try connection.receive()?.everything ?? ""
        }
    }

    @Test func `a long answer that breaks off is not made whole`() async throws {
        try await run { desk in
            try await desk.behave { ($0.huge, $0.drop) = (3 << 20, .midAnswer) }
            await #expect(throws: (any Error).self) { try await desk.read() }
        }
    }

    @Test func `an order's answer is held until it is understood, and no longer than a megabyte`()
        async throws
    {
        try await run { desk in
            try await desk.behave { $0.huge = 500_000 }
            let answer = try await desk.place()
            #expect(answer.status == 200)
            #expect(answer.header("content-length") != nil)
            try await desk.behave { $0.huge = 2 << 20 }
            let long = try await desk.place()
            #expect(long.status == 504)
            #expect(long.json["code"] == "outcome_unknown")
        }
    }

    // MARK: Targets

    @Test func `a target as long as Keybell itself takes goes through`() async throws {
        try await run { desk in
            let id = String(repeating: "9", count: 7_000)
            let answer = try await desk.node.call(
                "DELETE", desk.proxy + "/api/v3/order?symbol=BTCUSDT&origClientOrderId=\(id)")
            // The exchange does not know such an order, and says so itself.
            #expect(answer.header("keybell-upstream") == "yes", "\(answer.everything.prefix(2_000))")
            #expect(try await desk.requests().last?.query.contains(id) == true)
        }
    }

    // MARK: Times

    @Test func `every answer tells where the time went, refusals too`() async throws {
        let whole = #/queue;dur=\d+\.\d{3}, commit;dur=\d+\.\d{3}, exchange;dur=\d+\.\d{3}/#
        try await run { desk in
            let denied = try await desk.node.call(
                "POST", desk.proxy + "/sapi/v1/capital/withdraw/apply?coin=BTC")
            #expect(denied.status == 403)
            try await desk.behave { $0.drop = .afterRequest }
            let unknown = try await desk.place()
            #expect(unknown.status == 504)
            try await desk.standIn.goOut(.binance)
            let gone = try await desk.read()
            #expect(gone.status == 502)
            for answer in [denied, unknown, gone] {
                let times = try #require(answer.header("server-timing"), "\(answer.everything)")
                #expect(try whole.wholeMatch(in: times) != nil, "\(times)")
            }
        }
    }

    @Test func `what is refused before there is a use tells how long it was in line`() async throws {
        try await run { desk in
            let (node, account) = (desk.node, desk.proxy + "/api/v3/account")
            let made = try await node.must(
                "POST", "/v1/access-tokens", ["name": "reads keys", "scopes": ["keys:read"]])
            let narrow = try #require(made["token"]?.asString)
            let refused = [
                (401, try await node.call("GET", account, token: nil)),
                (
                    401,
                    try await node.call("GET", account, token: nil, headers: [("x-mbx-apikey", "kbt_none")])
                ),
                (403, try await node.call("GET", account, token: .text(narrow))),
                (
                    404,
                    try await node.call(
                        "GET", "/v1/keys/key_01jnqm6r0000000000000000ex/proxy/spot/api/v3/account")
                ),
                (404, try await node.call("GET", desk.proxy.replacing("/proxy/", with: "/proxy//") + "/api")),
                (400, try await node.call("GET", account + "?a=" + node.ownerToken)),
                (405, try await node.call("TRACE", account)),
                (
                    413,
                    try await node.send(
                        "POST", desk.proxy + "/api/v3/order", [UInt8](repeating: 0x61, count: 300_000),
                        type: "application/x-www-form-urlencoded")
                ),
            ]
            for (status, answer) in refused {
                #expect(answer.status == status, "\(answer.everything)")
                let times = try #require(answer.header("server-timing"), "\(answer.everything)")
                #expect(try #/queue;dur=\d+\.\d{3}/#.wholeMatch(in: times) != nil, "\(times)")
                #expect(answer.fields.count { $0.name == "server-timing" } == 1)
            }
            #expect(try await node.call("GET", "/v1/keys").header("server-timing") == nil)
        }
    }
}
