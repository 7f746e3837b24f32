import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// Approvals through the whole service: what rules catch, who decides, what is carried out.
struct ApprovalTests {
    @Test func `what a rule catches is refused with where to ask, and nothing was done`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"], on: #"{"tags":["treasury"]}"#)
            let key = try await desk.key(tags: #"["treasury"]"#)
            let refused = try await desk.relabel(key, as: desk.asker)
            #expect(refused.status == 403 && refused.code == "approval_required", "\(refused.text)")
            #expect(refused.json["rules"]?[0]?["role"] == "admin")
            #expect(refused.json["rules"]?[0]?["approvals"] == 1)
            #expect(try await desk.label(of: key) == "treasury")
            let other = try await desk.key(tags: #"["market-making"]"#)
            #expect(try await desk.relabel(other, as: desk.asker).status == 200)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `what waits is carried out exactly as approved, by its requester`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"])
            let key = try await desk.key()
            let parked = try await desk.relabel(key, as: desk.asker, waiting: true)
            #expect(parked.status == 202, "\(parked.text)")
            let id = try #require(parked.json["id"]?.asString)
            #expect(parked.response.head[.location] == "/v1/approvals/\(id)")
            let seen = try await premises.call("GET", "/v1/approvals/\(id)", as: desk.approver.token)
            #expect(seen.json["request"]?["body"]?["label"] == "moved", "\(seen.text)")
            #expect(seen.json["state"] == "pending" && seen.json["result"] == .null)
            let approved = try await desk.approve(id, as: desk.approver)
            #expect(
                approved.json["state"] == "executed" && approved.json["status"] == 200, "\(approved.text)")
            #expect(try await desk.label(of: key) == "moved")
            let told = try await premises.call("GET", "/v1/approvals/\(id)", as: desk.asker.token)
            #expect(told.json["result"]?["label"] == "moved", "\(told.text)")
            let trail = try await premises.call(
                "GET", "/v1/audit-records?action=keys.change", as: desk.owner.token)
            #expect(trail.json["data"]?[0]?["actor"]?["id"]?.asString == desk.asker.id, "\(trail.text)")
            #expect(try await desk.approve(id, as: desk.second).code == "conflict")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a request that waits is repeated by its Idempotency-Key, and waits once`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["suspendKey"])
            let key = try await desk.key()
            var ids: Set<String> = []
            for _ in 0..<2 {
                let parked = try await premises.call(
                    "POST", "/v1/keys/\(key)/suspend", as: desk.asker.token,
                    headers: Stock.waiting + [(name: "idempotency-key", value: "once")],
                    body: #"{"reason":"a"}"#)
                #expect(parked.status == 202, "\(parked.text)")
                ids.insert(parked.json["id"]?.asString ?? "")
            }
            #expect(ids.count == 1)
        }
    }

    @Test func `a reason is as the rule says, of who asks and of who decides`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"], more: #","reason":{"pattern":"^OPS-[0-9]+","min_length":8}"#)
            let key = try await desk.key()
            let patch = #"{"label":"moved"}"#
            for reason in ["", "because", "OPS-1", "see OPS-123"] {
                let refused = try await premises.call(
                    "PATCH", "/v1/keys/\(key)", as: desk.asker.token,
                    headers: [
                        (name: "if-match", value: "*"), (name: "prefer", value: "respond-async"),
                        (name: "keybell-reason", value: reason),
                    ], body: patch)
                #expect(
                    refused.status == 400 && Set(refused.pointers) == ["header:Keybell-Reason"],
                    "\(refused.text)")
            }
            let id = try await desk.parked(key)
            let refused = try await desk.approve(id, as: desk.approver, reason: "fine")
            #expect(refused.status == 422 && refused.pointers == ["/reason", "/reason"], "\(refused.text)")
            let approved = try await desk.approve(id, as: desk.approver, reason: "OPS-123 is fine")
            #expect(approved.json["state"] == "executed", "\(approved.text)")
        }
    }

    @Test func `what changed since it was asked for is not carried out`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"], more: #","delay":"1h""#)
            let key = try await desk.key()
            let id = try await desk.parked(key)
            #expect(try await desk.approve(id, as: desk.approver).json["state"] == "approved")
            let policy = try await premises.call(
                "PUT", "/v1/keys/\(key)/policy", as: desk.owner.token,
                headers: [(name: "if-match", value: "*")], body: #"{"operations":["read"]}"#)
            #expect(policy.status == 200, "\(policy.text)")
            try await desk.fallDue(id)
            try await desk.runDue()
            let seen = try await premises.call("GET", "/v1/approvals/\(id)", as: desk.asker.token)
            #expect(seen.json["state"] == "failed", "\(seen.text)")
            #expect(seen.json["end_reason"]?.asString?.contains("policy") == true)
            #expect(try await desk.label(of: key) == "treasury")
        }
    }

    @Test(arguments: ["grant", "token", "disabled", "approver", "rule"])
    func `who lost what it takes stops it`(what: String) async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"], more: #","delay":"1h""#)
            let key = try await desk.key()
            let id = try await desk.parked(key)
            #expect(try await desk.approve(id, as: desk.approver).json["state"] == "approved")
            try await desk.take(what)
            try await desk.fallDue(id)
            try await desk.runDue()
            let seen = try await premises.call("GET", "/v1/approvals/\(id)", as: desk.owner.token)
            #expect(seen.json["state"] == "failed", "\(what) \(seen.text)")
            #expect(try await desk.label(of: key) == "treasury")
        }
    }

    @Test func `an approved reveal is fetched once, by who asked for it`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["revealKey"])
            let key = try await desk.key()
            let parked = try await premises.insist(
                "POST", "/v1/keys/\(key)/reveal", as: desk.owner.token, headers: Stock.waiting,
                body: #"{"reason":"moving house"}"#)
            #expect(parked.status == 202 && parked.json["answer"] == "fetched", "\(parked.text)")
            let id = try #require(parked.json["id"]?.asString)
            let fetch = "/v1/approvals/\(id)/fetch"
            #expect(try await premises.insist("POST", fetch, as: desk.owner.token).code == "conflict")
            #expect(try await desk.approve(id, as: desk.approver).json["state"] == "approved")
            #expect(try await premises.insist("POST", fetch, as: desk.approver.token).status == 404)
            let shown = try await premises.insist("POST", fetch, as: desk.owner.token)
            #expect(shown.json["secret"] == "the-secret-of-the-treasury", "\(shown.text)")
            #expect(shown.response.head[.cacheControl] == "no-store")
            #expect(try await premises.insist("POST", fetch, as: desk.owner.token).code == "conflict")
            let seen = try await premises.call("GET", "/v1/approvals/\(id)", as: desk.owner.token)
            #expect(seen.json["state"] == "executed" && seen.json["result"] == .null, "\(seen.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a rule in force is not lifted by one person`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            let rule = try await desk.rule(["updateKey"])
            let path = "/v1/approval-rules/\(rule)"
            let match = [(name: "if-match", value: "*")]
            let refused = try await premises.call("DELETE", path, as: desk.owner.token, headers: match)
            #expect(refused.code == "approval_required", "\(refused.text)")
            let looser = #"{"name":"a","actions":["revealKey"],"approvals":1,"role":"admin"}"#
            let changed = try await premises.call(
                "PUT", path, as: desk.owner.token, headers: match, body: looser)
            #expect(changed.code == "approval_required", "\(changed.text)")
            let parked = try await premises.call(
                "DELETE", path, as: desk.owner.token, headers: match + Stock.waiting)
            #expect(parked.status == 202, "\(parked.text)")
            let id = try #require(parked.json["id"]?.asString)
            #expect(try await desk.approve(id, as: desk.owner).code == "not_an_approver")
            #expect(try await desk.approve(id, as: desk.approver).json["state"] == "executed")
            #expect(try await premises.call("GET", path, as: desk.owner.token).status == 404)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a rule that nobody could satisfy is refused`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            let many = try await premises.call(
                "POST", "/v1/approval-rules", as: desk.owner.token,
                body: #"{"name":"a","actions":["revealKey"],"approvals":3,"role":"admin"}"#)
            #expect(many.code == "conflict", "\(many.text)")
            let powerless = try await premises.call(
                "POST", "/v1/approval-rules", as: desk.owner.token,
                body: #"{"name":"a","actions":["revealKey"],"approvals":1,"role":"analyst"}"#)
            #expect(powerless.pointers == ["/role"], "\(powerless.text)")
        }
    }

    @Test func `secrets in what waits are seen by nobody who looks`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["createKeyVersion"])
            let key = try await desk.key()
            let parked = try await premises.call(
                "POST", "/v1/keys/\(key)/versions", as: desk.owner.token, headers: Stock.waiting,
                body: """
                    {"credential":{"api_key":"canary-name","secret":"canary-secret-7h2",\
                    "passphrase":"canary-passphrase"}}
                    """)
            let id = try #require(parked.json["id"]?.asString, "\(parked.text)")
            for person in [desk.owner, desk.approver] {
                let seen = try await premises.call("GET", "/v1/approvals/\(id)", as: person.token)
                #expect(!seen.text.contains("canary"), "\(seen.text)")
            }
            #expect(try await desk.stored("canary") == 0)
            let approved = try await desk.approve(id, as: desk.approver)
            #expect(approved.json["state"] == "executed", "\(approved.text)")
            let versions = try await premises.call("GET", "/v1/keys/\(key)/versions", as: desk.owner.token)
            #expect(versions.json["data"]?.asArray?.count == 2, "\(versions.text)")
        }
    }

    @Test func `nobody has more than a hundred requests waiting`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"])
            let key = try await desk.key()
            for _ in 0..<100 { _ = try await desk.parked(key) }
            let refused = try await desk.relabel(key, as: desk.asker, waiting: true)
            #expect(refused.status == 429, "\(refused.text)")
            #expect(try await desk.relabel(key, as: desk.owner, waiting: true).status == 202)
        }
    }

    @Test func `one person alone approves their own in solo mode, later, and everybody is told`() async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let made = try await premises.call(
                "POST", "/v1/approval-rules", as: owner.token,
                body: #"{"name":"a","actions":["suspendKey"],"approvals":1,"role":"owner"}"#)
            #expect(made.status == 201, "\(made.text)")
            let on = try await premises.insist(
                "PUT", "/v1/settings/solo-mode", as: owner.token,
                headers: [(name: "if-match", value: "*")],
                body: #"{"enabled":true,"delay":"1h","reason":"there is only me"}"#)
            #expect(on.json["enabled"] == true, "\(on.text)")
            let ready = try await premises.call("GET", "/readyz")
            #expect(ready.text.contains("solo mode"), "\(ready.text)")
            let key = try await premises.call(
                "POST", "/v1/keys", as: owner.token,
                body: #"{"exchange":"okx","account":"main","label":"a","environment":"demo"}"#)
            let parked = try await premises.call(
                "POST", "/v1/keys/\(key.json["id"]?.asString ?? "")/suspend", as: owner.token,
                headers: Stock.waiting, body: #"{"reason":"a"}"#)
            let approved = try await premises.insist(
                "POST", "/v1/approvals/\(parked.json["id"]?.asString ?? "")/approve", as: owner.token,
                body: #"{"reason":"I looked twice"}"#)
            #expect(approved.json["state"] == "approved", "\(approved.text)")
            #expect(approved.json["votes"]?[0]?["solo"] == true)
            let due = approved.json["due_at"]?.asString.flatMap { Timestamp($0) }
            let at = approved.json["approved_at"]?.asString.flatMap { Timestamp($0) }
            #expect(due.flatMap { due in at.map { due - $0 } } == .hours(1))
            _ = try await premises.join("second", .admin, by: owner, insisting: true)
            let again = try await premises.insist(
                "PUT", "/v1/settings/solo-mode", as: owner.token,
                headers: [(name: "if-match", value: "*")], body: #"{"enabled":true,"reason":"a"}"#)
            #expect(again.code == "conflict", "\(again.text)")
            #expect(premises.mistakes == [])
        }
    }
}
