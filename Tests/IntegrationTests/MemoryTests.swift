import Crypto
import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// T4, the core image: secrets that passed through a node are not in its memory any more.
    @Suite struct MemoryTests {
        private static let secrets = [
            "registered": "canaryregistered8Jq2mVw5Lk9pTr2", "imported": "canaryimported4Xz7Lk9pTr2Wb1Gh8",
            "next": "canarynextsecret1Gh8Wb5Vq1Rn8Ks", "mistaken": "canarymistaken6Nd3Zk4Qx7Vw5Tr2",
            "passphrase": "canarypassphrase6Nd3Zk4",
        ]

        private static func text(_ name: String) -> JSONValue { .string(secrets[name] ?? "") }

        private static func credential(_ name: String) -> JSONValue {
            ["api_key": .string("key-\(name)"), "secret": text(name), "passphrase": text("passphrase")]
        }

        private static func key(_ name: String) -> JSONValue {
            [
                "exchange": "okx", "account": "main", "label": .string(name), "environment": "demo",
                "permissions": ["read", "trade_spot"], "ip_allow_list": ["127.0.0.1"], "readable": true,
                "credential": credential(name),
            ]
        }

        /// Whoever may trace reads the memory of every process; others that of a node in a user namespace of
        /// theirs.
        private static let readable = mayTrace ? [] : ["/usr/bin/unshare", "--user", "--map-root-user"]

        /// CAP_SYS_PTRACE is the bit 19 of capabilities(7).
        private static var mayTrace: Bool {
            let status = readWhole("/proc/self/status") ?? ""
            let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
            let bits = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
            return bits & (1 << 19) != 0
        }

        @Test func `T4: a core image of a node holds no secret that passed through it`() async throws {
            let canaries = Canaries()
            for (name, secret) in Self.secrets { try canaries.watch(name, secret) }
            try await StandInExchange.with { standIn in
                var demo = StandInExchange.Key(
                    .okx, "key-registered", .secret(Self.secrets["registered"] ?? ""),
                    passphrase: Self.secrets["passphrase"], permissions: ["read", "trade_spot"],
                    addresses: ["127.0.0.1"])
                demo.isDemo = true
                try await standIn.register(demo)
                let settings = ["KEYBELL_STANDIN_OKX_DEMO_MAIN": standIn.baseURL(.okx)]
                try await RunningNode.with(.scratch(), settings, by: Self.readable) { node in
                    try await node.bootstrap()
                    try await use(node)
                    let found = try await kept(open: node) { try await seen(canaries, in: node) }
                    #expect(found.isEmpty)
                    // What lives as long as the node is there, but in no core image.
                    #expect(try await holdsRootKey(node, .keptOut))
                    #expect(try await !holdsRootKey(node, .dumped))
                }
            }
        }

        @Test func `a node that aborts leaves no core file, and its own account cannot read it`() async throws
        {
            // Of root's rights, the one to look into every process is left to neither.
            let meek = geteuid() == 0 ? ["/usr/bin/setpriv", "--bounding-set", "-sys_ptrace"] : []
            let folder = try TestFolder()
            defer { folder.remove() }
            let allow = #"cd "$0" && ulimit -S -c "$(ulimit -H -c)" && exec "$@""#
            let starter = meek + ["/bin/sh", "-c", allow, folder.path]
            let other = try await TestProcess(starter + ["/bin/sleep", "600"], log: folder.file("log"))
            do {
                try await RunningNode.with(.scratch(), by: starter) { node in
                    let limits = readWhole("/proc/\(node.pid)/limits") ?? ""
                    let line = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
                    #expect(line?.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"], "\(limits)")
                    try await wait(until: "another process of the account can be read") {
                        try await code(meek, reading: other.pid, folder) == 0
                    }
                    #expect(try await code(meek, reading: node.pid, folder) != 0)
                    node.signal(SIGABRT)
                    #expect(try await node.exited() == 128 + SIGABRT)
                }
                let search = ["/usr/bin/find", folder.path, "-name", "*core*"]
                let found = try await runToEnd(search, in: folder)
                #expect(found.code == 0 && found.output.isEmpty, "\(found.output)")
            } catch {
                Issue.record(error)
            }
            await other.end()
        }

        private func code(_ meek: [String], reading pid: Int32, _ folder: TestFolder) async throws -> Int32 {
            // Allowed by the rule that allows to read its memory.
            try await runToEnd(meek + ["/usr/bin/readlink", "/proc/\(pid)/exe"], in: folder).code
        }

        /// Looks while a connection stands open over which secrets went both ways.
        private func kept(
            open node: RunningNode, _ look: () async throws -> [String]
        ) async throws -> [String] {
            let connection = try LoopbackConnection(to: node.port)
            let keys = try await node.must("GET", "/v1/keys")["data"]?.asArray ?? []
            let key = try #require(keys.first { $0["label"] == "registered" })
            let calls: [(String, JSONValue)] = [
                ("/v1/keys", Self.key("mistaken")),
                ("/v1/keys/\(key.id)/reveal", ["reason": "over a connection that stays"]),
            ]
            for (target, body) in calls {
                let type = [(name: "content-type", value: "application/json")]
                let proof =
                    target.hasSuffix("/reveal") ? try await node.proof("revealKey", "POST", target) : []
                let head = node.head("POST", target, length: body.bytes.count, headers: type + proof)
                    .replacing("connection: close\r\n", with: "")
                try connection.send(Array(head.utf8) + body.bytes)
                let answer = try await blockingThreads.run { try connection.receive() }
                #expect((200..<300).contains(answer?.status ?? 0), "\(target): \(answer?.text ?? "")")
            }
            let found = try await look()
            // Not before: whoever is not asked any more may be closed early.
            return withExtendedLifetime(connection) { found }
        }

        private func holdsRootKey(_ node: RunningNode, _ part: ProcessMemory.Part) async throws -> Bool {
            let line = node.folder.read("root.key")?.split(separator: "\n").last ?? ""
            let text = line.drop { $0 != "_" }.dropFirst().prefix(24)
            let bytes = try #require(Base64.decode(String(text), alphabet: .url))
            try #require(bytes.count == 18)
            // grep looks within lines, and a key may well hold a line's end.
            let longest = bytes.split(separator: UInt8(ascii: "\n")).max { $0.count < $1.count } ?? []
            try #require(longest.count >= 6)
            let pattern = Hex.encode(Array(longest)).enumerated().map { place, digit in
                place % 2 == 0 ? "\\x\(digit)" : String(digit)
            }
            let search = ["/usr/bin/env", "LC_ALL=C", "grep", "-qaP", pattern.joined()]
            return try await runToEnd(search + [image(of: node, part)], in: node.folder).code == 0
        }

        /// Every way that a secret comes in, is used, and goes out.
        private func use(_ node: RunningNode) async throws {
            let made = try await node.must("POST", "/v1/keys", Self.key("registered"))
            let path = "/v1/keys/\(made.id)"
            let told = try await node.must("POST", path + "/verify", [:])
            #expect(told["outcome"] == "confirmed", "\(told)")
            let shown = try await node.must("POST", path + "/reveal", ["reason": "to have seen it"])
            #expect(shown["secret"] == Self.text("registered"))
            try await node.must("POST", path + "/versions", ["credential": Self.credential("next")])
            for isDryRun in [true, false] {
                let body: JSONValue = ["dry_run": .bool(isDryRun), "entries": [Self.key("imported")]]
                let judged = try await node.must("POST", "/v1/keys/import", body)
                #expect(judged["data"]?[0]?["verdict"] == (isDryRun ? "new" : "registered"), "\(judged)")
            }
            #expect(try await node.call("POST", "/v1/keys", Self.key("registered")).status == 409)
            let wrong: JSONValue = ["label": Self.text("mistaken"), "secret": Self.text("mistaken")]
            #expect(try await node.call("POST", "/v1/keys", wrong).status == 422)
        }

        /// Names of the secrets in its memory, kept out of core files or not.
        private func seen(_ canaries: Canaries, in node: RunningNode) async throws -> [String] {
            try node.folder.write(canaries.allForms.map { "\($0)\n" }.joined(), to: "texts")
            let search = ["/usr/bin/env", "grep", "-haoF", "-f", node.folder.file("texts")]
            let images = try [image(of: node, .dumped), image(of: node, .keptOut)]
            let (code, output) = try await runToEnd(search + images, in: node.folder)
            try #require(code < 2, "\(output)")
            return canaries.seen(in: output)
        }

        /// That part of its memory as a file.
        private func image(of node: RunningNode, _ part: ProcessMemory.Part) throws -> String {
            let memory = try ProcessMemory(of: node.pid)
            defer { memory.close() }
            let path = node.folder.file("image-\(part)")
            #expect(try memory.copy(part, to: path) > 0)
            return path
        }
    }
}
