import Postgres
import Access
import Audit
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// A restore that waits, and its confirmation, are as the contract has them.
struct RestoreAnswerTests {
    @Test func `a waiting restore and its confirmation answer as the contract says`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let made = try await premises.call(
                "POST", "/v1/keys", as: owner.token,
                body: #"{"exchange":"okx","account":"a","label":"b","environment":"demo"}"#)
            let key = made.json["id"]?.asString ?? ""
            let body = AuditTrail.body(
                of: [
                    item("keys.suspend", key, ["mode": "suspended", "reason": "a leak"]),
                    item("keys.activate", key, [:]),
                    item("keys.suspend", key, ["reason": "a leak after all"]),
                    item("grants.create", "grt_01ke6my6g1e23vtc7yy680gxcf", [:]),
                ], at: .testStart)
            var since = TrailSince(heads: [3: .init(sequence: 10, hash: Self.hash)])
            since.take(Self.entry(10, body))
            #expect(since.actions.isEmpty)
            since.take(Self.entry(11, body))
            let trail = since
            try await premises.host.database.transaction { transaction in
                try await RestoreStore.mark(
                    UUID(high: 1, low: 2), backupAt: .testStart, replay: trail, at: .testStart,
                    in: transaction)
            }
            let ready = try await premises.call("GET", "/readyz", as: nil)
            #expect(ready.text.contains("restored from a backup"), "\(ready.text)")
            let told = try await premises.call("GET", "/v1/system/restore", as: owner.token)
            #expect(told.json["waiting"] == true && told.json["actions"] == 4, "\(told.text)")
            let confirmed = try await premises.call(
                "POST", "/v1/system/restore/confirm", as: owner.token,
                body: #"{"reason":"a drill","expect_actions":4}"#)
            #expect(confirmed.json["data"]?.asArray?.map { $0["state"] } == ["done", "done", "done", "left"])
            let after = try await premises.call("GET", "/v1/keys/\(key)", as: owner.token)
            #expect(after.json["status"] == "suspended" && after.json["status_reason"] == "a leak after all")
            #expect(premises.mistakes == [])
        }
    }

    private func item(_ action: String, _ resource: String, _ detail: JSONValue) -> AuditItem {
        AuditItem(actor: .installation, action: action, resource: resource, detail: detail, requestID: nil)
    }

    private static let hash = Digest.of([])

    private static func entry(_ sequence: Int64, _ body: [UInt8]) -> ChainEntry {
        ChainEntry(
            lane: 3, sequence: sequence, at: .testStart, previous: hash, checkpoint: nil, hash: hash,
            body: body)
    }

    /// The items, as an entry behind the backup; restored with it.
    private nonisolated(nonsending) func restore(
        _ premises: Premises, replaying items: [AuditItem], _ number: UInt64 = 0
    ) async throws {
        var since = TrailSince(heads: [:])
        since.take(Self.entry(1, AuditTrail.body(of: items, at: .testStart)))
        let trail = since
        try await premises.host.database.transaction { transaction in
            try await RestoreStore.mark(
                UUID(high: 1, low: number), backupAt: .testStart, replay: trail, at: .testStart,
                in: transaction)
        }
    }

    @Test func `a key whose row was altered does not keep a restore from being confirmed`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            var keys: [String] = []
            for label in ["altered", "sound"] {
                let made = try await premises.call(
                    "POST", "/v1/keys", as: owner.token,
                    body: #"{"exchange":"okx","account":"a","label":"\#(label)","environment":"demo"}"#)
                keys.append(made.json["id"]?.asString ?? "")
            }
            try await restore(
                premises, replaying: keys.map { item("keys.suspend", $0, ["reason": "a leak"]) })
            _ = try await premises.host.database.query(
                Statement("test_alter", "update exchange_key set label = 'x' where label = 'altered'"))
            let confirmed = try await premises.call(
                "POST", "/v1/system/restore/confirm", as: owner.token,
                body: #"{"reason":"a drill","expect_actions":2}"#)
            #expect(confirmed.json["data"]?.asArray?.map { $0["state"] } == ["left", "done"])
            #expect(confirmed.json["data"]?[0]?["note"]?.asString?.contains("past this service") == true)
            let after = try await premises.call("GET", "/v1/keys/\(keys[1])", as: owner.token)
            #expect(after.json["status"] == "suspended", "\(after.text)")
        }
    }

    @Test
    func `a backup that was taken while a restore waited is restored, and what that waited for waits on`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let made = try await premises.call(
                "POST", "/v1/keys", as: owner.token,
                body: #"{"exchange":"okx","account":"a","label":"b","environment":"demo"}"#)
            let key = made.json["id"]?.asString ?? ""
            for (number, verb) in ["suspend", "activate"].enumerated() {
                try await restore(premises, replaying: [item("keys.\(verb)", key, [:])], UInt64(number))
            }
            let told = try await premises.call("GET", "/v1/system/restore", as: owner.token)
            let actions = told.json["data"]?.asArray?.map { $0["action"]?.asString }
            #expect(actions == ["keys.suspend", "keys.activate"], "\(told.text)")
            try await restore(premises, replaying: [item("keys.revoke", key, [:])], 2)
            let confirmed = try await premises.call(
                "POST", "/v1/system/restore/confirm", as: owner.token,
                body: #"{"reason":"a drill","expect_actions":3}"#)
            #expect(confirmed.json["data"]?.asArray?.map { $0["state"] } == ["done", "done", "done"])
            let after = try await premises.call("GET", "/v1/keys/\(key)", as: owner.token)
            #expect(after.json["status"] == "revoked", "\(after.text)")
            let over = try await premises.call("GET", "/v1/system/restore", as: owner.token)
            #expect(over.json["waiting"] == false, "\(over.text)")
        }
    }

    @Test func `what takes authority away is kept behind any number of other actions`() {
        var since = TrailSince(heads: [:])
        let others = (0...TrailSince.leftAtMost).map { item("keys.register", "key-\($0)", [:]) }
        since.take(Self.entry(1, AuditTrail.body(of: others, at: .testStart)))
        since.take(Self.entry(2, AuditTrail.body(of: [item("keys.revoke", "x", [:])], at: .testStart)))
        #expect(since.isCut && since.actions.count == TrailSince.leftAtMost + 1)
        #expect(since.actions.last?.action == "keys.revoke")
    }

    @Test func `denials are made again, members leave again, and what would give is left to a person`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let person = try await premises.join("anna", .trader, by: owner)
            let made = try await premises.call(
                "POST", "/v1/groups", as: owner.token, body: #"{"name":"auditors"}"#)
            let group = made.json["id"]?.asString ?? ""
            for (path, body) in [
                ("/v1/grants", #"{"principal_id":"\#(group)","role":"auditor","on":{}}"#),
                ("/v1/groups/\(group)/members", #"{"principal_id":"\#(person.id)"}"#),
            ] {
                let answer = try await premises.call("POST", path, as: owner.token, body: body)
                #expect((200..<300).contains(answer.status), "\(answer.text)")
            }
            let audit = try await premises.call("GET", "/v1/jobs", as: person.token)
            #expect(audit.status == 200, "\(audit.text)")
            let denial: JSONValue = [
                "principal_id": .string(person.id), "role": "trader", "effect": "deny",
                "on": ["environment": "live"], "expires_at": .null,
            ]
            try await restore(
                premises,
                replaying: [
                    item("grants.create", "grt_01ke6my6g1e23vtc7yy680gxcf", denial),
                    item("groups.remove", group, ["principal_id": .string(person.id)]),
                    item("grants.delete", "grt_01ke6my6g1e23vtc7yy680gxcg", denial),
                ])
            #expect(try await premises.call("GET", "/v1/jobs", as: person.token).status == 403)
            let mine = try await premises.call("GET", "/v1/me/permissions", as: person.token)
            let reading = mine.json["data"]?.asArray?.first { $0["permission"] == "keys:read" }
            #expect(reading?["everywhere"] == false, "\(mine.text)")
            let told = try await premises.call("GET", "/v1/system/restore", as: owner.token)
            let states = told.json["data"]?.asArray?.map { $0["state"] }
            #expect(states == ["done", "done", "left"], "\(told.text)")
        }
    }

    @Test func `the last word about a person counts, and a restore that leaves no owner is refused`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let back = try await premises.join("back", .trader, by: owner)
            let gone = try await premises.join("gone", .trader, by: owner)
            await #expect(throws: Restoring.Failure.self) {
                try await restore(premises, replaying: [item("users.disable", owner.id, [:])])
            }
            try await restore(
                premises,
                replaying: [
                    item("users.disable", back.id, [:]), item("users.disable", gone.id, [:]),
                    item("users.enable", back.id, [:]),
                ])
            #expect(try await premises.call("GET", "/v1/me", as: owner.token).status == 200)
            #expect(try await premises.call("GET", "/v1/me", as: back.token).status == 200)
            #expect(try await premises.call("GET", "/v1/me", as: gone.token).status != 200)
        }
    }
}
