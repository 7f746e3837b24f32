import Access
import Audit
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// What an exported trail shows to have been taken away since the backup is taken away again.
struct RestoreReplayTests {
    private func item(_ action: String, _ resource: String, _ detail: JSONValue = [:]) -> AuditItem {
        AuditItem(actor: .installation, action: action, resource: resource, detail: detail, requestID: nil)
    }

    /// - Returns: what becomes of each action.
    private nonisolated(nonsending) func replay(
        _ premises: Premises, _ items: [AuditItem], as owner: Person
    ) async throws -> [JSONValue?] {
        let hash = Digest.of([])
        var since = TrailSince(heads: [:])
        since.take(
            ChainEntry(
                lane: 3, sequence: 1, at: .testStart, previous: hash, checkpoint: nil, hash: hash,
                body: AuditTrail.body(of: items, at: .testStart)))
        let (trail, now) = (since, premises.host.shared.clock.now())
        try await premises.host.database.transaction { transaction in
            try await RestoreStore.mark(
                UUID(high: 1, low: 9), backupAt: .testStart, replay: trail, at: now, in: transaction)
        }
        let told = try await premises.call("GET", "/v1/system/restore", as: owner.token)
        return told.json["data"]?.asArray?.map { $0["state"] } ?? []
    }

    @Test func `a token that was rotated away ends when it ended`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            var tokens: [(id: String, secret: String)] = []
            for name in ["over", "still"] {
                let made = try await premises.call(
                    "POST", "/v1/access-tokens", as: owner.token, body: #"{"name":"\#(name)"}"#)
                tokens.append((made.json["id"]?.asString ?? "", made.json["token"]?.asString ?? ""))
            }
            let now = premises.host.shared.clock.now()
            let ends = [now + .minutes(-5), now + .hours(1)].map { JSONValue.string($0.description) }
            let states = try await replay(
                premises,
                zip(tokens, ends).map { item("access_tokens.rotate", $0.id, ["expires_at": $1]) }, as: owner)
            #expect(states == ["done", "done"])
            #expect(try await premises.call("GET", "/v1/me", as: tokens[0].secret).status == 401)
            #expect(try await premises.call("GET", "/v1/me", as: tokens[1].secret).status == 200)
            let told = try await premises.call(
                "GET", "/v1/access-tokens/\(tokens[1].id)", as: owner.token)
            #expect(told.json["expires_at"] == ends[1], "\(told.text)")
        }
    }

    private static let passkey = Statement(
        "test_replay_passkey",
        """
        insert into factor (id, principal, kind, name, credential, public_key, signature_count, created_at,
            confirmed_at)
        values ($1, $2, 'passkey', 'a', $3, 'a', 0, now(), now())
        """)

    /// A passkey of theirs, as the backup has it.
    private nonisolated(nonsending) func giveKey(
        _ number: UInt64, to person: Person, _ premises: Premises
    ) async throws -> String {
        let (id, user) = (UUID(high: 7, low: number), UserID(person.id))
        _ = try await premises.host.database.transaction { transaction in
            try await transaction.query(
                Self.passkey, .uuid(id), .id(user), .bytes(Array(id.description.utf8)))
        }
        return FactorID(id).description
    }

    private static let ways = Statement(
        "test_replay_ways",
        """
        select (select count(*) from factor where principal = $1),
            (select count(*) from password where principal = $1)
        """)

    private nonisolated(nonsending) func ways(_ person: Person, _ premises: Premises) async throws -> [Int64]
    {
        let row = try await premises.host.database.query(Self.ways, .id(UserID(person.id))).first
        return row.map { [$0.int64(0), $0.int64(1)] } ?? []
    }

    @Test func `ways in that were taken away are taken away again, but for the last`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let (both, one) = (
                try await premises.join("both", .trader, by: owner),
                try await premises.join("one", .trader, by: owner)
            )
            for person in [owner, both] { try await premises.setPassword(as: person.token) }
            let lost = try await giveKey(1, to: both, premises)
            _ = try await giveKey(2, to: both, premises)
            let only = try await giveKey(3, to: one, premises)
            let states = try await replay(
                premises,
                [
                    item("factors.remove", lost), item("password.change", both.id),
                    item("factors.remove", only),
                ], as: owner)
            #expect(states == ["done", "done", "left"])
            #expect(try await ways(both, premises) == [1, 0])
            #expect(try await ways(one, premises) == [1, 0])
        }
    }

    @Test func `a role that was narrowed is narrowed again, unless it denies`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let anna = try await premises.join("anna", .trader, by: owner)
            for name in ["reader", "denier"] {
                let made = try await premises.call(
                    "POST", "/v1/roles", as: owner.token,
                    body: #"{"name":"\#(name)","description":"a","permissions":["keys:read","jobs:read"]}"#)
                #expect(made.status == 201, "\(made.text)")
            }
            let denial = try await premises.call(
                "POST", "/v1/grants", as: owner.token,
                body: #"{"principal_id":"\#(anna.id)","role":"denier","effect":"deny","on":{}}"#)
            #expect(denial.status == 201, "\(denial.text)")
            let removed: JSONValue = ["permissions_added": [], "permissions_removed": ["jobs:read"]]
            let states = try await replay(
                premises, [item("roles.change", "reader", removed), item("roles.change", "denier", removed)],
                as: owner)
            #expect(states == ["done", "left"])
            for (name, permissions) in [
                ("reader", ["keys:read"] as JSONValue), ("denier", ["jobs:read", "keys:read"]),
            ] {
                let role = try await premises.call("GET", "/v1/roles/\(name)", as: owner.token)
                #expect(
                    Set(role.json["permissions"]?.asArray?.compactMap(\.asString) ?? [])
                        == Set(permissions.asArray?.compactMap(\.asString) ?? []), "\(role.text)")
            }
        }
    }

    private static let solo = Statement("test_replay_solo", "update approval_setting set solo = true")
    private static let isSolo = Statement("test_replay_is_solo", "select solo from approval_setting")

    @Test func `a receiver that was taken away hears nothing more, and solo mode is over again`() async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            var webhooks: [String] = []
            for name in ["gone", "back"] {
                let made = try await premises.call(
                    "POST", "/v1/webhooks", as: owner.token,
                    body: #"{"name":"\#(name)","url":"https://hooks.desk.example/\#(name)"}"#)
                webhooks.append(try #require(made.json["id"]?.asString, "\(made.text)"))
            }
            _ = try await premises.host.database.transaction { try await $0.query(Self.solo) }
            let states = try await replay(
                premises,
                [
                    item("webhooks.delete", webhooks[0]), item("webhooks.disable", webhooks[1]),
                    item("webhooks.enable", webhooks[1]),
                    item("settings.solo_mode", "solo-mode", ["enabled": false]),
                ], as: owner)
            #expect(states == ["done", "done", "left", "done"])
            for (id, status) in zip(webhooks, ["disabled", "active"]) {
                let told = try await premises.call("GET", "/v1/webhooks/\(id)", as: owner.token)
                #expect(told.json["status"]?.asString == status, "\(told.text)")
            }
            #expect(try await premises.host.database.query(Self.isSolo).first?.bool(0) == false)
        }
    }

    @Test func `sessions that ended, and approvals that were decided, are not listed: they are void`() {
        let hash = Digest.of([])
        var since = TrailSince(heads: [:])
        let body = AuditTrail.body(
            of: [item("sessions.end", "ses_1"), item("approvals.reject", "appr_1")], at: .testStart)
        since.take(
            ChainEntry(
                lane: 3, sequence: 1, at: .testStart, previous: hash, checkpoint: nil, hash: hash, body: body)
        )
        #expect(since.actions.isEmpty)
    }
}
