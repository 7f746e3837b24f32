import Access
import JSON
import Jobs
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// An owner, two admins who approve, and somebody of the traders who asks.
struct ApprovalDesk {
    private static let due = Statement(
        "test_approval_due", "update approval set due_at = requested_at where id = $1")
    private static let holding = Statement(
        "test_approval_holding", "select count(*) from approval a where a::text like '%' || $1 || '%'")

    let premises: Premises
    let owner: Person
    let approver: Person
    let second: Person
    let asker: Person

    init(_ premises: Premises) async throws {
        self.premises = premises
        owner = try await premises.owner()
        approver = try await premises.join("approver", .admin, by: owner)
        second = try await premises.join("second", .admin, by: owner)
        asker = try await premises.join("asker", .trader, by: owner)
        let security = try await premises.call(
            "POST", "/v1/grants", as: owner.token,
            body: #"{"principal_id":"\#(asker.id)","role":"security","on":{}}"#)
        #expect(security.status == 201, "\(security.text)")
    }

    @discardableResult
    func rule(
        _ actions: [String], on scope: String = "{}", more: String = "", name: String = "a rule"
    ) async throws -> String {
        let names = actions.map { "\"\($0)\"" }.joined(separator: ",")
        let made = try await premises.call(
            "POST", "/v1/approval-rules", as: owner.token,
            body: """
                {"name":"\(name)","actions":[\(names)],"on":\(scope),"approvals":1,"role":"admin"\(more)}
                """)
        return try #require(made.json["id"]?.asString, "\(made.text)")
    }

    func key(tags: String = "[]") async throws -> String {
        let made = try await premises.call(
            "POST", "/v1/keys", as: owner.token,
            body: """
                {"exchange":"okx","account":"main\(tags.filter { $0.isLetter })","label":"treasury",\
                "environment":"demo","tags":\(tags),\
                "readable":true,"credential":{"api_key":"api-key",\
                "secret":"the-secret-of-the-treasury\(tags.filter { $0.isLetter })",\
                "passphrase":"p"}}
                """)
        return try #require(made.json["id"]?.asString, "\(made.text)")
    }

    func relabel(_ key: String, as person: Person, waiting: Bool = false) async throws -> TestAnswer {
        let match = [(name: "if-match", value: "*")]
        return try await premises.call(
            "PATCH", "/v1/keys/\(key)", as: person.token,
            headers: waiting ? match + [(name: "prefer", value: "respond-async"), Self.reason] : match,
            body: #"{"label":"moved"}"#)
    }

    private static let reason = (name: "keybell-reason", value: "OPS-123 as agreed")

    /// A change of the key's label that waits; its id.
    func parked(_ key: String) async throws -> String {
        let parked = try await relabel(key, as: asker, waiting: true)
        return try #require(parked.json["id"]?.asString, "\(parked.text)")
    }

    func label(of key: String) async throws -> String? {
        try await premises.call("GET", "/v1/keys/\(key)", as: owner.token).json["label"]?.asString
    }

    func approve(_ id: String, as person: Person, reason: String = "seen") async throws -> TestAnswer {
        try await premises.call(
            "POST", "/v1/approvals/\(id)/approve", as: person.token, body: #"{"reason":"\#(reason)"}"#)
    }

    /// As if its delay were over.
    func fallDue(_ id: String) async throws {
        let approval = try #require(ApprovalID(id))
        _ = try await premises.host.database.transaction { transaction in
            try await transaction.query(Self.due, .id(approval))
        }
    }

    /// What is due is carried out.
    func runDue() async throws {
        let now = premises.host.shared.clock.now()
        let job = try #require(premises.host.rooms.approvals.jobs.first)
        _ = try await job.run(
            JobRun(
                id: RunID(UUID(at: now, entropy: .system)),
                context: .installation(now: now, requestID: "req_test")))
    }

    /// Rows that hold the text.
    func stored(_ text: String) async throws -> Int {
        try await premises.host.database.query(Self.holding, .text(text)).first?.int(0) ?? -1
    }

    /// What it takes, taken away.
    func take(_ what: String) async throws {
        switch what {
        case "grant":
            let grants = try await premises.call(
                "GET", "/v1/grants?principal_id=\(asker.id)", as: owner.token)
            for grant in grants.json["data"]?.asArray ?? [] {
                _ = try await premises.call(
                    "DELETE", "/v1/grants/\(grant["id"]?.asString ?? "")", as: owner.token)
            }
        case "token":
            let tokens = try await premises.call(
                "GET", "/v1/access-tokens?principal_id=\(asker.id)", as: owner.token)
            for token in tokens.json["data"]?.asArray ?? [] {
                _ = try await premises.call(
                    "POST", "/v1/access-tokens/\(token["id"]?.asString ?? "")/revoke", as: owner.token)
            }
        case "disabled":
            _ = try await premises.call("POST", "/v1/users/\(asker.id)/disable", as: owner.token)
        case "approver":
            _ = try await premises.call("POST", "/v1/users/\(approver.id)/disable", as: owner.token)
        default: try await rule(["updateKey"], name: "another")
        }
    }
}
