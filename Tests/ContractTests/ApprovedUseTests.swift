import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// T8: a withdrawal at an exchange that stands in for one. It leaves once, when everything says so, and as it
/// was approved.
struct ApprovedUseTests {
    private static let path = "/proxy/spot/sapi/v1/capital/withdraw/apply"
    private static let known = "\(path)?coin=BTC&address=bc1q&amount=1"

    @Test func `T8: without a rule that covers it a withdrawal is refused, whoever would wait`() async throws
    {
        try await Self.open(rule: #"{"environment":"live"}"#) { desk in
            for headers in [[], Stock.waiting] {
                let refused = try await desk.post(Self.known, headers)
                #expect(refused.code == "policy_denied", "\(refused.text)")
                #expect(
                    refused.json["detail"]?.asString?.contains("approval rule") == true, "\(refused.text)")
            }
            #expect(try await desk.standIn.reached(.binance).isEmpty)
        }
    }

    @Test func `T8: a rule that covers it tells where to ask, and the attempt is on record`() async throws {
        try await Self.open { desk in
            let refused = try await desk.post(Self.known, [])
            #expect(refused.status == 403 && refused.code == "approval_required", "\(refused.text)")
            let uses = try await desk.premises.call(
                "GET", "/v1/usage-events?operation=withdraw", as: desk.owner.token)
            #expect(uses.json["data"]?[0]?["verdict"] == "denied", "\(uses.text)")
            #expect(try await desk.standIn.reached(.binance).isEmpty)
        }
    }

    @Test func `T8: what the policy denies is denied at once, approved by nobody`() async throws {
        try await Self.open { desk in
            let elsewhere = try await desk.post("\(Self.path)?coin=BTC&address=bc1p&amount=1", Stock.waiting)
            #expect(elsewhere.code == "policy_denied", "\(elsewhere.text)")
            let waiting = try await desk.premises.call("GET", "/v1/approvals", as: desk.owner.token)
            #expect(waiting.json["data"] == [], "\(waiting.text)")
        }
    }

    @Test func `an approved withdrawal leaves once, exactly as it was approved`() async throws {
        try await Self.open { desk in
            let parked = try await desk.post(Self.known, Stock.waiting)
            #expect(parked.status == 202 && parked.json["action"] == "withdraw", "\(parked.text)")
            #expect(try await desk.standIn.reached(.binance).isEmpty)
            let id = try #require(parked.json["id"]?.asString)
            let approve = "/v1/approvals/\(id)/approve"
            let own = try await desk.premises.call(
                "POST", approve, as: desk.owner.token, body: #"{"reason":"mine"}"#)
            #expect(own.code == "not_an_approver", "\(own.text)")
            let approved = try await desk.premises.call(
                "POST", approve, as: desk.approver.token, body: #"{"reason":"seen"}"#)
            #expect(approved.json["state"] == "executed", "\(approved.text)")
            let reached = try await desk.standIn.reached(.binance)
            #expect(reached.count == 1)
            #expect(approved.json["status"]?.asInt != nil)
            let again = try await desk.premises.call(
                "POST", approve, as: desk.approver.token, body: #"{"reason":"seen"}"#)
            #expect(again.code == "conflict", "\(again.text)")
            #expect(try await desk.standIn.reached(.binance).count == 1)
        }
    }

    @Test func `a policy that was published meanwhile stops an approved withdrawal`() async throws {
        try await Self.open { desk in
            let parked = try await desk.post(Self.known, Stock.waiting)
            let id = try #require(parked.json["id"]?.asString, "\(parked.text)")
            try await desk.publish(#"{"operations":["read"]}"#)
            let approved = try await desk.premises.call(
                "POST", "/v1/approvals/\(id)/approve", as: desk.approver.token, body: #"{"reason":"seen"}"#)
            #expect(approved.json["state"] == "failed", "\(approved.text)")
            #expect(try await desk.standIn.reached(.binance).isEmpty)
        }
    }

    @Test func `a withdrawal is never handed out signed`() async throws {
        try await Self.open { desk in
            let body: JSONValue = [
                "method": "POST", "host": "spot", "path": "/sapi/v1/capital/withdraw/apply",
                "query": [["coin", "BTC"], ["address", "bc1q"], ["amount", "1"]],
            ]
            let refused = try await desk.premises.call(
                "POST", desk.path + "/sign", as: desk.owner.token, headers: Stock.waiting,
                body: String(decoding: body.bytes, as: UTF8.self))
            #expect(refused.code == "policy_denied", "\(refused.text)")
        }
    }
}

// MARK: A desk with a key that may withdraw

extension ApprovedUseTests {
    fileprivate struct Desk {
        let premises: Premises
        let standIn: StandInExchange
        let owner: Person
        let approver: Person
        /// Of the key.
        let path: String

        nonisolated(nonsending) func post(
            _ place: String, _ headers: [(name: String, value: String)]
        ) async throws -> TestAnswer {
            try await premises.call("POST", path + place, as: owner.token, headers: headers)
        }

        nonisolated(nonsending) func publish(_ policy: String) async throws {
            let published = try await premises.call(
                "PUT", path + "/policy", as: owner.token, headers: [(name: "if-match", value: "*")],
                body: policy)
            #expect(published.status == 200, "\(published.text)")
        }
    }

    private static func open(
        rule scope: String = #"{"environment":"testnet"}"#, _ body: @Sendable (Desk) async throws -> Void
    ) async throws {
        try await StandInExchange.with { standIn in
            try await standIn.register(
                .init(
                    .binance, "desk-key", .secret("c2VjcmV0LW9mLXRoZS1kZXNr"),
                    permissions: ["read", "withdraw"], addresses: ["127.0.0.1"]))
            // Ours begins at a fixed moment, and runs.
            let later = Timestamp.testStart.seconds * 1_000 + 1_800_000
            try await standIn.freezeClock(atMilliseconds: later, slack: 3_600_000)
            try await Premises.open(isRunning: true, exchange: standIn.baseURL(.binance)) { _, premises in
                let owner = try await premises.owner()
                let desk = try await desk(premises, standIn, owner)
                let rule = try await premises.call(
                    "POST", "/v1/approval-rules", as: owner.token,
                    body: """
                        {"name":"money","actions":["withdraw"],"on":\(scope),"approvals":1,"role":"admin"}
                        """)
                #expect(rule.status == 201, "\(rule.text)")
                try await body(desk)
                #expect(premises.mistakes == [])
            }
        }
    }

    private nonisolated(nonsending) static func desk(
        _ premises: Premises, _ standIn: StandInExchange, _ owner: Person
    ) async throws -> Desk {
        let made = try await premises.call(
            "POST", "/v1/keys", as: owner.token,
            body: """
                {"exchange":"binance","account":"main","label":"treasury","environment":"testnet",\
                "permissions":["read","withdraw"],"ip_allow_list":["127.0.0.1"],\
                "credential":{"api_key":"desk-key","secret":"c2VjcmV0LW9mLXRoZS1kZXNr"}}
                """)
        let path = "/v1/keys/\(made.json["id"]?.asString ?? "")"
        let told = try await premises.call(
            "POST", path + "/verify", as: owner.token, body: #"{"accept_risks":"the treasury's own key"}"#)
        #expect(told.json["status"] == "active", "\(told.text)")
        let desk = Desk(
            premises: premises, standIn: standIn, owner: owner,
            approver: try await premises.join("approver", .admin, by: owner), path: path)
        try await desk.publish(
            """
            {"operations":["read","withdraw"],"ways":["proxy","sign"],\
            "withdrawals":{"destinations":[{"asset":"BTC","address":"bc1q"}]}}
            """)
        return desk
    }
}
