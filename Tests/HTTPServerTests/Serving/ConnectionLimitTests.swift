import Testing

@testable import HTTPServer

@Suite struct ConnectionLimitTests {
    @Test(arguments: [true, false])
    func `one connection too many gets 503, and a place that is free again is given`(
        isPerAddress: Bool
    ) async throws {
        let limits = ServerLimits.test { limits in
            limits.exemptsLoopback = false
            if isPerAddress { limits.connectionsPerAddress = 3 } else { limits.connections = 3 }
        }
        try await LoopbackServer.with(limits, respond: echo) { server in
            var clients = try (0..<3).map { _ in try server.connect() }
            try await server.until("three are in") { $0.connectionCount == 3 }
            let refused = try server.connect()
            let answer = try refused.answer()
            #expect(answer.status == 503)
            #expect(answer["retry-after"] == "1")
            #expect(answer["connection"] == "close")
            #expect(try refused.isEnded())
            for client in clients {
                try client.request("GET", "/1")
                #expect(try client.answer().status == 200)
            }
            clients.removeLast()
            try await server.until("one has left") { $0.connectionCount == 2 }
            let next = try server.connect()
            try next.request("GET", "/2")
            #expect(try next.answer().text == "GET /2")
        }
    }

    @Test func `a proxy on loopback has no limit per address`() async throws {
        try await LoopbackServer.with(.test { $0.connectionsPerAddress = 1 }, respond: echo) { server in
            let clients = try (0..<5).map { _ in try server.connect() }
            try await server.until("five are in") { $0.connectionCount == 5 }
            try clients[4].request("GET", "/1")
            #expect(try clients[4].answer().status == 200)
        }
    }

    struct Oversize: CustomTestStringConvertible {
        let testDescription: String
        let stream: String
        let status: Int
    }

    private static func a(_ count: Int) -> String { String(repeating: "a", count: count) }

    static let oversize = [
        Oversize(testDescription: "URI", stream: "GET /\(a(9_000)) HTTP/1.1\r\nHost: a\r\n\r\n", status: 414),
        Oversize(
            testDescription: "header", stream: "GET / HTTP/1.1\r\nHost: a\r\nX: \(a(17_000))\r\n\r\n",
            status: 431),
        Oversize(
            testDescription: "fields",
            stream: "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 100) + "\r\n",
            status: 431),
        Oversize(
            testDescription: "body",
            stream: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16777217\r\n\r\n", status: 413),
        Oversize(testDescription: "method", stream: "\(a(25)) / HTTP/1.1\r\nHost: a\r\n\r\n", status: 501),
    ]

    @Test(arguments: oversize)
    func `what is oversize is answered with its status, and the connection ends`(
        _ sample: Oversize
    ) async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.send(sample.stream + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try client.answer()
            #expect(answer.status == sample.status)
            #expect(answer["connection"] == "close")
            #expect(answer["content-type"] == "application/problem+json")
            client.finishSending()
            #expect(try client.isEnded())
        }
    }
}
