import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// The rules of packs fire by what really happens, and no other rule of theirs does: their own cases are made
/// up by whoever wrote them.
struct PackFiringTests {
    private typealias Desk = UseAnswerTests.Desk

    /// What the desk does, and the rule that takes it.
    private struct Step: Sendable {
        let fires: String
        let act: @Sendable (Desk) async throws -> Void
    }

    private static let elsewhere = SocketAddress.ip(IPAddress(v4: 0xCB00_7163), port: 40_000)
    private static let order: JSONValue = [
        "method": "POST", "host": "spot", "path": "/api/v3/order",
        "query": [
            ["symbol", "BTCUSDT"], ["side", "BUY"], ["type", "LIMIT"], ["timeInForce", "GTC"],
            ["quantity", "0.001"], ["price", "50000"],
        ],
    ]
    private static let account: JSONValue = [
        "method": "GET", "host": "spot", "path": "/api/v3/account", "query": [],
    ]

    /// Those over time come last, for they are judged a little later and in the order of what happened.
    private static let steps: [Step] = [
        Step(fires: "Over-permissive key") { try await $0.registerWide() },
        Step(fires: "Key used from an unlisted address") { desk in
            try await desk.publish(#"{"operations":["read"],"ways":["sign"],"cidrs":["10.0.0.0/8"]}"#)
            try await desk.deny(account)
            try await desk.publish(#"{"operations":["read"],"ways":["sign"]}"#)
        },
        Step(fires: "Unexpected trade: denied") { try await $0.deny(order) },
        Step(fires: "Withdrawal attempt") { try await $0.deny(UseAnswerTests.withdrawal) },
        Step(fires: "Decoy touched") { desk in
            let decoy = try await desk.token(#""decoy":true"#)
            try await desk.refuse(decoy)
        },
        Step(fires: "Access token from an unlisted address") { desk in
            let bound = try await desk.token(#""cidrs":["10.0.0.0/8"]"#)
            try await desk.refuse(bound)
        },
        Step(fires: "One key used by more than one bot") { desk in
            let bot = try await desk.premises.join("bot", .bot, by: desk.owner).token
            for token in [desk.owner.token, bot] {
                let signed = try await desk.call("POST", "/sign", as: token, body: account)
                #expect(signed.status == 200, "\(signed.text)")
            }
        },
        Step(fires: "One key used from more than one address") { desk in
            let signed = try await desk.call("POST", "/sign", body: account, from: elsewhere)
            #expect(signed.status == 200, "\(signed.text)")
        },
        Step(fires: "Over-permissive key") { desk in
            try await desk.standIn.register(UseAnswerTests.key(permissions: ["read", "trade_spot"]))
            let told = try await desk.call("POST", "/verify", body: [:])
            #expect(told.json["permissions"]?["drift"] == ["permission:trade_spot"], "\(told.text)")
        },
        Step(fires: "Failed log-ins") { try await $0.failToLogIn(times: 5) },
    ]

    @Test func `what happens at a desk fires the rule of a pack that is for it, and no other`() async throws {
        try await UseAnswerTests.open { desk in
            for pack in ["keys", "people"] {
                let enabled = try await desk.premises.call(
                    "POST", "/v1/rule-packs/\(pack)/enable", as: desk.owner.token, body: "{}")
                #expect(enabled.status == 200, "\(enabled.text)")
            }
            var expected: [String] = []
            for step in Self.steps {
                try await step.act(desk)
                expected.append(step.fires)
                try await wait(until: "an alert of \(step.fires)") {
                    try await desk.alerts().count >= expected.count
                }
                #expect(try await desk.alerts() == expected.sorted())
            }
        }
    }
}

extension UseAnswerTests.Desk {
    /// The rule of each alert.
    fileprivate nonisolated(nonsending) func alerts() async throws -> [String] {
        let page = try await premises.call("GET", "/v1/alerts?limit=200", as: owner.token)
        return (page.json["data"]?.asArray ?? []).compactMap { $0["rule"]?["name"]?.asString }.sorted()
    }

    fileprivate nonisolated(nonsending) func registerWide() async throws {
        let made = try await premises.call(
            "POST", "/v1/keys", as: owner.token,
            body: """
                {"exchange":"binance","account":"wide","label":"wide","environment":"testnet",\
                "permissions":["read","withdraw"]}
                """)
        #expect(made.status == 201, "\(made.text)")
    }

    fileprivate nonisolated(nonsending) func publish(_ policy: String) async throws {
        let published = try await premises.call(
            "PUT", path + "/policy", as: owner.token, headers: [(name: "if-match", value: "*")], body: policy)
        #expect(published.status == 200, "\(published.text)")
    }

    fileprivate nonisolated(nonsending) func deny(_ request: JSONValue) async throws {
        let denied = try await call("POST", "/sign", body: request)
        #expect(denied.code == "policy_denied", "\(denied.text)")
    }

    fileprivate nonisolated(nonsending) func refuse(_ token: String) async throws {
        let refused = try await premises.call("GET", "/v1/keys", as: token)
        #expect(refused.status >= 400, "\(refused.text)")
    }

    /// Of the owner, with this as well.
    fileprivate nonisolated(nonsending) func token(_ more: String) async throws -> String {
        let made = try await premises.call(
            "POST", "/v1/access-tokens", as: owner.token, body: #"{"name":"token",\#(more)}"#)
        return try #require(made.json["token"]?.asString, "\(made.text)")
    }

    /// With wrong passwords, as somebody who has one.
    fileprivate nonisolated(nonsending) func failToLogIn(times: Int) async throws {
        let ann = try await premises.join("ann", .trader, by: owner)
        try await premises.setPassword(as: ann.token)
        for number in 0..<times {
            let refused = try await premises.call(
                "POST", "/v1/sessions",
                body: #"{"email":"ann@desk.example","password":"wrong number \#(number)"}"#,
                from: Premises.here)
            #expect(refused.status == 401, "\(refused.text)")
        }
    }
}
