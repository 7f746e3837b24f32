import Access
import Audit
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// What counts once, or was on its way when a backup was taken, is void after it is restored.
struct RestoreVoidsTests {
    private enum Way: CaseIterable {
        case restore
        case foreignDump
    }

    private static let moved = Statement(
        "test_void_moved", "update installation set relation = relation + 1, bootstrapped_at = now()")

    /// As `keybell restore` without a trail ends, or as a start on what pg_restore brought begins.
    private nonisolated(nonsending) func restore(_ premises: Premises, _ way: Way = .restore) async throws {
        let (database, now) = (premises.host.database, premises.host.shared.clock.now())
        switch way {
        case .restore:
            try await database.transaction { transaction in
                try await RestoreStore.mark(
                    UUID(high: 1, low: 9), backupAt: now, replay: nil, at: now, in: transaction)
            }
        case .foreignDump:
            _ = try await database.transaction { try await $0.query(Self.moved) }
            #expect(try await ForeignDump.check(database, at: now, entropy: .system))
        }
    }

    private nonisolated(nonsending) func confirm(_ premises: Premises, as owner: Person) async throws {
        let confirmed = try await premises.call(
            "POST", "/v1/system/restore/confirm", as: owner.token,
            body: #"{"reason":"a drill","expect_actions":0}"#)
        #expect(confirmed.status == 200, "\(confirmed.text)")
    }

    private static let delayed = #","delay":"1h""#

    /// Executed or rejected after the backup: the backup has it approved, and due by now.
    @Test(arguments: Way.allCases)
    private func `what was approved is not carried out a second time`(way: Way) async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"], more: Self.delayed)
            let key = try await desk.key()
            let id = try await desk.parked(key)
            let approved = try await desk.approve(id, as: desk.approver)
            #expect(approved.json["state"] == "approved", "\(approved.text)")
            try await restore(premises, way)
            try await confirm(premises, as: desk.owner)
            try await desk.fallDue(id)
            try await desk.runDue()
            #expect(try await desk.label(of: key) == "treasury")
            let told = try await premises.call("GET", "/v1/approvals/\(id)", as: desk.asker.token)
            #expect(told.json["state"] == "cancelled", "\(told.text)")
            #expect(told.json["end_reason"] == "voided by a restore", "\(told.text)")
            #expect(premises.mistakes == [])
        }
    }

    /// Rejected after the backup, which has it pending.
    @Test(arguments: Way.allCases)
    private func `what waited for approvals is approved by nobody any more`(way: Way) async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"])
            let key = try await desk.key()
            let id = try await desk.parked(key)
            try await restore(premises, way)
            try await confirm(premises, as: desk.owner)
            let late = try await desk.approve(id, as: desk.approver)
            #expect(late.code == "conflict", "\(late.text)")
            #expect(try await desk.label(of: key) == "treasury")
        }
    }

    private static let begun = Statement(
        "test_void_begun", "update approval set state = 'running', claimed_at = due_at where id = $1")

    @Test func `of what was begun nobody knows whether it was done`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"], more: Self.delayed)
            let id = try await desk.parked(try await desk.key())
            _ = try await desk.approve(id, as: desk.approver)
            let approval = try #require(ApprovalID(id))
            _ = try await premises.host.database.transaction { try await $0.query(Self.begun, .id(approval)) }
            try await restore(premises)
            let told = try await premises.call("GET", "/v1/approvals/\(id)", as: desk.asker.token)
            #expect(told.json["state"] == "unknown", "\(told.text)")
        }
    }

    private static let open = Statement(
        "test_void_open",
        """
        select (select count(*) from session where ended_at is null),
            (select count(*) from recovery_code where used_at is null),
            (select count(*) from step_up_proof where used_at is null),
            (select count(*) from pending_login where used_at is null), (select count(*) from openid_attempt)
        """)
    private static let begin = Statement(
        "test_void_begin",
        """
        with visit as (
            insert into openid_attempt (state_hash, browser_hash, expires_at) values ('a', 'b', now() + '1h')
        ), log_in as (
            insert into pending_login (id, principal, hash, device, created_at, expires_at)
            select gen_random_uuid(), id, 'a', 'd', now(), now() + '1h' from principal limit 1
        )
        insert into step_up_proof (hash, access_token, operation, method, path, created_at, expires_at)
        select 'a', id, 'a', 'POST', '/', now(), now() + '1h' from access_token limit 1
        """)

    private nonisolated(nonsending) func open(_ premises: Premises) async throws -> [Int64] {
        let row = try await premises.host.database.query(Self.open).first
        return row.map { row in (0..<5).map { row.int64($0) } } ?? []
    }

    private nonisolated(nonsending) func logIn(_ name: String, _ premises: Premises) async throws -> Int {
        try await premises.call(
            "POST", "/v1/sessions",
            body: #"{"email":"\#(name)@desk.example","password":"\#(Person.password)"}"#,
            from: Premises.here
        ).status
    }

    @Test func `links, codes, sessions and proofs that count once count no more`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let anna = try await premises.join("anna", .trader, by: owner)
            try await premises.setPassword(as: anna.token)
            #expect(try await logIn("anna", premises) == 201)
            _ = try await premises.addApp(of: try await premises.join("ben", .trader, by: owner))
            let link = try await premises.insist(
                "POST", "/v1/users/\(anna.id)/password-reset", as: owner.token)
            let token = try #require(link.json["token"]?.asString, "\(link.text)")
            _ = try await premises.host.database.transaction { try await $0.query(Self.begin) }
            #expect(try await open(premises) == [1, 10, 1, 1, 1])
            try await restore(premises)
            #expect(try await open(premises) == [0, 0, 0, 0, 0])
            let late = try await premises.call(
                "POST", "/v1/password/reset", body: #"{"token":"\#(token)","password":"one that is new"}"#)
            #expect(late.status == 401, "\(late.text)")
            #expect(try await logIn("anna", premises) == 201, "whoever has a password comes in again")
        }
    }

    @Test func `a token with a number of uses is used up, and others are not`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let made = try await premises.call(
                "POST", "/v1/access-tokens", as: owner.token, body: #"{"name":"three","max_uses":3}"#)
            let counted = try #require(made.json["token"]?.asString, "\(made.text)")
            #expect(try await premises.call("GET", "/v1/me", as: counted).status == 200)
            try await restore(premises)
            #expect(try await premises.call("GET", "/v1/me", as: counted).status == 401)
            #expect(try await premises.call("GET", "/v1/me", as: owner.token).status == 200)
        }
    }
}
