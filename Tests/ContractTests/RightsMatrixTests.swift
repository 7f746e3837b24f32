import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// T19: every endpoint × every role, made from what the service registers, through its real pipeline.
struct RightsMatrixTests {
    @Test func `T19: each role enters where it has the permission, and nowhere else`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let owner = try await premises.owner()
            for (role, person) in try await premises.everybody(by: owner) {
                for operation in premises.operations {
                    let answer = try await premises.knock(operation, as: person.token)
                    Self.judge(answer, operation, role.permissions, "\(role)")
                }
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `T19: whoever has no role enters only what asks for no permission`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let nobody = try await premises.join("nobody", nil, by: premises.owner())
            for operation in premises.operations {
                let answer = try await premises.knock(operation, as: nobody.token)
                Self.judge(answer, operation, [], "no role")
            }
        }
    }

    @Test func `T19: whoever does not say who they are gets 401, except where all is open`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            _ = try await premises.owner()
            for operation in premises.operations {
                let answer = try await premises.knock(operation)
                if operation.requires == .none {
                    #expect(Self.isLetIn(answer, operation), "\(operation.id)")
                    continue
                }
                #expect(answer.status == 401 && answer.code == "unauthenticated", "\(operation.id)")
                let challenges = answer.response.head.fields.filter { $0.name == .wwwAuthenticate }
                #expect(challenges.map(\.value) == [#"Bearer realm="keybell""#], "\(operation.id)")
                guard operation.method == .get else { continue }
                #expect(try await premises.knock(operation, by: "HEAD").status == 401, "\(operation.id)")
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `an open endpoint answers whatever token comes along`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            _ = try await premises.owner()
            for operation in premises.operations where operation.requires == .none {
                let answer = try await premises.knock(operation, as: "kbt_nonsense")
                #expect(Self.isLetIn(answer, operation), "\(operation.id)")
            }
        }
    }

    @Test func `metrics are open to this machine, and to others by permission only`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let owner = try await premises.owner()
            let bot = try await premises.join("bot", .bot, by: owner)
            let here = SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: 40_000)
            #expect(try await premises.call("GET", "/metrics", from: here).status == 200)
            #expect(try await premises.call("GET", "/metrics", as: bot.token, from: here).status == 403)
            let forwarded = [(name: "x-forwarded-for", value: "203.0.113.9")]
            #expect(try await premises.call("GET", "/metrics", headers: forwarded, from: here).status == 401)
            #expect(try await premises.call("GET", "/metrics").status == 401)
            #expect(try await premises.call("GET", "/metrics", as: owner.token).status == 200)
        }
    }

    @Test func `a token that is narrowed by one permission is refused what that permission opens`()
        async throws
    {
        try await Premises.open(isRunning: true) { _, premises in
            let owner = try await premises.owner()
            var narrowed: [Permission: String] = [:]
            for permission in Permission.allCases {
                narrowed[permission] = try await premises.token(without: permission, by: owner)
            }
            for operation in premises.operations {
                guard let needed = operation.requires.permission else { continue }
                let answer = try await premises.knock(operation, as: narrowed[needed])
                let has = Set(Permission.allCases).subtracting([needed])
                Self.judge(answer, operation, has, "all but \(needed.rawValue)")
            }
        }
    }

    /// The bootstrap asks for a proof of its own, which no access token is; unsealing for a private way.
    private static func isLetIn(_ answer: TestAnswer, _ operation: Operation) -> Bool {
        switch operation.id {
        case "bootstrap": answer.status == 401
        case "unseal", "abortUnseal": answer.code == "insecure_transport"
        case "beginOpenIDLogin": answer.code == "login_unavailable"
        // Nobody here has anything to prove with.
        case _ where operation.stepUp?.exemption == .never:
            ![401, 403].contains(answer.status) || answer.code == "mfa_required"
        default: ![401, 403].contains(answer.status)
        }
    }

    private static func judge(
        _ answer: TestAnswer, _ operation: Operation, _ has: Set<Permission>, _ who: String
    ) {
        let what = Comment(rawValue: "\(operation.id) for \(who): \(answer.status) \(answer.text)")
        #expect(answer.status < 500, what)
        guard let needed = operation.requires.permission, !has.contains(needed) else {
            #expect(isLetIn(answer, operation), what)
            return
        }
        #expect(answer.status == 403 && answer.code == "forbidden", what)
        #expect(answer.json["missing_permission"]?.asString == needed.rawValue, what)
    }
}

extension Premises {
    /// A request that has no effect where it is let in: of a thing that does not exist, without a body.
    nonisolated(nonsending) func knock(
        _ operation: Operation, as token: String? = nil, by method: String? = nil,
        headers: [(name: String, value: String)] = []
    ) async throws -> TestAnswer {
        let nothing = ID<EventKind>(UUID(high: 1, low: 1)).description.drop { $0 != "_" }
        let path = operation.path.split(separator: "/").map { segment in
            guard segment.hasPrefix("{") else { return String(segment) }
            return Self.prefixes[String(segment.dropFirst().dropLast())].map { $0 + nothing } ?? "none"
        }
        return try await call(
            method ?? operation.method.name, "/" + path.joined(separator: "/"), as: token, headers: headers)
    }

    private static let prefixes = [
        "user_id": "usr", "service_account_id": "bot", "grant_id": "grt", "access_token_id": "tok",
        "key_id": "key", "token_id": "tkn", "signal_id": "sig", "webhook_id": "whk", "delivery_id": "dlv",
        "rule_id": "rule", "alert_id": "alrt", "account_id": "acc", "heartbeat_id": "hbt",
        "candle_feed_id": "fed",
        "watchlist_id": "wat", "mover_list_id": "mov", "narrative_id": "nar",
        "deposit_id": "dep", "usage_id": "use", "break_glass_id": "brk", "group_id": "grp",
        "principal_id": "usr", "factor_id": "fac", "approval_id": "appr", "approval_rule_id": "arule",
    ]

    nonisolated(nonsending) fileprivate func token(without permission: Permission, by owner: Person)
        async throws -> String
    {
        let scopes = Permission.allCases.filter { $0 != permission }.map { "\"\($0.rawValue)\"" }
        let answer = try await call(
            "POST", "/v1/access-tokens", as: owner.token,
            body: #"{"name":"narrow","scopes":[\#(scopes.joined(separator: ","))]}"#)
        return try #require(answer.json["token"]?.asString)
    }
}
