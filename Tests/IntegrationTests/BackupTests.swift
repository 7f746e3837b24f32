import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// `keybell backup`, `restore` and `restore-drill`, as people call them.
    @Suite struct BackupTests {
        private static let secret = "the-secret-that-must-come-back"

        private static func makeKey(_ label: String, _ node: RunningNode) async throws -> String {
            let key = try await node.must(
                "POST", "/v1/keys",
                [
                    "exchange": "binance", "account": "main", "label": .string(label), "environment": "live",
                    "readable": true,
                    "credential": [
                        "api_key": .string("api-key-of-\(label)"), "secret": .string("\(secret)-\(label)"),
                    ],
                ])
            return "/v1/keys/\(key.id)"
        }

        private static func reveal(_ key: String, _ node: RunningNode) async throws -> LoopbackMessage {
            try await node.call("POST", key + "/reveal", ["reason": "a drill"])
        }

        @Test func `T15: the drill brings every secret back from a backup and two of three shares`()
            async throws
        {
            try await RunningNode.with(.privateCluster) { node in
                try await node.bootstrap()
                _ = try await Self.makeKey("a", node)
                _ = try await Self.makeKey("b", node)
                let shares = try await node.splitRootKey(2, 3)
                let files = try shares.enumerated().map { number, share in
                    try node.folder.write(share + "\n", to: "share-\(number)")
                    return node.folder.file("share-\(number)")
                }
                // The key itself is gone: only shares open anything.
                #expect(rename(node.folder.file("root.key"), node.folder.file("root.lost")) == 0)
                let (code, output) = try await node.run(
                    ["restore-drill", "--share", files[2], "--share", files[0]])
                #expect(code == 0, "\(output)")
                #expect(output.contains("2 of 2 keys are there, 2 secrets opened"), "\(output)")
                #expect(output.contains("The drill succeeded"))
                #expect(!output.contains(Self.secret) && !output.contains(shares[0]))
                let few = try await node.run(["restore-drill", "--share", files[1]])
                #expect(few.code == 1 && few.output.contains("needed: 2"), "\(few.output)")
                // The service has noticed nothing.
                #expect(await node.isReady)
            }
        }

        @Test func `a drill fails when a secret does not open`() async throws {
            try await RunningPostgres.with { server in
                _ = try await server.run("createdb", ["keybell"])
                try await RunningNode.with(.database(server.url("keybell"))) { node in
                    try await node.bootstrap()
                    let keys = try await [
                        Self.makeKey("a", node), Self.makeKey("b", node), Self.makeKey("c", node),
                    ]
                    _ = try await server.run(
                        "psql",
                        [
                            "--no-psqlrc", "-c", "update exchange_key set label = 'x' where label = 'a'",
                            "-c",
                            """
                            delete from key_version v using exchange_key k
                            where k.id = v.key and label = 'b'
                            """,
                            "keybell",
                        ])
                    let (code, output) = try await node.run(["restore-drill"])
                    #expect(code == 1 && output.contains("The drill FAILED"), "\(output)")
                    let broken = keys.map { path in
                        let id = path.split(separator: "/").last ?? ""
                        return output.contains("\(id) does not open, or was tampered with")
                    }
                    #expect(broken == [true, true, false], "\(output)")
                }
            }
        }

        @Test func `what was taken away since the backup is taken away again`() async throws {
            try await RunningPostgres.with { server in
                for name in ["old", "new", "spare"] { _ = try await server.run("createdb", [name]) }
                let folder = try TestFolder()
                defer { folder.remove() }
                let settings = ["KEYBELL_ROOT_KEY_FILE": folder.file("root.key")]
                let (revoked, kept, stolen, owner) = try await RunningNode.with(
                    .database(server.url("old")), settings
                ) { node in
                    let lost = try await Self.loseDay(node, into: folder)
                    try await Self.restore(
                        node, from: folder, into: (server.url("new").text, server.url("spare").text))
                    return lost
                }
                try await RunningNode.with(.database(server.url("new")), settings) { node in
                    try node.adopt(owner)
                    try await Self.confirm(node, revoked: revoked, kept: kept, stolen: stolen)
                }
            }
        }

        /// A day after whose backup a key and an access token are taken away; its trail is exported.
        private static func loseDay(
            _ node: RunningNode, into folder: TestFolder
        ) async throws -> (revoked: String, kept: String, stolen: String, owner: String) {
            try await node.bootstrap()
            let (revoked, kept) = try await (makeKey("leaked", node), makeKey("kept", node))
            let token = try await node.must("POST", "/v1/access-tokens", ["name": "stolen"])
            let early = try await node.call("GET", "/v1/audit/export")
            try folder.write(bytes: early.body, to: "early")
            for verb in ["suspend", "activate"] {
                _ = try await node.must("POST", "\(kept)/\(verb)", ["reason": "after an export"])
            }
            let made = try await node.run(["backup", folder.file("backup")])
            #expect(made.code == 0 && made.output.contains("2 keys"), "\(made.output)")
            var status = stat()
            #expect(stat(folder.file("backup"), &status) == 0 && status.st_mode & 0o777 == 0o600)
            let over = try await node.run(["backup", folder.file("backup")])
            #expect(over.code == 1 && over.output.contains("is there already"), "\(over.output)")

            _ = try await node.must("POST", revoked + "/revoke", ["reason": "leaked"])
            _ = try await node.must(
                "POST", "/v1/access-tokens/\(token.id)/revoke", ["reason": "a laptop was stolen"])
            _ = try await makeKey("newer", node)
            let export = try await node.call("GET", "/v1/audit/export")
            try folder.write(bytes: export.body, to: "trail")
            return (revoked, kept, token["token"]?.asString ?? "", node.ownerToken)
        }

        private static func restore(
            _ node: RunningNode, from folder: TestFolder, into url: (new: String, spare: String)
        ) async throws {
            let early = try await node.run(
                ["restore", folder.file("backup"), "--replay", folder.file("early")],
                ["KEYBELL_DATABASE_URL": url.spare])
            #expect(early.code == 1 && early.output.contains("ends before the backup"), "\(early.output)")
            let unfinished = try await node.run(
                ["restore", folder.file("backup")], ["KEYBELL_DATABASE_URL": url.spare])
            #expect(
                unfinished.code == 1 && unfinished.output.contains("not finished"), "\(unfinished.output)")
            let part = try await node.call("GET", "/v1/audit/export?from=2020-01-01T00:00:00Z")
            try folder.write(bytes: part.body, to: "part")
            let target = ["KEYBELL_DATABASE_URL": url.new]
            let partial = try await node.run(
                ["restore", folder.file("backup"), "--replay", folder.file("part")], target)
            #expect(partial.code == 1 && partial.output.contains("a part of the trail"), "\(partial.output)")
            let (code, output) = try await node.run(
                ["restore", folder.file("backup"), "--replay", folder.file("trail")], target)
            #expect(code == 0, "\(output)")
            #expect(output.contains("1 done again now"), "\(output)")
            let again = try await node.run(["restore", folder.file("backup")], target)
            #expect(again.code == 1 && again.output.contains("not empty"), "\(again.output)")
        }

        private static func confirm(
            _ node: RunningNode, revoked: String, kept: String, stolen: String
        ) async throws {
            #expect(try await node.call("GET", "/v1/me", token: .text(stolen)).status == 401)
            for key in [revoked, kept] {
                let refused = try await reveal(key, node)
                #expect(
                    refused.status == 503 && refused.text.contains("restore_unconfirmed"), "\(refused.text)")
            }
            let told = try await node.must("GET", "/v1/system/restore")
            let actions = told["data"]?.asArray ?? []
            #expect(actions.contains { $0["action"] == "keys.revoke" && $0["state"] == "waiting" }, "\(told)")
            #expect(actions.contains { $0["action"] == "access_tokens.revoke" && $0["state"] == "done" })
            #expect(actions.contains { $0["action"] == "keys.register" && $0["state"] == "left" })
            let path = "/v1/system/restore/confirm"
            let wrong = try await node.call("POST", path, ["reason": "a guess", "expect_actions": 0])
            #expect(wrong.status == 409, "\(wrong.text)")
            try await node.must(
                "POST", path, ["reason": "compared with the trail", "expect_actions": told["actions"] ?? 0])
            #expect(try await node.must("GET", revoked)["status"] == "revoked")
            #expect(try await reveal(revoked, node).status == 409)
            let shown = try await reveal(kept, node)
            #expect(shown.json["secret"]?.asString == "\(secret)-kept", "\(shown.text)")
            #expect(try await node.must("GET", "/v1/system/restore")["waiting"] == false)
            let twice = try await node.call("POST", path, ["reason": "again", "expect_actions": 0])
            #expect(twice.status == 404)
            #expect(try await node.must("GET", "/v1/audit/verification")["intact"] == true)
        }

        @Test func `a trail that another key signed is not replayed`() async throws {
            try await RunningPostgres.with { server in
                for name in ["old", "new"] { _ = try await server.run("createdb", [name]) }
                try await RunningNode.with(.database(server.url("old"))) { node in
                    try await node.bootstrap()
                    let export = try await node.call("GET", "/v1/audit/export")
                    try node.folder.write(bytes: export.body, to: "trail")
                    #expect(try await node.stop() == 0)
                    // As if the trail were another's: the backup knows a key that did not sign it.
                    let other = "update audit_checkpoint set public_key = sha256('another key')"
                    _ = try await server.run("psql", ["--no-psqlrc", "-c", other, "old"])
                    _ = try await node.run(["backup", node.folder.file("backup")])
                    let (code, output) = try await node.run(
                        ["restore", node.folder.file("backup"), "--replay", node.folder.file("trail")],
                        ["KEYBELL_DATABASE_URL": server.url("new").text])
                    #expect(code == 1 && output.contains("signed by another key"), "\(output)")
                }
            }
        }

        @Test func `a damaged backup, a damaged trail and a half restored database are refused`() async throws
        {
            try await RunningPostgres.with { server in
                for name in ["old", "new"] { _ = try await server.run("createdb", [name]) }
                try await RunningNode.with(.database(server.url("old"))) { node in
                    try await node.bootstrap()
                    _ = try await node.run(["backup", node.folder.file("backup")])
                    var bytes = try node.folder.bytes(of: "backup")
                    bytes[bytes.count / 3] ^= 1
                    try node.folder.write(bytes: bytes, to: "damaged")
                    let verdict = try await node.run(["backup", "verify", node.folder.file("damaged")])
                    #expect(verdict.code == 1 && verdict.output.contains("is damaged"), "\(verdict.output)")
                    let sound = try await node.run(["backup", "verify", node.folder.file("backup")])
                    #expect(sound.code == 0 && sound.output.contains("whole"), "\(sound.output)")

                    let target = ["KEYBELL_DATABASE_URL": server.url("new").text]
                    let refused = try await node.run(["restore", node.folder.file("damaged")], target)
                    #expect(refused.code == 1, "\(refused.output)")
                    try node.folder.write("no trail", to: "trail")
                    let noTrail = try await node.run(
                        ["restore", node.folder.file("backup"), "--replay", node.folder.file("trail")], target
                    )
                    #expect(noTrail.code == 1 && noTrail.output.contains("no trail"), "\(noTrail.output)")
                    // What a call leaves that was cut short before it brought anything is no hindrance.
                    _ = try await server.run(
                        "psql", ["--no-psqlrc", "-c", "create table restore_unfinished ()", "new"])
                    // Nothing was touched, so a right call goes through; one that was cut short would not.
                    let right = try await node.run(["restore", node.folder.file("backup")], target)
                    #expect(
                        right.code == 0 && right.output.contains("Nothing was replayed"), "\(right.output)")
                    _ = try await server.run(
                        "psql", ["--no-psqlrc", "-c", "create table restore_unfinished ()", "new"])
                    let started = try await node.run(
                        ["serve"], target.merging(["KEYBELL_LISTEN": "127.0.0.1:0"]) { $1 })
                    #expect(
                        started.code == 1 && started.output.contains("was not finished"), "\(started.output)")
                }
            }
        }
    }
}
