import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// Nodes without keys, as processes.
    @Suite struct UnsealingTests {
        private func unseal(
            _ nodes: [RunningNode], _ lines: [String]
        ) async throws -> (code: Int32, output: String) {
            let folder = try TestFolder()
            defer { folder.remove() }
            try folder.write(lines.map { "\($0)\n" }.joined(), to: "lines")
            let script = #"lines="$1"; shift; exec "$@" < "$lines""#
            let urls = nodes.flatMap { ["--url", "http://127.0.0.1:\($0.port)"] }
            return try await runToEnd(
                ["/bin/sh", "-c", script, "sh", folder.file("lines"), try RunningNode.binary(), "unseal"]
                    + urls,
                in: folder)
        }

        @Test func `T15: without the root key file a node starts sealed, and shares bring everything back`()
            async throws
        {
            let receiver = try Receiver { _ in .held }
            defer { receiver.stop() }
            let told = try Receiver()
            defer { told.stop() }
            let settings = ["KEYBELL_SEALED_NOTICE_URL": told.url]
            try await RunningNode.with(.scratch(), settings) { node in
                try await node.bootstrap()
                try await node.makeWebhook(to: receiver, "custom.*")
                try await node.pushAll(0..<5)
                try await wait(until: "attempts at every message") { receiver.idsOfNumbers.count == 5 }
                let shares = try await node.splitRootKey(2, 3)
                await node.killHard()
                #expect(try await node.lapse(.deliveries) ?? 0 <= 20)
                receiver.answer { _ in .status(204) }
                #expect(unlink(node.folder.file("root.key")) == 0)

                try await node.startSealed()
                #expect(node.log.contains("this node starts sealed"))
                #expect(access(node.folder.file("root.key"), F_OK) != 0)
                let notice = try await told.first("the notice") { $0.type == "node.sealed" }
                #expect(notice.data["reason"]?.asString?.contains("no root key") == true)
                #expect(try await node.call("GET", "/v1/keys").status == 503)
                #expect(try await node.call("GET", "/readyz").status == 503)
                #expect(receiver.accepted.isEmpty)

                let one = try await unseal([node], [shares[0], "kbshare1_nonsense"])
                #expect(one.code == 1)
                #expect(one.output.contains("1 of 2 shares"))
                #expect(one.output.contains("still sealed"))
                let two = try await unseal([node], [shares[2]])
                #expect(two.code == 0, "\(two.output)")
                #expect(two.output.contains("unsealed"))
                try await wait(until: "every accepted event at the receiver") {
                    receiver.numbers == Set(0..<5)
                }
                #expect(try await node.call("GET", "/v1/keys").status == 200)
                #expect(try await node.told("system.*").map { $0["type"] } == ["system.unsealed"])
                for share in shares { #expect(!node.log.contains(share)) }
            }
        }

        @Test
        func
            `at a terminal shares are asked for and not shown, and a mistyped one is told before it is sent`()
            async throws
        {
            try await RunningNode.with(.scratch()) { node in
                let shares = try await node.splitRootKey(2, 2)
                #expect(try await node.stop() == 0)
                #expect(unlink(node.folder.file("root.key")) == 0)
                try await node.startSealed()
                let terminal = try PseudoTerminal()
                let log = node.folder.file("terminal.log")
                let script = #"terminal="$1"; shift; exec "$@" <"$terminal""#
                let unseal = try await TestProcess(
                    [
                        "/bin/sh", "-c", script, "sh", terminal.path, try RunningNode.binary(), "unseal",
                        "--url",
                        "http://127.0.0.1:\(node.port)",
                    ], log: log, ownSession: true)
                func asked(_ words: String) async throws {
                    try await wait(until: words) {
                        node.folder.read("terminal.log")?.contains(words) == true
                    }
                }
                try await asked("Share 1 or root key (not shown)")
                #expect(!terminal.echoes)
                try terminal.type("\(shares[0].dropLast())?\n")
                try await asked("cannot be in a share")
                try terminal.type("\(shares[0])\n")
                try await asked("1 of 2 shares")
                try terminal.type("\(shares[1])\n")
                #expect(try await unseal.exited() == 0)
                #expect(await node.isReady)
                #expect(terminal.echoes, "the terminal is as it was")
                let shown = terminal.seen() + (node.folder.read("terminal.log") ?? "") + node.log
                #expect(!shown.contains("kbshare1_"))
            }
        }

        @Test func `a root key from the environment is rotated by the command line`() async throws {
            let store = try await RunningNode.Store.scratch()
            guard case .database(let url) = store else { return }
            let old = "kbroot1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K"
            let receiver = try Receiver()
            defer { receiver.stop() }
            try await RunningNode.with(store, ["KEYBELL_ROOT_KEY": old]) { first in
                try await first.bootstrap()
                try await first.makeWebhook(to: receiver, "custom.*")
                let refused = try await first.call("POST", "/v1/system/root-key/rotation")
                #expect(refused.status == 409)
                let made = first.folder.file("new.key")
                let settings = "KEYBELL_DATABASE_URL=\(url.text)\nKEYBELL_ROOT_KEY=\(old)\n"
                try first.folder.write(settings, to: "settings")
                chmod(first.folder.file("settings"), 0o600)
                let (code, output) = try await runToEnd(
                    [
                        try RunningNode.binary(), "root-key", "rotate", "--output", made, "--env-file",
                        first.folder.file("settings"),
                    ], in: first.folder)
                #expect(code == 0, "\(output)")
                try await wait(until: "the running node warns") {
                    try await first.call("GET", "/readyz").json["warnings"]?.asArray?.contains {
                        $0.asString?.contains("rotated elsewhere") == true
                    } == true
                }
                try await first.pushAll(0..<2)
                #expect(try await first.stop() == 0)
                try await RunningNode.with(store, ["KEYBELL_ROOT_KEY_FILE": made]) { second in
                    try second.adopt(first.ownerToken)
                    try await second.pushAll(2..<4)
                    try await wait(until: "everything at the receiver") { receiver.numbers == Set(0..<4) }
                }
            }
        }

        @Test func `sealing one of two nodes seals both, ends their streams, and nothing is lost`()
            async throws
        {
            let receiver = try Receiver()
            defer { receiver.stop() }
            let store = try await RunningNode.Store.scratch()
            try await RunningNode.with(store) { first in
                try await first.bootstrap()
                try await first.makeWebhook(to: receiver, "custom.*")
                let rootKey = ["KEYBELL_ROOT_KEY_FILE": first.folder.file("root.key")]
                try await RunningNode.with(store, rootKey) { second in
                    try second.adopt(first.ownerToken)
                    let stream = try LoopbackConnection(to: second.port)
                    try stream.send(second.head("GET", "/v1/events/stream", length: nil))
                    try await first.pushAll(0..<3)
                    let sealed = try await first.must("POST", "/v1/system/seal", ["reason": "a drill"])
                    #expect(sealed["sealed"] == true)
                    #expect(try await first.call("GET", "/v1/keys").status == 503)
                    try await wait(until: "the other node is sealed") {
                        try await second.call("GET", "/v1/keys").status == 503
                    }
                    try await blockingThreads.run { stream.waitForEnd() }

                    // A node that starts now starts sealed, its root key file beside it.
                    await second.killHard()
                    try await second.startSealed()
                    #expect(second.log.contains("sealed by order"))
                    let key = String((first.folder.read("root.key") ?? "").prefix { $0 != "\n" })
                    #expect(try await unseal([first], [key]).code == 0)
                    try await wait(until: "the other node follows") { await second.isReady }
                    try await second.pushAll(3..<6)
                    try await wait(until: "everything at the receiver") { receiver.numbers == Set(0..<6) }
                    #expect(!first.log.contains(key))
                }
            }
        }
    }
}
