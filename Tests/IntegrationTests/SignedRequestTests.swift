import Crypto
import EventLoop
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

extension IntegrationTests {
    /// Access tokens that are bound to a key, from outside: over sockets, on nodes of their own.
    @Suite struct SignedRequestTests {
        typealias Fields = [(name: String, value: String)]

        /// A bound token of the owner's, and who signs for it.
        struct Bound {
            let node: RunningNode
            let token: RunningNode.Token
            var signer: RequestSigner

            static func make(
                _ node: RunningNode, _ more: [(String, JSONValue)] = []
            ) async throws -> Bound {
                var signer = try RequestSigner()
                var body = JSONObject()
                let key = JSONValue.string(signer.key.publicKey.pem)
                for (name, value) in [("name", "bound"), ("public_key", key)] + more {
                    _ = body.append(name, value)
                }
                let made = try await node.must("POST", "/v1/access-tokens", .object(body))
                signer.keyID = made.id
                return Bound(node: node, token: .text(made["token"]?.asString ?? ""), signer: signer)
            }

            func draft(_ method: String, _ target: String, _ body: [UInt8] = []) -> RequestSigner.Draft {
                RequestSigner.Draft(method, target, body: body, created: Clock.system.now().seconds)
            }

            func fields(_ draft: RequestSigner.Draft, at node: RunningNode? = nil) -> Fields {
                var signer = signer
                signer.authority = "127.0.0.1:\((node ?? self.node).port)"
                return signer.fields(draft)
            }

            /// - Parameter sent: the body that is sent, when it is not the signed one.
            func call(
                _ method: String, _ target: String, _ body: JSONValue? = nil, sent: JSONValue? = nil
            ) async throws -> LoopbackMessage {
                let fields = fields(draft(method, target, body?.bytes ?? []))
                return try await node.call(method, target, sent ?? body, token: token, headers: fields)
            }

            func send(
                _ target: String, _ body: [UInt8], type: String, as sent: [UInt8]? = nil, more: Fields = []
            ) async throws -> LoopbackMessage {
                let fields = fields(draft("POST", target, body)) + more
                return try await node.send(
                    "POST", target, sent ?? body, type: type, token: token, headers: fields)
            }
        }

        private func expect(
            _ answer: LoopbackMessage, _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(answer.status == 401, "\(answer.text)", sourceLocation: sourceLocation)
            #expect(answer.json["code"] == "signature_invalid", sourceLocation: sourceLocation)
            #expect(
                answer.json["reason"]?.asString == reason, "\(answer.text)", sourceLocation: sourceLocation)
        }

        @Test func `T9: a stolen token without the key that it is bound to is useless`() async throws {
            try await RunningNode.withTwo { first, second in
                let bound = try await Bound.make(first)
                let (target, body) = ("/v1/service-accounts", ["name": "made", "purpose": "a"] as JSONValue)
                #expect(try await bound.call("GET", "/v1/me").status == 200)
                #expect(try await bound.call("POST", target, body).status == 201)
                var thief = Bound(node: first, token: bound.token, signer: try RequestSigner())
                thief.signer.keyID = bound.signer.keyID
                for node in [first, second] {
                    expect(try await node.call("GET", "/v1/me", token: bound.token), "missing")
                    expect(try await node.call("POST", target, body, token: bound.token), "missing")
                }
                expect(try await thief.call("GET", "/v1/me"), "wrong")
                // What was overheard is worth nothing either: for another path, body, or at another place.
                let heard = bound.fields(bound.draft("GET", "/v1/me"))
                expect(try await first.call("GET", "/v1/users", token: bound.token, headers: heard), "wrong")
                expect(try await second.call("GET", "/v1/me", token: bound.token, headers: heard), "wrong")
                expect(
                    try await bound.call("POST", target, body, sent: ["name": "forged", "purpose": "a"]),
                    "digest")
                let bots = try await first.must("GET", target)["data"]?.asArray
                #expect(bots?.compactMap { $0["name"]?.asString } == ["made"])
                // It is told of, and the refusals are counted like others.
                let reasons = try await first.told("access_token.refused").map { $0["data"]?["reason"] }
                #expect(reasons.count == 8 && reasons.allSatisfy { $0 == "signature" })
            }
        }

        @Test func `a signed request that is sent again is refused, also by a second node`() async throws {
            try await RunningNode.withTwo { first, second in
                let bound = try await Bound.make(first)
                let draft = bound.draft("POST", "/v1/events", Array(#"{"type":"custom.a"}"#.utf8))
                func push(to node: RunningNode) async throws -> LoopbackMessage {
                    // The same client names both nodes alike, as behind one address.
                    let fields = bound.fields(draft)
                    var head = node.head(
                        "POST", draft.path, length: draft.body.count, token: bound.token,
                        headers: fields + [("content-type", "application/json")])
                    head = head.replacing(
                        "host: 127.0.0.1:\(node.port)", with: "host: 127.0.0.1:\(first.port)")
                    let bytes = Array(head.utf8) + draft.body
                    let port = node.port
                    return try await blockingThreads.run {
                        let connection = try LoopbackConnection(to: port)
                        try connection.send(bytes)
                        guard let answer = try connection.receive() else { throw LoopbackError.cut }
                        return answer
                    }
                }
                #expect(try await push(to: first).status == 201)
                for node in [first, second, first, second] { expect(try await push(to: node), "replayed") }
                #expect(try await first.told("custom.a").count == 1)
            }
        }

        @Test func `64 parallel uses of a three-use token on two nodes: exactly three`() async throws {
            try await RunningNode.withTwo { first, second in
                let made = try await first.must("POST", "/v1/access-tokens", ["name": "a", "max_uses": 3])
                let token = RunningNode.Token.text(made["token"]?.asString ?? "")
                let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<64 {
                        let node = number % 2 == 0 ? first : second
                        group.addTask { try await node.call("GET", "/v1/me", token: token).status }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.count { $0 == 200 } == 3)
                #expect(answers.count { $0 == 401 } == 61)
                let record = try await first.must("GET", "/v1/access-tokens/\(made.id)")
                #expect(record["status"] == "used_up" && record["uses"] == 3)
            }
        }

        @Test func `a body counts as it was sent, compressed or in chunks`() async throws {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                let bound = try await Bound.make(node)
                let json = Array(#"{"type":"custom.a"}"#.utf8)
                let zipped = try GzipEncoder().compress(json.span)
                let gzip: Fields = [("content-encoding", "gzip")]
                let type = "application/json"
                #expect(try await bound.send("/v1/events", zipped, type: type, more: gzip).status == 201)
                let plain = try await bound.send("/v1/events", json, type: type, as: zipped, more: gzip)
                expect(plain, "digest")
                let fields = bound.fields(bound.draft("POST", "/v1/events", json))
                let head = node.head(
                    "POST", "/v1/events", length: nil, token: bound.token,
                    headers: fields + [("transfer-encoding", "chunked"), ("content-type", type)])
                let chunks = json.map { "1\r\n\(Character(Unicode.Scalar($0)))\r\n" }.joined() + "0\r\n\r\n"
                let port = node.port
                let answer = try await blockingThreads.run {
                    let connection = try LoopbackConnection(to: port)
                    try connection.send(head + chunks)
                    return try connection.receive()
                }
                #expect(answer?.status == 201, "\(answer?.text ?? "")")
            }
        }

        @Test func `nothing of an upload is stored before its digest holds`() async throws {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                let bound = try await Bound.make(node)
                func lines(_ count: Int, _ client: String) -> [UInt8] {
                    let line = #"{"type":"custom.upload","subject":"\#(client)"}"# + "\n"
                    return Array(String(repeating: line, count: count).utf8)
                }
                let type = "application/x-ndjson"
                // More than one transaction's worth; the last byte is another.
                let good = lines(12_000, "a")
                var forged = good
                forged[forged.count - 4] = UInt8(ascii: "b")
                expect(try await bound.send("/v1/events", good, type: type, as: forged), "digest")
                #expect(try await node.told("custom.upload").isEmpty)
                #expect(try await bound.send("/v1/events", good, type: type).status == 200)
                let large = try await bound.send("/v1/candles?source=a", lines(40_000, "c"), type: type)
                #expect(large.status == 413 && large.text.contains("bound access token"), "\(large.text)")
            }
        }

        @Test func `a proxied request is signed too, and its signature stays here`() async throws {
            try await StandInExchange.with { standIn in
                let settings = ["KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance)]
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    let desk = try await ProxyDesk.make(node, standIn, .binance, "testnet")
                    let bound = try await Bound.make(node)
                    guard case .text(let token) = bound.token else { return }
                    let target = "\(desk.path)/proxy/spot/api/v3/account?recvWindow=5000"
                    let before = try await desk.requests().count
                    for name in ["x-mbx-apikey", "keybell-token"] {
                        func call(_ fields: Fields) async throws -> LoopbackMessage {
                            try await node.call("GET", target, token: nil, headers: fields + [(name, token)])
                        }
                        let fields = bound.fields(bound.draft("GET", target))
                        let done = try await call(fields)
                        #expect(done.status == 200, "\(done.text)")
                        for refused in [try await call(fields), try await call([])] {
                            #expect(refused.status == 401, "\(refused.text)")
                            let code = refused.header("keybell-problem") ?? refused.json["code"]?.asString
                            #expect(code == "signature_invalid", "\(refused.everything)")
                        }
                    }
                    let requests = try await desk.requests().dropFirst(before)
                    #expect(requests.count == 2)
                    for request in requests {
                        let names = request.json["headers"]?.asObject?.members.map(\.name) ?? []
                        #expect(
                            Set(names).isDisjoint(with: ["signature", "signature-input", "content-digest"]))
                        #expect(!"\(request.json)".contains("kbt_"))
                    }
                }
            }
        }

        @Test(arguments: ["signed_request.py", "signed-request", "signed_request.py by openssl"])
        func `the clients of Docs make requests that count, and no other`(client: String) async throws {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                let pem = try await node.run(openssl: "genpkey", "-algorithm", "ed25519", "-out", "key.pem")
                try #require(pem.code == 0, "\(pem.output)")
                let made = try await node.run(
                    openssl: "pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
                try #require(made.code == 0, "\(made.output)")
                let key = try #require(node.folder.read("public.pem"))
                let token = try await node.must(
                    "POST", "/v1/access-tokens", ["name": "a", "public_key": .string(key)])
                try node.folder.write(
                    "Authorization: Bearer \(token["token"]?.asString ?? "")\n", to: "header")
                try node.folder.write(#"{"type":"custom.signed"}"#, to: "body")
                func run(_ id: String, _ request: String...) async throws -> (code: Int32, output: String) {
                    let program = "\(projectFolder())/Docs/clients/\(client.prefix { $0 != " " })"
                    // Isolated and without its packages, Python has no `cryptography`.
                    let python = client.hasSuffix("openssl") ? ["/usr/bin/env", "python3", "-I", "-S"] : []
                    let files = [node.folder.file("key.pem"), node.folder.file("header")]
                    return try await runToEnd(
                        python + [program] + files + [id] + request, in: node.folder)
                }
                let url = "http://127.0.0.1:\(node.port)/v1/events"
                let pushed = try await run(token.id, "POST", url, node.folder.file("body"))
                #expect(pushed.code == 0 && pushed.output.contains("custom.signed"), "\(pushed.output)")
                let read = try await run(token.id, "GET", url + "?type=custom.signed&limit=5")
                #expect(read.code == 0 && read.output.contains("custom.signed"), "\(read.output)")
                let wrong = try await run("tok_wrong", "GET", url)
                #expect(wrong.code != 0 && wrong.output.contains("signature_invalid"), "\(wrong.output)")
            }
        }

        @Test func `a request to sign is begun by a signed request alone`() async throws {
            let settings = ["KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": "http://127.0.0.1:9"]
            try await RunningNode.with(.scratch(), settings) { node in
                try await node.bootstrap()
                let bound = try await Bound.make(node)
                let sign = "/v1/keys/\(try await node.makeKey("a", in: "testnet").id)/sign"
                let body: JSONValue = ["method": "GET", "host": "spot", "path": "/api/v3/account"]
                for _ in 0..<4 {
                    // The key has no policy.
                    #expect(try await bound.call("POST", sign, body).json["code"] == "policy_denied")
                    expect(try await node.call("POST", sign, body, token: bound.token), "missing")
                }
                try await node.must("POST", "/v1/access-tokens/\(bound.signer.keyID)/revoke")
                #expect(try await bound.call("POST", sign, body).json["code"] == "unauthenticated")
            }
        }
    }
}

extension RunningNode {
    /// Files are those of the node's folder.
    fileprivate func run(openssl arguments: String...) async throws -> (code: Int32, output: String) {
        let words = arguments.map { $0.hasSuffix(".pem") ? folder.file($0) : $0 }
        return try await runToEnd(["openssl"] + words, in: folder)
    }
}
