import JSON
import Kernel
import TestSupport
import Testing

extension IntegrationTests {
    /// T1: whoever has a dump, the data folder or the WAL has no secret.
    @Suite struct StolenDatabaseTests {
        private static let label = "label-that-anybody-may-read"
        private static let secrets = [
            "api key": "canaryapikey8Jq2mVw5", "secret": "canarysecret4Xz7Lk9pTr2",
            "passphrase": "canarypassphrase6Nd3",
            "next secret": "canarynextsecret1Gh8Wb", "deposited secret": "canarydeposited5Vq1Rn8Ks",
            "parked secret": "canaryparked3Wd8Hq6Zt",
        ]

        private static func credential(_ secret: String) -> JSONValue {
            let texts = secrets.mapValues { JSONValue.string($0) }
            return [
                "kind": "hmac", "api_key": texts["api key"] ?? .null, "secret": texts[secret] ?? .null,
                "passphrase": texts["passphrase"] ?? .null,
            ]
        }

        @Test func `T1: a dump, the data folder and the WAL hold no secret of a key or a factor`()
            async throws
        {
            let canaries = Canaries()
            for (name, secret) in Self.secrets { try canaries.watch(name, secret) }
            try await RunningPostgres.with { server in
                _ = try await server.run("createdb", ["keybell"])
                try await RunningNode.with(.database(server.url("keybell"))) { node in
                    try await node.bootstrap()
                    try await use(node)
                    try await deposit(node, canaries)
                    try await park(node, canaries)
                    try await addFactors(node, canaries)
                    #expect(canaries.seen(in: node.log).isEmpty, "in the service's log")
                    #expect(try await node.stop() == 0)
                }
                let dump = try await server.run("pg_dump", ["keybell"])
                #expect(dump.contains(Self.label))
                #expect(canaries.seen(in: dump).isEmpty, "in the dump")
                _ = try await server.run("psql", ["--no-psqlrc", "-c", "checkpoint", "keybell"])
                #expect(try await files(of: server, holding: [Self.label]) != "")
                #expect(try await files(of: server, holding: canaries.allForms) == "")
            }
        }

        /// Everything that writes a secret: registering, a next version, taking over, revealing, destroying.
        private func use(_ node: RunningNode) async throws {
            let body: JSONValue = [
                "exchange": "okx", "account": "main", "label": .string(Self.label), "environment": "live",
                "readable": true, "credential": Self.credential("secret"),
            ]
            let once = [(name: "idempotency-key", value: "once")]
            let made = try await node.call("POST", "/v1/keys", body, headers: once)
            #expect(made.status == 201)
            let path = "/v1/keys/\(made.json["id"]?.asString ?? "")"
            try await node.must("POST", path + "/versions", ["credential": Self.credential("next secret")])
            try await node.must("POST", path + "/versions/2/activate")
            let shown = try await node.must("POST", path + "/reveal", ["reason": "to see that it is sealed"])
            #expect(shown["secret"]?.asString == Self.secrets["next secret"])
            try await node.must(
                "POST", path + "/versions/1/destroy", ["confirm": .string(Self.label), "reason": "old"])
            _ = try await node.call("POST", "/v1/keys", body)
        }

        /// Through a link that somebody without an account opens; its token is a secret, too.
        private func deposit(_ node: RunningNode, _ canaries: Canaries) async throws {
            let key = try await node.must(
                "POST", "/v1/keys",
                ["exchange": "okx", "account": "main", "label": "deposited", "environment": "live"])
            let path = "/v1/keys/\(key["id"]?.asString ?? "")/deposits"
            let link = try await node.must("POST", path, ["note": "for the holder"])
            let token = link["token"] ?? .null
            try canaries.watch("deposit link", token.asString)
            #expect(try await node.call("GET", "/deposit", token: nil).status == 200)
            try await node.must("POST", "/v1/deposits/look", ["token": token], token: nil)
            let body: JSONValue = ["token": token, "credential": Self.credential("deposited secret")]
            try await node.must("POST", "/v1/deposits", body, token: nil)
            #expect(try await node.call("POST", "/v1/deposits", body, token: nil).status == 401)
            for list in ["/v1/events?limit=200", "/v1/audit-records?limit=200", path, "/metrics"] {
                let answer = try await node.call("GET", list)
                #expect(answer.status == 200 && canaries.seen(in: answer.text).isEmpty, "\(list)")
            }
        }

        /// The seed of an app, recovery codes, and a proof that was used.
        private func addFactors(_ node: RunningNode, _ canaries: Canaries) async throws {
            let begun = try await node.must("POST", "/v1/me/factors/totp", [:])
            let app = try #require(SoftApp(begun["secret"]?.asString ?? ""))
            try canaries.watch("seed in base32", begun["secret"]?.asString)
            try canaries.watch("seed in hex", app.seedInHex)
            let code = try app.code(at: Clock.system.now())
            let path = "/v1/me/factors/\(begun.id)/confirm"
            let added = try await node.must("POST", path, ["code": .string(code)])
            let codes = added["recovery_codes"]?.asArray?.compactMap(\.asString) ?? []
            for (index, code) in codes.enumerated() {
                try canaries.watch("recovery code \(index)", code)
                try canaries.watch("recovery code \(index), bare", code.filter { $0 != "-" })
            }
            let action: JSONValue = ["operation": "createUser", "method": "POST", "path": "/v1/users"]
            let shown = try await node.must(
                "POST", "/v1/step-up",
                ["action": action, "recovery_code": added["recovery_codes"]?[0] ?? .null])
            try canaries.watch("proof", shown["proof"]?.asString)
            let user: JSONValue = ["name": "Ann", "email": "ann@desk.example"]
            let proof = [(name: "keybell-step-up", value: shown["proof"]?.asString ?? "")]
            #expect(try await node.call("POST", "/v1/users", user, headers: proof).status == 201)
            for list in ["/v1/me/factors", "/v1/events?limit=200", "/v1/audit-records?limit=200"] {
                let answer = try await node.call("GET", list)
                #expect(answer.status == 200 && canaries.seen(in: answer.text).isEmpty, "\(list)")
            }
        }

        /// A body that waits for approvals.
        private func park(_ node: RunningNode, _ canaries: Canaries) async throws {
            try await node.must(
                "POST", "/v1/approval-rules",
                [
                    "name": "guarded", "actions": ["createKeyVersion"], "on": ["tags": ["guarded"]],
                    "approvals": 1, "role": "owner",
                ])
            let key = try await node.must(
                "POST", "/v1/keys",
                [
                    "exchange": "okx", "account": "main", "label": "guarded", "environment": "live",
                    "tags": ["guarded"],
                ])
            let parked = try await node.call(
                "POST", "/v1/keys/\(key["id"]?.asString ?? "")/versions",
                ["credential": Self.credential("parked secret")],
                headers: [
                    (name: "prefer", value: "respond-async"), (name: "keybell-reason", value: "a new one"),
                ])
            #expect(parked.status == 202)
            for place in ["", "/\(parked.json["id"]?.asString ?? "")"] {
                let seen = try await node.call("GET", "/v1/approvals\(place)")
                #expect(seen.status == 200 && canaries.seen(in: seen.text).isEmpty, "\(place)")
            }
        }

        /// Names of the files of the data folder, WAL included, that hold one of `texts`.
        private func files(of server: RunningPostgres, holding texts: [String]) async throws -> String {
            try server.folder.write(texts.map { "\($0)\n" }.joined(), to: "texts")
            let search = [
                "/usr/bin/env", "grep", "-rlaF", "-f", server.folder.file("texts"),
                server.folder.file("data"),
            ]
            let (code, output) = try await runToEnd(search, in: server.folder)
            try #require(code < 2, "\(output)")
            return output
        }
    }
}
