import Access
import EventLoop
import HTTPServer
import Identity
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// Ways round approval rules that a reviewer found, each closed.
@Suite struct ApprovalHoleTests {
    private static let match = [(name: "if-match", value: "*")]

    @Test func `a key leaves a rule's scope only by what the rule asks for`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            let rule = try await desk.rule(["revealKey"], on: #"{"tags":["treasury"]}"#, name: "secrets")
            let key = try await desk.key(tags: #"["treasury"]"#)
            #expect(try await desk.relabel(key, as: desk.asker).status == 200)
            let path = "/v1/keys/\(key)"
            let refused = try await premises.call(
                "PATCH", path, as: desk.asker.token, headers: Self.match, body: #"{"tags":["others"]}"#)
            #expect(refused.status == 403 && refused.code == "approval_required", "\(refused.text)")
            #expect(refused.json["rules"]?[0]?["id"]?.asString == rule, "\(refused.text)")
            let more = try await premises.call(
                "PATCH", path, as: desk.asker.token, headers: Self.match,
                body: #"{"tags":["others","treasury"]}"#)
            #expect(more.status == 200, "\(more.text)")
            let parked = try await premises.call(
                "PATCH", path, as: desk.asker.token, headers: Self.match + Stock.waiting,
                body: #"{"tags":["others"]}"#)
            let id = try #require(parked.json["id"]?.asString, "\(parked.text)")
            let done = try await desk.approve(id, as: desk.approver)
            #expect(done.json["state"] == "executed", "\(done.text)")
            let moved = try await premises.call("GET", path, as: desk.owner.token)
            #expect(moved.json["tags"] == ["others"], "\(moved.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a key does not leave the rule of its owner by being given away, nor when its owner leaves`()
        async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["revealKey"], on: #"{"owner_id":"\#(desk.asker.id)"}"#, name: "theirs")
            let key = try await desk.key()
            func give(to person: Person) async throws -> TestAnswer {
                try await premises.call(
                    "PATCH", "/v1/keys/\(key)", as: desk.owner.token, headers: Self.match,
                    body: #"{"owner_id":"\#(person.id)"}"#)
            }
            #expect(try await give(to: desk.asker).status == 200)
            #expect(try await give(to: desk.owner).code == "approval_required")
            let left = try await premises.call(
                "POST", "/v1/users/\(desk.asker.id)/offboard", as: desk.owner.token,
                body: #"{"expect":"*","reassign_to":"\#(desk.owner.id)","reason":"left"}"#)
            #expect(left.status == 200 && left.text.contains("theirs"), "\(left.text)")
            let kept = try await premises.call("GET", "/v1/keys/\(key)", as: desk.owner.token)
            #expect(kept.json["owner_id"]?.asString == desk.asker.id, "\(kept.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `what is done to an account is caught by a rule on some of its keys`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            let key = try await desk.key(tags: #"["treasury"]"#)
            let other = try await desk.key(tags: #"["trading"]"#)
            let page = try await premises.call("GET", "/v1/accounts", as: desk.owner.token)
            let accounts = page.json["data"]?.asArray ?? []
            func stop(_ name: String) async throws -> TestAnswer {
                let account = accounts.first { $0["name"]?.asString == name }
                return try await premises.call(
                    "POST", "/v1/accounts/\(account?["id"]?.asString ?? "none")/mode", as: desk.owner.token,
                    body: #"{"mode":"suspended","reason":"a","dry_run":true}"#)
            }
            #expect(try await stop("maintreasury").status == 200, "\(page.text)")
            try await desk.rule(["setAccountMode"], on: #"{"resource":"\#(key)"}"#, name: "one key")
            #expect(try await stop("maintreasury").code == "approval_required")
            #expect(try await stop("maintrading").status == 200)
            try await desk.rule(["setAccountMode"], on: #"{"tags":["trading"]}"#, name: "a tag")
            #expect(try await stop("maintrading").code == "approval_required", "\(other)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `solo mode's delay holds when somebody else gives the last approval`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let rules = [("mine", "owner"), ("theirs", "trader")]
            try await premises.rule(rules[0].0, of: rules[0].1, by: owner)
            let on = try await premises.insist(
                "PUT", "/v1/settings/solo-mode", as: owner.token, headers: Self.match,
                body: #"{"enabled":true,"delay":"1h","reason":"there is only me"}"#)
            #expect(on.json["enabled"] == true, "\(on.text)")
            let trader = try await premises.join("trader", .trader, by: owner, insisting: true)
            try await premises.rule(rules[1].0, of: rules[1].1, by: owner)
            let key = try await premises.call(
                "POST", "/v1/keys", as: owner.token,
                body: #"{"exchange":"okx","account":"main","label":"a","environment":"demo"}"#)
            let parked = try await premises.call(
                "POST", "/v1/keys/\(key.json["id"]?.asString ?? "")/suspend", as: owner.token,
                headers: Stock.waiting, body: #"{"reason":"a"}"#)
            let path = "/v1/approvals/\(parked.json["id"]?.asString ?? "")/approve"
            let own = try await premises.insist(
                "POST", path, as: owner.token, body: #"{"reason":"I looked twice"}"#)
            #expect(own.json["state"] == "pending", "\(own.text)")
            let last = try await premises.insist(
                "POST", path, as: trader.token, body: #"{"reason":"seen"}"#)
            #expect(last.json["state"] == "approved", "\(last.text)")
            let due = last.json["due_at"]?.asString.flatMap { Timestamp($0) }
            let at = last.json["approved_at"]?.asString.flatMap { Timestamp($0) }
            #expect(due.flatMap { due in at.map { due - $0 } } == .hours(1), "\(last.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `what a requester came by counts when it is carried out, as of a fresh request`() async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"], more: #","delay":"1h""#)
            let key = try await desk.key()
            try await premises.setPassword(as: desk.asker.token)
            let idle = try await desk.token(#""idle_expires_after":"1h""#)
            let bound = try await desk.token(#""cidrs":["203.0.113.0/24"]"#)
            let sound = try await desk.token(#""cidrs":["203.0.113.0/24"],"idle_expires_after":"1h""#)
            let browser = try await premises.signIn("asker@desk.example")
            let asked = [
                (try await desk.park(key, as: idle), "has lapsed"),
                (try await desk.park(key, as: bound), "from where it was asked"),
                (try await desk.park(key, by: browser), "session"),
            ]
            let fine = try await desk.park(key, as: sound)
            try await premises.execute(
                """
                update access_token set cidrs = '{198.51.100.0/24}'
                where cidrs <> '{}' and idle_seconds is null
                """)
            try await premises.execute(
                """
                update access_token set created_at = created_at - interval '1 day',
                    last_used_at = last_used_at - interval '1 day'
                where idle_seconds is not null and cidrs = '{}'
                """)
            try await premises.execute("update session set ended_at = created_at")
            for (id, _) in asked { try await desk.passTime(id) }
            try await desk.passTime(fine)
            for (id, reason) in asked {
                let seen = try await premises.call("GET", "/v1/approvals/\(id)", as: desk.owner.token)
                #expect(seen.json["state"] == "failed", "\(reason): \(seen.text)")
                #expect(seen.json["end_reason"]?.asString?.contains(reason) == true, "\(seen.text)")
            }
            let done = try await premises.call("GET", "/v1/approvals/\(fine)", as: desk.owner.token)
            #expect(done.json["state"] == "executed", "\(done.text)")
            try await Self.checkRequester(desk, key)
            #expect(premises.mistakes == [])
        }
    }

    /// Of the requester themselves: whether they have lapsed, and whether they lack a second factor by now.
    private static func checkRequester(_ desk: ApprovalDesk, _ key: String) async throws {
        for (sql, reason) in [
            ("update sign_in set mfa_grace = '0'", "second factor"),
            (
                """
                update principal set expires_at = created_at where id =
                    (select requester from approval order by requested_at desc, id desc limit 1)
                """, "may not act any more"
            ),
        ] {
            let id = try await desk.park(key, as: desk.asker.token)
            let approved = try await desk.approve(id, as: desk.approver)
            #expect(approved.json["state"] == "approved", "\(approved.text)")
            try await desk.premises.execute(sql)
            try await desk.fallDue(id)
            try await desk.runDue()
            try await desk.premises.execute("update sign_in set mfa_grace = '7 days'")
            let seen = try await desk.premises.call("GET", "/v1/approvals/\(id)", as: desk.owner.token)
            #expect(seen.json["end_reason"]?.asString?.contains(reason) == true, "\(seen.text)")
        }
    }

    @Test func `an approved answer is fetched in another session than it was asked in`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["createAccessToken"])
            try await premises.setPassword(as: desk.owner.token)
            let evening = try await premises.signIn("owner@desk.example")
            let parked = try await premises.call(
                "POST", "/v1/access-tokens", headers: evening + Stock.waiting, body: #"{"name":"bound"}"#,
                from: Premises.here)
            let id = try #require(parked.json["id"]?.asString, "\(parked.text)")
            #expect(try await desk.approve(id, as: desk.approver).json["state"] == "approved")
            try await premises.execute("update session set ended_at = created_at")
            let morning = try await premises.signIn("owner@desk.example")
            let shown = try await premises.call(
                "POST", "/v1/approvals/\(id)/fetch", headers: morning, from: Premises.here)
            #expect(shown.json["token"]?.asString?.hasPrefix("kbt_") == true, "\(shown.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a secret that no session reveals is fetched by none`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["revealKey"])
            let owner = desk.owner.token
            try await premises.setPassword(as: owner)
            let reveal = "/v1/keys/\(try await desk.key())/reveal"
            let action: JSONValue = ["operation": "revealKey", "method": "POST", "path": .string(reveal)]
            let proof = try await premises.proof(for: action, by: Person.password, as: owner)
            let parked = try await premises.call(
                "POST", reveal, as: owner,
                headers: Stock.waiting + [(name: "keybell-step-up", value: proof)],
                body: #"{"reason":"moving house"}"#)
            let id = try #require(parked.json["id"]?.asString, "\(parked.text)")
            #expect(try await desk.approve(id, as: desk.approver).json["state"] == "approved")
            let session = try await premises.signIn("owner@desk.example")
            let path = "/v1/approvals/\(id)/fetch"
            let refused = try await premises.call("POST", path, headers: session, from: Premises.here)
            #expect(
                refused.status == 401 && refused.text.contains("a session does not open this"),
                "\(refused.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `rules name all that acts under a permission, and nothing that decides about them`()
        async throws
    {
        let named = try Contract.shared().component("schemas")?["ApprovalAction"]?["enum"]?.asArray ?? []
        try await Premises.open { _, premises in
            let known = premises.host.rooms.approvals.book.actions.map(\.rawValue)
            #expect(Set(known) == Set(named.compactMap(\.asString)))
            let reviewed = [
                "createBreakGlass", "createPasswordReset", "resetUserFactors", "updateUser",
                "enableServiceAccount", "rotateAccessToken", "createKey", "importKeys", "putSignInSettings",
                "createDeposit", "markPriceSource", "offboardUser", "confirmRestore", "makeShares",
            ]
            #expect(Set(known).isSuperset(of: reviewed))
            let never = [
                "approveApproval", "rejectApproval", "fetchApproval", "stepUp", "signRequest", "proxyPost",
                "uploadCandles", "logIn", "testAlertRule",
            ]
            #expect(Set(known).isDisjoint(with: never))
            let asking = Set(premises.operations.filter { $0.stepUp != nil && $0.canWait }.map(\.id))
            #expect(asking.isSubset(of: known) && asking.count > 40)
        }
    }

    @Test func `a policy's draft heeds If-Match`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let path = "/v1/desk/policy/draft"
            func put(_ tag: String?) async throws -> TestAnswer {
                try await premises.call(
                    "PUT", path, as: owner.token,
                    headers: tag.map { [(name: "if-match", value: "\"\($0)\"")] } ?? [],
                    body: #"{"operations":["read"]}"#)
            }
            func drop(_ tag: String) async throws -> Int {
                try await premises.call(
                    "DELETE", path, as: owner.token, headers: [(name: "if-match", value: "\"\(tag)\"")]
                ).status
            }
            #expect(try await put("1").code == "precondition_failed")
            #expect(try await put("0").status == 200)
            #expect(try await put("0").code == "precondition_failed")
            #expect(try await put("1").etag == "\"2\"")
            #expect(try await put(nil).code == "precondition_required")
            #expect(try await drop("1") == 412)
            #expect(try await drop("2") == 204)
            // The next one has a revision that none before it had.
            #expect(try await put("2").code == "precondition_failed")
            #expect(try await put(nil).etag == "\"3\"")
            #expect(try await drop("2") == 412)
            #expect(try await drop("3") == 204)
            #expect(premises.mistakes == [])
        }
    }
}

extension Premises {
    nonisolated(nonsending) fileprivate func rule(
        _ name: String, of role: String, by owner: Person
    ) async throws {
        let made = try await insist(
            "POST", "/v1/approval-rules", as: owner.token,
            body: #"{"name":"\#(name)","actions":["suspendKey"],"approvals":1,"role":"\#(role)"}"#)
        #expect(made.status == 201, "\(made.text)")
    }
}

extension ApprovalDesk {
    /// An access token of the asker.
    fileprivate func token(_ more: String) async throws -> String {
        let made = try await premises.call(
            "POST", "/v1/access-tokens", as: asker.token, body: "{\"name\":\"a\",\(more)}")
        return try #require(made.json["token"]?.asString, "\(made.text)")
    }

    fileprivate func park(
        _ key: String, as token: String? = nil, by browser: [(name: String, value: String)] = []
    ) async throws -> String {
        let headers = [(name: "if-match", value: "*")] + Stock.waiting + browser
        let (path, body) = ("/v1/keys/\(key)", #"{"label":"moved"}"#)
        let parked =
            if let token {
                try await premises.insist("PATCH", path, as: token, headers: headers, body: body)
            } else {
                try await premises.call("PATCH", path, headers: headers, body: body, from: Premises.here)
            }
        return try #require(parked.json["id"]?.asString, "\(parked.text)")
    }

    /// Approved, and its delay is over.
    fileprivate func passTime(_ id: String) async throws {
        let approved = try await approve(id, as: approver)
        #expect(approved.json["state"] == "approved", "\(approved.text)")
        try await fallDue(id)
        try await runDue()
    }
}
