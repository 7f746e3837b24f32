import JSON
import Kernel
import Synchronization
import TestSupport
import Testing

extension IntegrationTests {
    /// Somebody leaves while a program of theirs is at work on two nodes.
    @Suite struct OffboardingTests {
        private struct Leaver: Sendable {
            let path: String
            let token: String
            let botToken: String
        }

        private static func leaver(_ desk: UseDesk) async throws -> Leaver {
            let node = desk.nodes[0]
            let invited = try await node.must(
                "POST", "/v1/users", ["name": "Leaver", "email": "leaver@desk.example", "role": "trader"])
            let welcome = try await node.must(
                "POST", "/v1/invitations/accept", ["token": invited["invitation"]?["token"] ?? .null],
                token: nil)
            let bot = try await node.must(
                "POST", "/v1/service-accounts",
                ["name": "bot", "purpose": "a", "role": "bot", "owner_id": .string(invited.id)])
            let issued = try await node.must(
                "POST", "/v1/access-tokens", ["name": "bot", "principal_id": .string(bot.id)])
            return Leaver(
                path: "/v1/users/\(invited.id)", token: welcome["access_token"]?["token"]?.asString ?? "",
                botToken: issued["token"]?.asString ?? "")
        }

        /// When each signature was asked for and whether it was given.
        private final class Uses: Sendable {
            private let state = Mutex((last: UInt64(0), served: 0, refused: 0))
            var served: Int { state.withLock { $0.served } }
            var refused: Int { state.withLock { $0.refused } }
            /// When the latest one that was served was begun.
            var lastBegun: UInt64 { state.withLock { $0.last } }
            func note(_ begun: UInt64, served: Bool) {
                state.withLock {
                    if served {
                        $0.served += 1
                        $0.last = max($0.last, begun)
                    } else {
                        $0.refused += 1
                    }
                }
            }
        }

        private static var now: UInt64 { Clock.system.monotonicNanoseconds() }

        private static func use(_ node: RunningNode, _ key: String, by token: String, _ uses: Uses)
            async throws
        {
            while uses.refused < 4 {
                let begun = now
                let answer = try await node.call(
                    "POST", key + "/sign", UseDesk.account, token: .text(token))
                // A busy machine may have said "not now", which is neither.
                guard [200, 401, 403].contains(answer.status) else {
                    #expect([429, 503, 504].contains(answer.status), "\(answer.text)")
                    continue
                }
                uses.note(begun, served: answer.status == 200)
            }
        }

        @Test
        func `no use is begun after the acknowledgement, on any node, and each use before is in the report`()
            async throws
        {
            try await UseDesk.run(nodes: 2) { desk in
                let key = try await desk.key("binance")
                try await desk.publish(UseDesk.policy(["read"]), at: key)
                let (leaver, uses) = (try await Self.leaver(desk), Uses())
                let report = try await withThrowingTaskGroup(of: Void.self) { group in
                    for node in desk.nodes {
                        for token in [leaver.botToken, leaver.token] {
                            group.addTask { try await Self.use(node, key, by: token, uses) }
                        }
                    }
                    try await wait(until: "the bot is at work") { uses.served > 10 }
                    let report = try await desk.nodes[1].must(
                        "POST", leaver.path + "/offboard", ["expect": "*", "reason": "left"])
                    let acknowledged = Self.now
                    try await group.waitForAll()
                    #expect(uses.lastBegun < acknowledged)
                    return report
                }
                let line = try #require(
                    report["keys"]?.asArray?.first { $0["key_id"]?.asString == key.lastSegment })
                #expect(line["uses"]?.asInt == Int64(uses.served), "\(report)")
                #expect(line["could"] == ["keys:proxy", "keys:sign"])
                #expect(line["through"]?.asArray?.count == 2)
                #expect(line["rotation"] == .null)
                for token in [leaver.token, leaver.botToken] {
                    for node in desk.nodes {
                        #expect(try await node.call("GET", "/v1/me", token: .text(token)).status == 401)
                    }
                }
            }
        }

        @Test func `a key whose secret they brought goes to the heir, and a rotation of it is opened`()
            async throws
        {
            try await UseDesk.run(nodes: 1) { desk in
                let (leaver, node) = (try await Self.leaver(desk), desk.nodes[0])
                let key = try await node.must(
                    "POST", "/v1/keys",
                    [
                        "exchange": "binance", "account": "own", "label": "their own",
                        "environment": "testnet", "permissions": ["read"],
                        "credential": ["api_key": "another-key", "secret": "the-secret-that-they-brought"],
                    ], token: .text(leaver.token))
                let me = try await node.must("GET", "/v1/me")
                let heir = me["principal"]?["id"]?.asString ?? ""
                let wish: JSONValue = ["dry_run": true, "reason": "left", "reassign_to": .string(heir)]
                let tried = try await node.must("POST", leaver.path + "/offboard", wish)
                let path = "/v1/keys/\(key.id)"
                #expect(try await node.must("GET", path)["owner_id"] == key["owner_id"])
                let done = try await node.must(
                    "POST", leaver.path + "/offboard",
                    [
                        "expect": tried["expect"] ?? .null, "reason": "left", "reassign_to": .string(heir),
                    ])
                let line = try #require(done["keys"]?[0])
                #expect(line["key_id"]?.asString == key.id && line["saw"] == ["imported"], "\(done)")
                #expect(line["rotation"]?["state"] == "opened", "\(done)")
                let rotation = line["rotation"]?["rotation_id"]?.asString ?? ""
                let opened = try await node.must("GET", path + "/rotations/\(rotation)")
                #expect(opened["cause"] == "leaver" && opened["state"] == "staged", "\(opened)")
                #expect(try await node.must("GET", path)["owner_id"]?.asString == heir)
                let page = try await node.must("GET", leaver.path + "/offboarding/keys")
                #expect(page["data"]?.asArray?.count == 1)
            }
        }

        /// A user of a role, by their path, with an access token.
        private static func join(
            _ name: String, _ role: String, _ node: RunningNode
        ) async throws -> (id: String, token: RunningNode.Token) {
            let invited = try await node.must(
                "POST", "/v1/users",
                ["name": .string(name), "email": .string("\(name)@desk.example"), "role": .string(role)])
            let welcome = try await node.must(
                "POST", "/v1/invitations/accept", ["token": invited["invitation"]?["token"] ?? .null],
                token: nil)
            return (invited.id, .text(welcome["access_token"]?["token"]?.asString ?? ""))
        }

        /// What became of a webhook and a rule.
        private static func left(
            by role: String, to heir: String?, _ node: RunningNode, _ receiver: Receiver
        ) async throws -> (webhook: JSONValue, rule: JSONValue) {
            let leaver = try await join("leaver-\(role)-\(heir?.suffix(4) ?? "nobody")", role, node)
            let grant: JSONValue = ["principal_id": .string(leaver.id), "role": "analyst", "on": [:]]
            try await node.must("POST", "/v1/grants", grant)
            let name = JSONValue.string(leaver.id)
            let webhook = try await node.must(
                "POST", "/v1/webhooks",
                ["name": name, "url": .string(receiver.url), "event_types": ["custom.*"]],
                token: leaver.token)
            let rule = try await node.must(
                "POST", "/v1/alert-rules", ["name": name, "severity": "info", "on": ["custom.a"]],
                token: leaver.token)
            try await node.must("POST", "/v1/alert-rules/\(rule.id)/enable", token: leaver.token)
            try await node.must(
                "POST", "/v1/users/\(leaver.id)/offboard",
                [
                    "expect": "*", "reason": "left",
                    "reassign_to": heir.map { .string($0) } ?? .null,
                ])
            return (
                try await node.must("GET", "/v1/webhooks/\(webhook.id)"),
                try await node.must("GET", "/v1/alert-rules/\(rule.id)")
            )
        }

        @Test func `webhooks and rules go on with their heir, unless the heir sees more, or there is none`()
            async throws
        {
            let receiver = try Receiver()
            defer { receiver.stop() }
            try await RunningNode.with(.scratch()) { node in
                let owner = try await node.bootstrap()
                let like = try await Self.join("like", "admin", node)
                let grant: JSONValue = ["principal_id": .string(like.id), "role": "analyst", "on": [:]]
                try await node.must("POST", "/v1/grants", grant)
                let same = try await Self.left(by: "admin", to: like.id, node, receiver)
                #expect(same.webhook["status"] == "active" && same.rule["status"] == "enabled", "\(same)")
                #expect(same.webhook["owner_id"]?.asString == like.id)
                #expect(same.rule["owner_id"]?.asString == like.id)
                let ownerID = owner["user"]?["id"]?.asString ?? ""
                let more = try await Self.left(by: "admin", to: ownerID, node, receiver)
                #expect(more.webhook["status"] == "disabled" && more.rule["status"] == "enabled", "\(more)")
                #expect(more.webhook["owner_id"]?.asString == ownerID)
                let none = try await Self.left(by: "admin", to: nil, node, receiver)
                #expect(none.rule["status"] == "suspended", "\(none)")
                let id = none.webhook.id
                try await wait(until: "the webhook is suspended") {
                    try await node.must("GET", "/v1/webhooks/\(id)")["status"] == "suspended"
                }
            }
        }

        @Test func `keys that a break-glass token used are put up for rotation when it ends`() async throws {
            try await UseDesk.run(nodes: 1) { desk in
                let (key, node) = (try await desk.key("binance"), desk.nodes[0])
                try await desk.publish(UseDesk.policy(["read"]), at: key)
                let made = try await node.must("POST", "/v1/break-glass", ["name": "the safe"])
                let used = try await node.must(
                    "POST", "/v1/break-glass/use", ["token": made["token"] ?? .null], token: nil)
                let token = used["access_token"]?["token"]?.asString ?? ""
                try await node.must("POST", key + "/sign", UseDesk.account, token: .text(token))
                try await node.must("POST", "/v1/break-glass/\(made.id)/revoke", ["reason": "done"])
                #expect(try await node.call("GET", "/v1/me", token: .text(token)).status == 401)
                try await node.must("POST", "/v1/jobs/break-glass/run")
                let rotations = try await eventually("a rotation is opened") {
                    let page = try await node.must("GET", key + "/rotations")
                    return page["data"]?.asArray?.first.map { $0["cause"] }
                }
                #expect(rotations == "break_glass")
            }
        }
    }
}
