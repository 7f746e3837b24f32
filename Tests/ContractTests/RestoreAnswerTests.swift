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
            var since = TrailSince(heads: [3: 10])
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

    private static func entry(_ sequence: Int64, _ body: [UInt8]) -> ChainEntry {
        let zero = Digest.of([])
        return ChainEntry(
            lane: 3, sequence: sequence, at: .testStart, previous: zero, checkpoint: nil, hash: zero,
            body: body)
    }
}
